"""A run's grades by photograph, eye and person.

    av-nicking eyes out --eyes eyes.csv

eyes.csv has the columns photograph, person and eye (OD or OS). Without it, or for photographs that
it leaves out, the eye is guessed from the place of the optic disc, and a photograph is a person of
its own. Writes photographs.csv, eyes.csv and persons.csv.
Exit codes: 0 done, 1 a file is not what it should be, 2 wrong usage.
"""

import argparse
import sys
from pathlib import Path

from av_grading.command_line import exit_code


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("run", type=Path, help="folder of a run")
    add("--eyes", type=Path, help="CSV with photograph, person, eye")
    add("--output", type=Path, help="folder to write; by default RUN/by_eye")
    return parser


def main(argv: list[str] | None = None) -> int:
    args = make_parser().parse_args(argv)
    return exit_code(lambda: summarise(args.run, args.eyes, args.output or args.run / "by_eye"))


def summarise(folder: Path, table: Path | None, output: Path) -> None:
    """Write a run's tables by photograph, eye and person, and say what is known."""
    from av_screening.eyes.eye_table import read_run_eyes
    from av_screening.eyes.summaries import eyes_of, summaries, write_summaries
    from av_screening.run.finished_run import FinishedRun

    run = FinishedRun.read(folder)
    eyes = eyes_of(run, read_run_eyes(table, run))
    write_summaries(output, summaries(run, eyes))
    sources = [eye.source if eye.eye else "not known" for eye in eyes.values()]
    counts = ", ".join(f"{sources.count(s)} {s}" for s in sorted(set(sources)))
    persons = len({eye.person for eye in eyes.values()})
    print(f"{len(eyes)} photographs of {persons} persons; eyes: {counts}")
    print(f"written: {output}")


if __name__ == "__main__":
    sys.exit(main())
