"""Train a grader by cross-validation and report it.

    python -m av_grading.train --config configs/grading/two_stream.yaml \\
        --output output/grader data.manifest=output/nicking/manifest.csv

Settings follow as section.key=value; `--first-folds 1` is a grouped hold-out. Writes
predictions.csv (out of fold), results.json, scores.png, training.png, config.yaml and, of each
fold, the grader and its predictions of what it never saw.
Exit codes: 0 done, 1 failed or interrupted, 2 wrong usage.
"""

import argparse
import sys

from av_grading.command_line import run_training, training_parser
from av_grading.config import Config
from av_grading.formats.config_file import load_config


def run(config: Config, args: argparse.Namespace) -> None:
    from av_grading.training.train_folds import train_folds

    train_folds(config, args.output, draws=args.draws, resume=args.resume, first=args.first_folds)


def main(argv: list[str] | None = None) -> int:
    parser = training_parser(__doc__)
    add = parser.add_argument
    add("--draws", type=int, default=1000, help="bootstrap resamples of the groups")
    add("--first-folds", type=int, metavar="N", help="train the first N folds alone")
    return run_training(run, load_config, parser, argv)


if __name__ == "__main__":
    sys.exit(main())
