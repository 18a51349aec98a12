"""Run a Python program and note where its CPU time goes, from outside of it.

    python benchmarks/stack_samples.py samples.json -m av_screening.command_line.screen photos/ …

Imports nothing of this repository, so that it can run the programs of other versions. Every
`INTERVAL` of CPU time a timer asks for the stack. Python answers as soon as it can, which is when a
function in C returns: so a sample weighs the CPU time since the sample before, and what a long
convolution takes is counted where it was called. Times when a machine has halted the process do not
count.
"""

import json
import os
import runpy
import signal
import sys
import time
from types import FrameType

INTERVAL = 0.001
"""Between samples (seconds of CPU time)."""


class Sampler:
    """Seconds of CPU time by stack, the outermost frame first; a frame is "module:function"."""

    def __init__(self) -> None:
        self.seconds: dict[tuple[str, ...], float] = {}
        self._last = 0.0

    def __enter__(self) -> "Sampler":
        signal.signal(signal.SIGPROF, self._sample)
        self._last = time.process_time()
        signal.setitimer(signal.ITIMER_PROF, INTERVAL, INTERVAL)
        return self

    def __exit__(self, *_: object) -> None:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, signal.SIG_IGN)

    def _sample(self, _: int, frame: FrameType | None) -> None:
        now = time.process_time()
        stack = []
        while frame is not None:
            name = getattr(frame.f_code, "co_qualname", frame.f_code.co_name)
            stack.append(f"{frame.f_globals.get('__name__', '?')}:{name}")
            frame = frame.f_back
        key = tuple(reversed(stack))
        self.seconds[key] = self.seconds.get(key, 0.0) + now - self._last
        self._last = time.process_time()  # what sampling took is no part of the program


def main(arguments: list[str]) -> int:
    """Run `-m MODULE …` or `FILE …`; the exit code is the program's."""
    output, *program = arguments
    sys.path[0] = os.getcwd()  # as the program would have it, not this file's folder
    code: object = 0
    with Sampler() as sampler:
        try:
            if program[0] == "-m":
                sys.argv = program[1:]
                runpy.run_module(program[1], run_name="__main__", alter_sys=True)
            else:
                sys.argv = program
                runpy.run_path(program[0], run_name="__main__")
        except SystemExit as end:
            code = end.code or 0
    with open(output, "w", encoding="utf-8") as file:
        json.dump([[stack, seconds] for stack, seconds in sampler.seconds.items()], file)
    return code if isinstance(code, int) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
