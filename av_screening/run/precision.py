"""The precision of a run: whoever has a part in it computes in the same, whatever its processor.

By default a machine takes the precision that its processor is fast in. Machines of two kinds would
screen the parts of a run differently, and the one that merges them would take those of the other
kind for results of other settings and screen them anew.
"""

from pathlib import Path

from filelock import FileLock

from av_grading.formats.files import write_whole
from av_screening.settings import PRECISIONS

BEGUN = ".precision"
"""File of a run's folder that says in which precision it began."""


def begin_or_join(output: Path, precision: str, *, begins: bool, joins: bool) -> str:
    """The precision in which a run goes on, written down for those that join later.

    Args:
        output: the run's folder.
        precision: what this machine would compute in, or what the user asked for.
        begins: nothing of an earlier run counts.
        joins: where the run has begun, its precision counts before `precision`.

    Raises:
        OSError: it cannot be read or written.
    """
    path = output / BEGUN
    with FileLock(output / f"{BEGUN}.lock"):
        known = "" if begins or not path.is_file() else path.read_text(encoding="utf-8").strip()
        chosen = known if joins and known in PRECISIONS else precision
        if chosen != known:
            write_whole(path, chosen + "\n")
    return chosen
