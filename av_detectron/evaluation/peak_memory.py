"""Peak memory of Python code, in a process of its own."""

import subprocess
import sys

PREDICT = """
import sys
from av_detectron import Predictor
Predictor(sys.argv[1], device="cpu")(sys.argv[2])
"""
_PEAK = """
import pathlib, re, resource
status = pathlib.Path("/proc/self/status")  # getrusage counts the parent's memory on Linux
if status.is_file():
    print(re.search(r"VmHWM:\\s+(\\d+)", status.read_text())[1])
else:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def peak_mib(code: str = "", *arguments: str, given: bytes = b"") -> float:
    """Peak memory of a new Python process (MiB).

    Args:
        code: that it runs, such as `PREDICT` with weights and a photograph; none for an
            interpreter that does nothing.
        arguments: its `sys.argv[1:]`.
        given: its standard input.

    Raises:
        ValueError: the process failed; its last line.
    """
    command = [sys.executable, "-W", "ignore", "-c", code + _PEAK, *arguments]
    done = subprocess.run(command, input=given, capture_output=True)
    if done.returncode:
        last = done.stderr.decode(errors="replace").strip().splitlines()[-1]
        raise ValueError(f"{arguments}: {last}")
    return int(done.stdout.split()[-1]) / 1024
