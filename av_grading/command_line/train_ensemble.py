"""Train every grader of a team by cross-validation and stack them.

    python -m av_grading.command_line.train_ensemble --config configs/grading/cpu/team.yaml \\
        --output output/team --caliber output/caliber/caliber.csv \\
        data.manifest=output/nicking/manifest.csv

Each grader gets a folder of its own, as `python -m av_grading.train` writes it; `--resume` goes on
where it was interrupted and leaves finished epochs alone. Then `av_grading.command_line.stack`.
Exit codes: 0 done, 1 failed or interrupted, 2 wrong usage.
"""

import argparse
import sys
from pathlib import Path

from av_grading.command_line import run_training, training_parser
from av_grading.config import ConfigError
from av_grading.ensemble.members import Member, read_team


def run(members: list[Member], args: argparse.Namespace) -> None:
    """Train the members one after another, then the head."""
    from av_grading.ensemble.stack_predictions import stack_predictions
    from av_grading.formats.predictions import PREDICTIONS
    from av_grading.training.train_folds import train_folds

    paths = {}
    for member in members:
        print(f"{member.name}:", flush=True)
        folder = args.output / member.name
        train_folds(member.config, folder, draws=args.draws, resume=args.resume)
        paths[member.name] = folder / PREDICTIONS
    first = members[0].config
    stack_predictions(
        paths,
        args.output,
        caliber=args.caliber,
        folds=first.data.folds,
        seed=first.train.seed,
        draws=args.draws,
    )


def load(path: Path | None, overrides: list[str]) -> list[Member]:
    if path is None:
        raise ConfigError("--config: expected a team, such as configs/grading/team.yaml")
    return read_team(path, overrides)


def main(argv: list[str] | None = None) -> int:
    parser = training_parser(__doc__)
    add = parser.add_argument
    add("--caliber", type=Path, help="caliber.csv of the same patches")
    add("--draws", type=int, default=1000, help="bootstrap resamples of the groups")
    return run_training(run, load, parser, argv)


if __name__ == "__main__":
    sys.exit(main())
