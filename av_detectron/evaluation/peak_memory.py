"""Peak memory of a prediction, in a process of its own."""

import subprocess
import sys

PEAK = """
import pathlib, re, resource, sys
if len(sys.argv) > 1:
    from av_detectron import Predictor
    Predictor(sys.argv[1], device="cpu")(sys.argv[2])
status = pathlib.Path("/proc/self/status")  # getrusage counts the parent's memory on Linux
if status.is_file():
    print(re.search(r"VmHWM:\\s+(\\d+)", status.read_text())[1])
else:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def peak_mib(*arguments: str) -> float:
    """Peak memory of a new Python process that runs `PEAK` (MiB).

    Args:
        arguments: weights and a photograph; none for an interpreter that does nothing.

    Raises:
        ValueError: the process failed; its last line.
    """
    command = [sys.executable, "-W", "ignore", "-c", PEAK, *arguments]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise ValueError(f"{arguments}: {done.stderr.strip().splitlines()[-1]}")
    return int(done.stdout.split()[-1]) / 1024
