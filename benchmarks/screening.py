"""The screening command as a benchmark runs it, and when each of its results was there."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from av_screening.read.find_photographs import find_photographs
from av_screening.write.folder_names import PHOTOGRAPHS

SCREEN = ("-m", "av_screening.command_line.screen")


@dataclass(frozen=True)
class Screening:
    """Of one run of the command.

    Attributes:
        results: seconds from its start until each photograph's outputs were there, in their order.
        whole: until its end.
        peak_mib: memory of its largest process.
        said: what it printed.
    """

    results: list[float]
    whole: float
    peak_mib: float
    said: str


def first_photographs(folder: Path, count: int | None = None) -> list[Path]:
    """The first photographs of a folder, at most `count`.

    Raises:
        ValueError: it has none; names it.
    """
    found = [folder / name for name in find_photographs(folder)][:count]
    if not found:
        raise ValueError(f"{folder}: expected photographs, found none")
    return found


def gather(folders: Sequence[Path], count: int, into: Path) -> list[Path]:
    """Copy the first photographs of some folders, at most `count` of each, into one, which is made.

    Raises:
        ValueError: a folder has none, or two are called alike; names it.
    """
    into.mkdir()
    found: list[Path] = []
    for folder in folders:
        for path in first_photographs(folder, count):
            target = into / path.name
            if target.exists():
                raise ValueError(f"{path}: expected names that differ, found two of this")
            found.append(Path(shutil.copy(path, target)))
    return found


def run_screening(
    photographs: Path,
    output: Path,
    options: Sequence[str] = (),
    *,
    program: Sequence[str] = SCREEN,
    checkout: Path | None = None,
) -> Screening:
    """Run the command on a folder.

    Args:
        photographs: the folder.
        output: folder to write.
        options: further words of the command.
        program: what Python runs.
        checkout: files of the version to run; by default those that run this.

    Raises:
        ValueError: it failed; with the end of what it says.
    """
    command = [sys.executable, *program, str(photographs.resolve())]
    command += ["--output", str(output.resolve()), *options]
    environment = os.environ | {"PYTHONWARNINGS": "ignore"}
    if checkout is not None:
        environment["PYTHONPATH"] = str(checkout)
    start = time.time()
    with tempfile.TemporaryFile() as said:
        run = subprocess.Popen(command, cwd=checkout, env=environment, stdout=said, stderr=said)
        _, status, usage = os.wait4(run.pid, 0)  # memory of what it started counts as well
        whole = time.time() - start
        run.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        text = said.read().decode(errors="replace")
    if run.returncode:
        where = f"{checkout}: " if checkout is not None else ""
        raise ValueError(f"{where}{text.strip()[-500:]}")
    # A photograph's folder is renamed into place when it is whole: that changes its status.
    ends = sorted(path.stat().st_ctime for path in (output / PHOTOGRAPHS).iterdir())
    return Screening([end - start for end in ends], whole, usage.ru_maxrss / 1024, text)
