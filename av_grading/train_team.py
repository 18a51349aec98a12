"""Train every grader of a team by cross-validation and unify them.

    python -m av_grading.train_team --config configs/grading/cpu/team.yaml --output output/team \\
        --caliber output/caliber/caliber.csv data.manifest=output/nicking/manifest.csv

Each grader gets a folder of its own, as `python -m av_grading.train` writes it; `--resume` goes on
where it was interrupted and leaves finished epochs alone. Then `python -m av_grading.unify`.
Exit codes: 0 done, 1 failed or interrupted, 2 wrong usage.
"""

import argparse
import sys
from pathlib import Path

from av_grading import train, unify
from av_grading.command_line import training_parser
from av_grading.config import ConfigError
from av_grading.cross_validation import PREDICTIONS
from av_grading.team_config import Member, read_team


def run(members: list[Member], args: argparse.Namespace) -> None:
    """Train the members one after another, then the head."""
    paths = {}
    for member in members:
        print(f"{member.name}:", flush=True)
        folder = args.output / member.name
        given = {"output": folder, "resume": args.resume, "draws": args.draws}
        train.run(member.config, argparse.Namespace(**given, first_folds=None))
        paths[member.name] = folder / PREDICTIONS
    first = members[0].config
    unify.run(
        paths,
        args.output,
        caliber=args.caliber,
        folds=first.data.folds,
        seed=first.train.seed,
        draws=args.draws,
    )


def main(argv: list[str] | None = None) -> int:
    parser = training_parser(__doc__)
    add = parser.add_argument
    add("--caliber", type=Path, help="caliber.csv of the same patches")
    add("--draws", type=int, default=1000, help="bootstrap resamples of the groups")
    args = parser.parse_args(argv)
    if args.config is None:
        parser.error("--config: expected a team, such as configs/grading/team.yaml")
    try:
        members = read_team(args.config, args.settings)
    except ConfigError as error:
        parser.error(str(error))
    try:
        run(members, args)
    except (OSError, ValueError) as error:
        print(f"stopped: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted; the same command with --resume continues", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
