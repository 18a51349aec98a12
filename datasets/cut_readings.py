#!/usr/bin/env python3
"""Cut close-ups of crossings that were read twice, to learn grades and signs from.

    python datasets/cut_readings.py $AV_DATA/readings_real.csv --output output/readings
    python datasets/cut_readings.py anna.csv ben.csv --photographs photographs --set clinic \\
        --output output/readings

Takes a table of paired readings, whose photographs lie beside it, in SET/SPLIT/images/ or
SET/images/; or the review files of two readers of one run, with the folder that was screened. A
crossing is cut around the detector's centre for it, as in use, where the detector finds one within
10 DRIVE px, else around the place that was read. Writes a safetensors file and a table for each
photograph; those that are there already are kept. Test photographs of a table are for reporting and
are left out unless --split test.
Exit codes: 0 done, 1 a photograph failed, 2 wrong usage.
"""

import argparse
import sys
from functools import cache
from pathlib import Path

import pandas as pd
import torch
from tqdm import tqdm

from av_detectron import Predictor
from av_detectron.config import DRIVE_FOV_DIAMETER
from av_detectron.data.errors import InputFileError
from av_detectron.evaluation.center_matching import TOLERANCE, match_places
from av_detectron.predictor import DEFAULT_WEIGHTS
from av_grading.close_ups.readings import COLUMNS, ReadCloseUps, write_read_close_ups
from av_screening.errors import RejectedPhotograph
from av_screening.evaluation.paired_readings import as_table, is_review, read_paired_reviews
from av_screening.read.limits import QualityLimits, ReadingLimits
from av_screening.read.photograph import decode, read_content
from av_screening.read.quality import check_quality
from av_screening.steps.second_look import cut_around
from av_screening.write.folder_names import folder_name


def find_image(root: Path, set_name: str, split: str, image: str) -> Path:
    """A row's photograph.

    Raises:
        InputFileError: it is in neither place.
    """
    places = [root / set_name / split / "images" / image, root / set_name / "images" / image]
    found = next((p for p in places if p.is_file()), None)
    if found is None:
        raise InputFileError(places[0], "expected the photograph of a reading, found no file")
    return found


def read_reviews(paths: list[Path], photographs: Path, set_name: str) -> pd.DataFrame:
    """The table of two readers' review files; `image` is the path below `photographs`.

    Raises:
        FileProblems, ValueError: see `read_paired_reviews`.
    """

    @cache
    def drive_px(photograph: str) -> float | None:
        try:
            content = read_content(photographs / photograph, ReadingLimits())
            fov = check_quality(decode(content, ReadingLimits()).pixels, QualityLimits())
        except (RejectedPhotograph, OSError):
            return None  # said when it is cut
        return fov.diameter / DRIVE_FOV_DIAMETER

    readings = read_paired_reviews(paths, drive_px)
    return as_table(readings.assign(set=set_name, split="train"))


def cut(image: Path, name: str, rows: pd.DataFrame, predictor: Predictor) -> ReadCloseUps:
    """Close-ups of one photograph's readings; `name` tells it from others of its set."""
    limits = ReadingLimits()
    pixels = decode(read_content(image, limits), limits).pixels
    prediction = predictor(pixels, check_quality(pixels, QualityLimits()))
    places = rows[["x_px", "y_px"]].to_numpy(float)
    detected = prediction.centers.astype(float).reshape(-1, 2)
    found = match_places(places, detected, TOLERANCE * prediction.fov.drive_px)
    centers = places.copy()
    centers[found >= 0] = detected[found[found >= 0]]
    patches, coarse = cut_around(pixels, prediction, centers)
    group = f"{rows['set'].iloc[0]}/{name}"
    table = rows[["set", "split", "image", "x_px", "y_px", "drive_px", *COLUMNS]].copy()
    table.insert(0, "group", group)
    table["detected"] = (found >= 0).astype(int)
    return ReadCloseUps(
        torch.from_numpy(patches.transpose(0, 3, 1, 2).copy()), torch.from_numpy(coarse), table
    )


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("readings", type=Path, nargs="+", help="table of paired readings, or two review files")
    add("--output", type=Path, required=True, help="folder to write")
    add("--split", choices=("train", "test"), default="train", help="of a table")
    add("--photographs", type=Path, help="the folder that was screened; for review files")
    add("--set", default="reviewed", help="name of the reviewed photographs; for review files")
    add("--weights", type=Path, default=DEFAULT_WEIGHTS, help="detector")
    return parser


def main(argv: list[str] | None = None) -> int:
    parser = make_parser()
    args = parser.parse_args(argv)
    reviews = all(is_review(path) for path in args.readings)
    if reviews and args.photographs is None:
        parser.error("expected --photographs, the folder that was screened, with review files")
    if not reviews and len(args.readings) > 1:
        parser.error("expected one table of paired readings, or two review files")
    failed = 0
    try:
        if reviews:
            table = read_reviews(args.readings, args.photographs, args.set)
        else:
            table = pd.read_csv(args.readings[0])
            table = table[table["split"] == args.split]
        predictor = Predictor(args.weights, n_views=1)
        photographs = table.groupby(["set", "split", "image"], sort=True)
        for (set_name, split, image), rows in tqdm(photographs, disable=None):
            # Reviewed photographs may lie in folders, and of one name in two of them.
            name = folder_name(Path(image)) if reviews else Path(image).name
            stem = name if reviews else Path(image).stem
            target = args.output / f"{set_name}_{stem}.safetensors"
            if target.is_file():
                continue
            try:
                if reviews:
                    path = args.photographs / image
                else:
                    path = find_image(args.readings[0].parent, set_name, split, image)
                write_read_close_ups(cut(path, name, rows, predictor), target)
            except (RejectedPhotograph, InputFileError) as error:
                print(f"{set_name}/{image}: {error}", file=sys.stderr)
                failed = 1
    except (InputFileError, OSError, ValueError) as error:
        print(f"stopped: {error}", file=sys.stderr)
        return 1
    return failed


if __name__ == "__main__":
    torch.set_num_threads(1)
    sys.exit(main())
