#!/usr/bin/env python3
"""Cut close-ups of the crossings of a table of paired readings, to learn grades from.

    python datasets/cut_readings.py $AV_DATA/readings_real.csv --output output/readings

Photographs lie beside the table, in SET/SPLIT/images/ or SET/images/. A crossing is cut around the
detector's centre for it, as in use, where the detector finds one within 10 DRIVE px, else around
the place that was read. Writes a safetensors file and a table for each photograph; those that are
there already are kept. Test photographs are for reporting and are left out unless --split test.
Exit codes: 0 done, 1 a photograph failed, 2 wrong usage.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from tqdm import tqdm

from av_detectron import Predictor
from av_detectron.data.errors import InputFileError
from av_detectron.evaluation.center_matching import TOLERANCE, match_centers
from av_detectron.predictor import DEFAULT_WEIGHTS
from av_grading.close_ups.readings import COLUMNS, ReadCloseUps, write_read_close_ups
from av_screening.errors import RejectedPhotograph
from av_screening.read.limits import QualityLimits, ReadingLimits
from av_screening.read.photograph import decode, read_content
from av_screening.read.quality import check_quality
from av_screening.steps.second_look import cut_around


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


def cut(image: Path, rows: pd.DataFrame, predictor: Predictor) -> ReadCloseUps:
    """Close-ups of one photograph's readings."""
    limits = ReadingLimits()
    pixels = decode(read_content(image, limits), limits).pixels
    prediction = predictor(pixels, check_quality(pixels, QualityLimits()))
    places = rows[["x_px", "y_px"]].to_numpy(float)
    detected = prediction.centers.astype(float).reshape(-1, 2)
    away = np.linalg.norm(places[:, None] - detected[None], axis=2).min(axis=1, initial=np.inf)
    # As `av-nicking evaluate-readings` does: readings choose, those nearest to a crossing first.
    found = match_centers(places, -away, detected, TOLERANCE * prediction.fov.drive_px)
    centers = places.copy()
    centers[found >= 0] = detected[found[found >= 0]]
    patches, coarse = cut_around(pixels, prediction, centers)
    group = f"{rows['set'].iloc[0]}/{image.name}"
    table = rows[["set", "split", "image", "x_px", "y_px", "drive_px", *COLUMNS]].copy()
    table.insert(0, "group", group)
    table["detected"] = (found >= 0).astype(int)
    return ReadCloseUps(
        torch.from_numpy(patches.transpose(0, 3, 1, 2).copy()), torch.from_numpy(coarse), table
    )


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("readings", type=Path, help="table of paired readings")
    add("--output", type=Path, required=True, help="folder to write")
    add("--split", choices=("train", "test"), default="train")
    add("--weights", type=Path, default=DEFAULT_WEIGHTS, help="detector")
    args = parser.parse_args(argv)
    failed = 0
    try:
        table = pd.read_csv(args.readings)
        table = table[table["split"] == args.split]
        predictor = Predictor(args.weights, n_views=1)
        photographs = table.groupby(["set", "split", "image"], sort=True)
        for (set_name, split, image), rows in tqdm(photographs, disable=None):
            target = args.output / f"{set_name}_{Path(image).stem}.safetensors"
            if target.is_file():
                continue
            try:
                path = find_image(args.readings.parent, set_name, split, image)
                write_read_close_ups(cut(path, rows, predictor), target)
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
