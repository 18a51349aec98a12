"""Labels of one reader's review of a run: a manifest to train a grader on, and readings.

    av-nicking label review.csv --run out --photographs photographs --output labels
    python -m av_grading.train --config two_stream.yaml --output grader \\
        data.manifest=labels/manifest.csv

Every row of the review is compared with the run. Writes manifest.csv, with a row for each crossing
that the reader graded, readings.csv (which vessel is above, gradable or not, the vein's sides and
bend) and, for graded crossings that the reader added, patches and maps cut from the photographs.
Exit codes: 0 done, 1 a file is not what it should be, 2 wrong usage.
"""

import argparse
import sys
from pathlib import Path

from av_grading.command_line import exit_code, make_parser


def main(argv: list[str] | None = None) -> int:
    parser = make_parser(__doc__)
    add = parser.add_argument
    add("review", type=Path, help="CSV that the review pages have written")
    add("--run", type=Path, required=True, help="folder of the run that was reviewed")
    add("--photographs", type=Path, help="the folder that was screened: for added crossings")
    add("--eyes", type=Path, help="CSV with photograph, person, eye: splits by person")
    add("--output", type=Path, required=True, help="folder to write")
    args = parser.parse_args(argv)
    return exit_code(lambda: run_label(args))


def run_label(args: argparse.Namespace) -> None:
    from av_screening.review.answers import read_review
    from av_screening.review.compare_readers import label_answers
    from av_screening.run.finished_run import FinishedRun

    run = FinishedRun.read(args.run)
    label_answers(read_review(args.review, run), run, args)
    print(f"written: {args.output}")


if __name__ == "__main__":
    sys.exit(main())
