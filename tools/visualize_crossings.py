#!/usr/bin/env python3
"""Draw labelled crossings beside detected ones, a PNG per photograph.

    python tools/visualize_crossings.py --dataset crosspos_drive_val \\
        --predictions output/x/inference/crosspos_drive_val/coco_instances_results.json \\
        --output output/x/pictures

Exit codes: 0 done, 1 some photographs failed, 2 wrong usage.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from detectron2.data import DatasetCatalog

from av_detectron.data.annotations import read_photograph
from av_detectron.data.crosspos import dataset_root, register_all
from av_detectron.data.errors import InputFileError
from av_detectron.formats.files import png, write_whole
from av_detectron.visualization import side_by_side


def read_predictions(path: Path) -> list[dict[str, Any]]:
    """Read predictions in COCO's result format."""
    try:
        predictions = json.loads(path.read_text())
        if not all({"image_id", "bbox", "score"} <= p.keys() for p in predictions):
            raise ValueError("a record without image_id, bbox or score")
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise InputFileError(path, f"expected COCO results ({error})") from error
    return predictions


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--dataset", required=True, help="registered name")
    parser.add_argument("--predictions", type=Path, required=True, help="COCO results (JSON)")
    parser.add_argument("--output", type=Path, required=True, help="folder for the pictures")
    parser.add_argument("--threshold", type=float, default=0.5, help="lowest score to draw")
    parser.add_argument("--width", type=int, default=900, help="of each half, in px")
    args = parser.parse_args(argv)
    register_all(dataset_root(), [args.dataset])
    failed = 0
    try:
        records = DatasetCatalog.get(args.dataset)
        predictions = read_predictions(args.predictions)
    except (InputFileError, KeyError, OSError) as error:
        print(f"stopped: {error}", file=sys.stderr)
        return 1
    for record in records:
        shown = [
            p
            for p in predictions
            if p["image_id"] == record["image_id"] and p["score"] >= args.threshold
        ]
        try:
            image = read_photograph(Path(record["file_name"]))
            picture = side_by_side(image, record["annotations"], shown, args.width)
            write_whole(args.output / f"{Path(record['file_name']).stem}.png", png(picture))
        except (InputFileError, OSError) as error:
            failed += 1
            print(f"left out: {error}", file=sys.stderr)
    print(f"{len(records) - failed} pictures in {args.output}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
