#!/usr/bin/env python3
"""Cut patches and artery/vein maps around crossings and write their manifest.

    python tools/extract_patches.py photographs/ --output patches          # crossings are detected
    python tools/extract_patches.py photographs/ --crossings crossings.csv --output patches

Maps come from the detector's own pass. crossings.csv has the columns image,x,y (px, from 0).
Grades are left empty: fill them in, or grade with `python -m av_grading.predict`.
Exit codes: 0 done, 1 some photographs failed, 2 wrong usage.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
from tqdm import tqdm

from av_detectron import Predictor
from av_detectron.data.annotations import check_inside, read_crossings_csv, read_photograph
from av_detectron.data.errors import InputFileError
from av_detectron.data.find_labels import list_images
from av_detectron.predictor import DEFAULT_WEIGHTS
from av_grading.formats.files import png, write_whole
from av_grading.formats.manifest import PLACE, format_manifest
from av_grading.formats.patches import PIXELS, SIDE, cut_map, cut_patch
from av_screening.steps.patches import most_likely

Row = dict[str, object]
FOLDERS = (("patch", "patches"), ("av_map", "maps"))


def extract(path: Path, points: np.ndarray | None, predictor: Predictor, args) -> list[Row]:
    """Write the patches of one photograph and return their rows; raises InputFileError."""
    photograph = read_photograph(path)
    try:
        found = predictor(photograph)
    except ValueError as error:
        raise InputFileError(path, str(error)) from error
    if points is not None:
        check_inside(path, points, photograph.shape)
    centers = found.centers if points is None else points
    labels, drive_px = most_likely(found.av), found.fov.drive_px
    rows: list[Row] = []
    for number, (x, y) in enumerate(centers):
        place = ((float(x), float(y)), drive_px, args.side, args.pixels)
        files = {k: f"{folder}/{path.stem}_{number}.png" for k, folder in FOLDERS}
        write_whole(args.output / files["patch"], png(cut_patch(photograph, *place)))
        write_whole(args.output / files["av_map"], png(cut_map(labels, *place)))
        scale = round(args.pixels / (args.side * drive_px), 4)
        at = {"x": round(float(x), 1), "y": round(float(y), 1), "scale": scale}
        score = {} if points is not None else {"score": round(float(found.scores[number]), 4)}
        rows.append({**files, "group": path.name, "source": path.name, **at, **score})
    return rows


def run(args: argparse.Namespace) -> int:
    images = list_images(args.photographs)
    table = read_crossings_csv(args.crossings) if args.crossings else None
    predictor = Predictor(args.weights)
    rows: list[Row] = []
    names = {path.stem for path in images}
    failures = [
        f"{args.crossings}: {name}: expected a photograph of that name, found none"
        for name in sorted(set(table or ()) - names)
    ]
    for path in tqdm(images, desc="extracting", disable=None, unit="photo"):
        points = None if table is None else table.get(path.stem, np.zeros((0, 2)))
        try:
            rows += extract(path, points, predictor, args)
        except InputFileError as error:
            failures.append(str(error))
    write_whole(args.output / "manifest.csv", format_manifest(rows, [*PLACE, "score"]))
    print(
        f"written: {args.output / 'manifest.csv'}, {len(rows)} patches of {len(images)} photographs"
    )
    for failure in failures:
        print(failure, file=sys.stderr)
    return int(bool(failures))


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("photographs", type=Path, help="folder of photographs")
    add("--output", type=Path, required=True, help="folder to write")
    add("--crossings", type=Path, help="CSV image,x,y; detected without it")
    add("--weights", type=Path, default=DEFAULT_WEIGHTS, help="of tools/release_weights.py")
    add("--side", type=float, default=SIDE, help="of a patch (DRIVE px)")
    add("--pixels", type=int, default=PIXELS, help="side of a patch (px)")
    args = parser.parse_args(argv)
    for name in ("side", "pixels"):
        if getattr(args, name) <= 0:
            parser.error(f"--{name}: expected more than 0, found {getattr(args, name):g}")
    try:
        return run(args)
    except (OSError, ValueError) as error:
        print(f"stopped: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
