#!/usr/bin/env python3
"""Label photographs that have no labels by a detector's maps, for another one to learn from.

    python tools/label_photographs.py photographs/ --output output/labelled/clinic
    av-nicking prepare clinic --root output/labelled --no-crossings clinic --val-fraction 0

Writes train/images (copies) and train/av: maps that are the mean of four mirror images, white where
artery and vein are not told apart for sure. They teach maps alone, without crossings.
Exit codes: 0 done, 1 some photographs failed, 2 wrong usage.
"""

import argparse
import sys
from pathlib import Path

from tqdm import tqdm

from av_detectron.checkpoint.checkpointer import CheckpointError
from av_detectron.data.errors import InputFileError
from av_detectron.data.self_training import color_map
from av_detectron.formats.files import png, write_whole
from av_detectron.predictor import DEFAULT_WEIGHTS, Predictor


def label(photograph: Path, predictor: Predictor, output: Path) -> None:
    """Label one photograph.

    Raises:
        InputFileError: it is unreadable, or no photograph of a fundus.
    """
    colors = png(color_map(predictor(photograph).av))
    write_whole(output / "train" / "images" / photograph.name, photograph.read_bytes())
    write_whole(output / "train" / "av" / f"{photograph.stem}.png", colors)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("photographs", type=Path, help="folder")
    add("--detector", type=Path, default=DEFAULT_WEIGHTS, help="file of tools/release_weights.py")
    add("--output", type=Path, required=True, help="folder of the set to write")
    args = parser.parse_args(argv)
    if not args.photographs.is_dir():
        parser.error(f"{args.photographs}: expected a folder of photographs")
    failed = 0
    try:
        predictor = Predictor(args.detector, n_views=4)
        found = sorted(p for p in args.photographs.iterdir() if p.is_file())
        for photograph in tqdm(found, disable=None, unit="photograph"):
            try:
                label(photograph, predictor, args.output)
            except InputFileError as error:
                failed += 1
                print(f"left out: {error}", file=sys.stderr)
    except (CheckpointError, OSError) as error:
        print(f"stopped: {error}", file=sys.stderr)
        return 1
    print(f"{len(found) - failed} photographs labelled: {args.output}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
