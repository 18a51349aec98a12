"""Figures of a whole cohort: grades, gradable or not, widths, what was not screened.

    av-nicking report out

Reads the tables of a run alone, no photograph. Writes report.html and a PNG of every figure.
Exit codes: 0 done, 1 failed, 2 wrong usage.
"""

import argparse
import sys
from pathlib import Path

from av_grading.command_line import exit_code


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run", type=Path, help="folder of a run")
    parser.add_argument("--output", type=Path, help="folder to write; by default RUN/report")
    return parser


def main(argv: list[str] | None = None) -> int:
    args = make_parser().parse_args(argv)
    return exit_code(lambda: report(args.run, args.output or args.run / "report"))


def report(run: Path, output: Path) -> None:
    """Write a run's report and say where."""
    from av_screening.report.cohort import write_report
    from av_screening.run.finished_run import FinishedRun

    print(f"written: {write_report(FinishedRun.read(run), output)}")


if __name__ == "__main__":
    sys.exit(main())
