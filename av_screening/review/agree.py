"""How far two readers agree, and what is left to adjudicate.

    av-nicking agree a.csv b.csv --output agreement
    av-nicking agree a.csv b.csv --output agreement --run out \\
        --adjudicated to_adjudicate.csv

Takes review files, or a run's crossings.csv as one of them. Writes agreement.json, agreement.html,
agreement.png and, without --adjudicated, to_adjudicate.csv, a review file to fill in. With --run
every row is compared with that run, and labels are written: manifest.csv, which python -m
av_grading.train takes, and readings.csv (which vessel is above, gradable or not, the vein's sides
and bend where both say the same of them).
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
    add("reviews", type=Path, nargs=2, help="CSV of the first and of the second reader")
    add("--output", type=Path, required=True, help="folder to write")
    add("--run", type=Path, help="folder of the run that was reviewed")
    add("--eyes", type=Path, help="CSV with photograph, person, eye: splits by person; needs --run")
    add("--photographs", type=Path, help="the folder that was screened: patches of added crossings")
    add("--adjudicated", type=Path, help="to_adjudicate.csv with answers; needs --run")
    add("--tolerance", type=float, default=30.0, help="of added crossings (px), without --run")
    add("--draws", type=int, default=1000, help="resamples of the photographs, for intervals")
    return parser


def main(argv: list[str] | None = None) -> int:
    parser = make_parser()
    args = parser.parse_args(argv)
    for name in ("adjudicated", "eyes", "photographs"):
        if getattr(args, name) and not args.run:
            parser.error(f"--{name}: expected --run too, which names the patches")
    from av_screening.review.compare_readers import run_agree

    return exit_code(lambda: run_agree(args))


if __name__ == "__main__":
    sys.exit(main())
