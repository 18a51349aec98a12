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

    def write() -> None:
        from av_screening.eyes.summaries import BY_EYE, summarise

        summarise(args.run, args.eyes, args.output or args.run / BY_EYE)

    return exit_code(write)


if __name__ == "__main__":
    sys.exit(main())
