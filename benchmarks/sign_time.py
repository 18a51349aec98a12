"""Seconds a photograph with all signs over those without.

    python -m benchmarks.sign_time photographs/ --output output/sign_time.json

Each photograph is screened in turn as shipped and without signs (none is measured, read from the
strip, written or drawn), one thread, from file to review page; the best of several rounds.
Intervals resample the photographs.
Exit codes: 0 done, 1 failed, 2 wrong usage.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path, PurePath

import numpy as np
from numpy.typing import NDArray

from av_detectron.evaluation.reporting import run_report
from av_grading.command_line import make_parser
from av_grading.formats.results import write_results
from av_grading.signs.sign import Sign
from av_screening.run.screen_photograph import Task, screen_photograph
from av_screening.settings import Settings
from benchmarks.screening import gather
from benchmarks.time_ratio import time_ratio

Array = NDArray[np.float64]


class WithoutSigns(Settings):
    """Settings of a run that measures no sign."""

    def signs(self) -> tuple[Sign, ...]:
        """None."""
        return ()


SETTINGS = {"with": Settings(), "without": WithoutSigns(sign_strip=None)}


def seconds(folder: Path, names: list[PurePath], rounds: int) -> dict[str, Array]:
    """Seconds of every photograph by the names of `SETTINGS`, (photographs,) each.

    Raises:
        ValueError: one of them is not screened; says why.
    """
    taken = {name: np.full(len(names), np.inf) for name in SETTINGS}
    for turn in range(rounds + 1):
        print(f"round {turn} of {rounds}" if turn else "warming up", flush=True)
        for number, photograph in enumerate(names):
            for name, settings in SETTINGS.items():
                with tempfile.TemporaryDirectory() as output:
                    task = Task(photograph, folder, Path(output), settings, name)
                    start = time.perf_counter()
                    outcome = screen_photograph(task)
                    spent = time.perf_counter() - start
                if outcome.reason:
                    raise ValueError(f"{photograph}: {outcome.message}")
                if turn:
                    taken[name][number] = min(taken[name][number], spent)
    return taken


def report(args: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory() as parent:
        folder = Path(parent) / "photographs"
        names = [PurePath(path.name) for path in gather(args.photographs, args.count, folder)]
        taken = seconds(folder, names, args.rounds)
    metrics, ci95 = time_ratio("with_over_without_signs", taken, ("with", "without"), args.seed)
    data = {"photographs": [str(name) for name in names]}
    write_results(args.output, metrics=metrics, ci95=ci95, seeds=[args.seed], data=data)
    print({name: round(value, 3) for name, value in metrics.items()})


def main(argv: list[str] | None = None) -> int:
    parser = make_parser(__doc__)
    add = parser.add_argument
    add("photographs", type=Path, nargs="+", help="folders")
    add("--count", type=int, default=100, help="photographs of a folder at most")
    add("--output", type=Path, required=True, help="results file to write")
    add("--rounds", type=int, default=2, help="times that each photograph is screened, besides one")
    add("--seed", type=int, default=0, help="of the resampling")
    return run_report(report, parser.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
