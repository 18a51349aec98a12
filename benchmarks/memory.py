"""Peak memory of runs over few and many photographs."""

import itertools
import pickle
from collections.abc import Sequence
from pathlib import Path

from av_detectron.evaluation.peak_memory import peak_mib
from av_screening.settings import Settings

RUN = """
import pathlib, pickle, sys
from av_screening.run.folder import screen_folder
folder, output = map(pathlib.Path, sys.argv[1:])
screen_folder(folder, output, pickle.loads(sys.stdin.buffer.read()))
"""


def run_mib(photographs: Sequence[Path], count: int, folder: Path, settings: Settings) -> float:
    """Peak memory of a new process that screens `count` photographs (MiB).

    Args:
        photographs: taken in turn until there are enough.
        count: of the run.
        folder: for links and outputs.
        settings: of the run.

    Raises:
        ValueError: the run failed; with its last line.
    """
    links = link_in_turn(photographs, count, folder / f"photographs_{count}")
    output = str(folder / f"out_{count}")
    return peak_mib(RUN, str(links), output, given=pickle.dumps(settings))


def link_in_turn(photographs: Sequence[Path], count: int, folder: Path) -> Path:
    """Make a folder of `count` links to photographs, in turn; returns it."""
    folder.mkdir(parents=True)
    for number, path in enumerate(itertools.islice(itertools.cycle(photographs), count)):
        (folder / f"{number:05}{path.suffix}").symlink_to(path.resolve())
    return folder
