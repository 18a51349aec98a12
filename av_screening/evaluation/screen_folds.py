"""Screen photographs that networks learned from, each by those that left it out.

    python -m av_screening.evaluation.screen_folds photographs/ --set clinic \\
        --inputs output/readings/inputs.safetensors --networks output/readings \\
        --output output/clinic_folds

Networks are those of `av-nicking train` with data.fold=0, 1, ... in the folders reading_strip_0,
reading_head_0, reading_grader_0 and so on. Writes a run for each fold, which `av-nicking
evaluate-readings` takes together. Goes on with --resume.
Exit codes: 0 done, 1 some photographs failed, 2 wrong usage.
"""

import argparse
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from av_grading.command_line import make_parser

if TYPE_CHECKING:
    from av_screening.settings import Settings


def fold_settings(networks: Path, fold: int) -> "Settings":
    """Settings of a run by the networks that left a fold out, deciding as the shipped ones do."""
    from av_grading.decision import SHIPPED
    from av_screening.settings import Settings, best_precision

    return Settings(
        graders=(networks / f"reading_grader_{fold}" / "reading_grader.safetensors",),
        strip=networks / f"reading_strip_{fold}" / "reading_strip.safetensors",
        close_up=networks / f"reading_head_{fold}" / "close_up_map.safetensors",
        decision=SHIPPED,
        precision=best_precision("cpu"),
    )


def run(args: argparse.Namespace) -> int:
    """Screen fold by fold; 1 where photographs failed."""
    import pandas as pd

    from av_grading.training.readings import folds_of
    from av_screening.read.find_photographs import find_photographs
    from av_screening.run.folder import screen_folder

    table = pd.read_csv(args.inputs.with_suffix(".csv"))
    table = table[table["set"] == args.set]
    learned = dict(zip(table["group"], folds_of(table, args.folds), strict=True))
    failed = 0
    for fold in range(args.folds):
        # What no network has learned from belongs to any fold.
        names = [
            path
            for path in find_photographs(args.photographs, args.output)
            if learned.get(f"{args.set}/{path.name}", 0) == fold
        ]
        folder = args.output / "photographs" / f"fold{fold}"
        for name in names:
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            if not target.is_file():
                shutil.copyfile(args.photographs / name, target)
        if not names:
            continue
        output = args.output / "runs" / f"fold{fold}"
        settings = fold_settings(args.networks, fold)
        counts = screen_folder(
            folder, output, settings, workers=args.workers, resume=args.resume or output.is_dir()
        )
        print(f"fold {fold}: {counts.done} photographs screened", flush=True)
        failed += len(counts.failures)
    print(f"written: {args.output / 'runs'}")
    return 1 if failed else 0


def main(argv: list[str] | None = None) -> int:
    parser = make_parser(__doc__)
    add = parser.add_argument
    add("photographs", type=Path, help="folder")
    add("--set", required=True, help="their set in the table of readings")
    add("--inputs", type=Path, required=True, help="what the networks learned from")
    add("--networks", type=Path, required=True, help="folder of their folders")
    add("--folds", type=int, default=4)
    add("--output", type=Path, required=True)
    add("--workers", type=int, default=1)
    add("--resume", action="store_true")
    args = parser.parse_args(argv)
    if not args.photographs.is_dir():
        parser.error(f"{args.photographs}: expected a folder of photographs, found none")
    try:
        return run(args)
    except (OSError, ValueError) as error:
        print(f"stopped: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
