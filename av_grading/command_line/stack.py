"""Unify the predictions of several graders, and the caliber, into one grade.

    python -m av_grading.command_line.stack --output output/team \\
        --caliber output/caliber/caliber.csv \\
        ce=output/ce/predictions.csv corn=output/corn/predictions.csv

Takes predictions out of fold, as `python -m av_grading.train` writes them on the same patches with
the same folds, and caliber.csv of `python -m av_grading.caliber` where it is given. Writes
predictions.csv of the team, scores.png, and results.json with the team beside each member.
Exit codes: 0 done, 1 failed, 2 wrong usage.
"""

import sys
from pathlib import Path

from av_grading.command_line import exit_code, make_parser, named_paths


def main(argv: list[str] | None = None) -> int:
    parser = make_parser(__doc__)
    add = parser.add_argument
    add("models", nargs="+", metavar="name=predictions.csv")
    add("--output", type=Path, required=True, help="folder to write")
    add("--caliber", type=Path, help="caliber.csv of the same patches")
    add("--folds", type=int, default=5, help="those that the graders were trained with")
    add("--seed", type=int, default=0, help="likewise, train.seed")
    add("--draws", type=int, default=1000, help="bootstrap resamples of the groups")
    args = parser.parse_args(argv)
    paths = named_paths(parser, args.models)
    taken = {"team", "networks", "caliber"} & paths.keys()
    if taken:
        parser.error(f"{taken.pop()}: expected another name, this one is the head's")

    def work() -> None:
        from av_grading.ensemble.stack_predictions import stack_predictions

        stack_predictions(
            paths,
            args.output,
            caliber=args.caliber,
            folds=args.folds,
            seed=args.seed,
            draws=args.draws,
        )
        print(f"written: {args.output}")

    return exit_code(work)


if __name__ == "__main__":
    sys.exit(main())
