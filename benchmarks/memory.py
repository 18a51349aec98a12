"""Peak memory of runs over few and many photographs."""

import itertools
import pickle
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from av_screening.settings import Settings

RUN = """
import pathlib, pickle, re, sys
from av_screening.run.folder import screen_folder
folder, output = map(pathlib.Path, sys.argv[1:])
screen_folder(folder, output, pickle.loads(sys.stdin.buffer.read()))
status = pathlib.Path("/proc/self/status").read_text()
print(re.search(r"VmHWM:\\s+(\\d+)", status)[1])
"""


def peak_mib(photographs: Sequence[Path], count: int, folder: Path, settings: Settings) -> float:
    """Peak memory of a new process that screens `count` photographs (MiB).

    Args:
        photographs: taken in turn until there are enough.
        count: of the run.
        folder: for links and outputs.
        settings: of the run.

    Raises:
        RuntimeError: the run failed; with its last line.
    """
    links = folder / f"photographs_{count}"
    links.mkdir(parents=True)
    for number, path in enumerate(itertools.islice(itertools.cycle(photographs), count)):
        (links / f"{number:05}{path.suffix}").symlink_to(path.resolve())
    command = [sys.executable, "-W", "ignore", "-c", RUN, str(links), str(folder / f"out_{count}")]
    done = subprocess.run(command, input=pickle.dumps(settings), capture_output=True)
    if done.returncode:
        raise RuntimeError(done.stderr.decode(errors="replace").strip().splitlines()[-1])
    return int(done.stdout.split()[-1]) / 1024
