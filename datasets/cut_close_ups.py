#!/usr/bin/env python3
"""Cut close-ups of crossings, as they are and nicked, for the close-up network and graders.

    python datasets/cut_close_ups.py fundus_avseg gave hrf les_av --output output/close_ups

Takes photographs that datasets/prepare_crosspos.py has prepared (training ones unless --split says
otherwise, never test ones), asks the detector for their coarse maps and its false crossings, and
writes a safetensors file and a table for each photograph. Photographs that are there already are
kept. Sets after --plain are cut as they are, without nicking: DRIVE is too coarse for it, AVRDB's
labels have no edges.

With several --weights, cross-fitted detectors (DATASETS.LEFT_OUT_FOLD 1/2, 2/2), each photograph's
map and crossings come from the one that has not learned from it.
Exit codes: 0 done, 1 a photograph failed, 2 wrong usage.
"""

import argparse
import sys
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import torch
from scipy import ndimage
from scipy.spatial import cKDTree
from tqdm import tqdm

from av_detectron import Predictor
from av_detectron.data.annotations import UNCERTAIN, read_av_labels, read_photograph
from av_detectron.data.cross_fit import detectors_by_fold, photograph_folds
from av_detectron.data.crosspos import dataset_root, json_path, load_crosspos
from av_detectron.data.errors import InputFileError
from av_detectron.evaluation.center_matching import TOLERANCE
from av_detectron.predictor import DEFAULT_WEIGHTS
from av_grading.close_ups.cut import SCALE
from av_grading.close_ups.from_photograph import (
    CloseUpSource,
    Options,
    cut_photograph,
    write_photograph,
)
from av_grading.formats.labels import BACKGROUND, OVERLAP
from av_grading.simulation.protocols import PROTOCOLS
from av_screening.evaluation.voted_readings import read_readings

FINEST = 1.1 * SCALE
"""Photographs of more px a DRIVE px are made smaller first."""
NEAR = 8.0
"""In index maps, where overlap and uncertain are one label, an overlap lies this near to a crossing
(DRIVE px)."""


def labelled(
    set_name: str,
    record: dict,
    predictor: Predictor,
    broad: bool,
    readings: pd.DataFrame | None,
) -> CloseUpSource:
    """A prepared photograph with its labels and what the detector says of it."""
    image = Path(record["file_name"])
    pixels, found = read_photograph(image), read_av_labels(Path(record["av_file_name"]))
    labels = found.labels
    drive_px = record["fov"].drive_px
    crossings = np.array([a["center"] for a in record["annotations"]], float).reshape(-1, 2)
    unknown = labels == UNCERTAIN
    if not found.tells_overlap:
        far = np.ones(labels.shape, bool)
        for x, y in crossings.round().astype(int):
            reach = round(NEAR * drive_px)
            far[max(0, y - reach) : y + reach, max(0, x - reach) : x + reach] = False
        unknown = unknown | ((labels == OVERLAP) & far)
    labels = np.where(unknown, np.uint8(BACKGROUND), labels)
    if broad:  # drawn with a broad brush: near its edge a label says nothing
        vessel, reach = labels != BACKGROUND, round(1.2 * drive_px)
        inside = ndimage.binary_erosion(vessel, iterations=max(1, reach // 2))
        outside = ~ndimage.binary_dilation(vessel, iterations=max(1, reach))
        unknown = unknown | ~(inside | outside)
    prediction = predictor(pixels, record["fov"])
    detected, av = prediction.centers.astype(float), prediction.av
    if drive_px > FINEST:  # nothing finer is kept, and it takes its time
        factor = SCALE / drive_px
        size = round(pixels.shape[1] * factor), round(pixels.shape[0] * factor)
        pixels = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
        shares = [
            cv2.resize((labels == k).astype(np.float32), size, interpolation=cv2.INTER_AREA)
            for k in range(OVERLAP + 1)
        ]
        labels = np.argmax(shares, axis=0).astype(np.uint8)
        unknown = cv2.resize(unknown.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
        av = np.stack([cv2.resize(part, size, interpolation=cv2.INTER_AREA) for part in av])
        crossings, detected = (p * factor + (factor - 1) / 2 for p in (crossings, detected))
        drive_px = SCALE
    away = cKDTree(crossings).query(detected)[0] if len(crossings) else np.full(len(detected), 9e9)
    others = detected[away > TOLERANCE * drive_px]
    return CloseUpSource(
        f"{set_name}/{image.name}",
        set_name,
        pixels,
        labels,
        unknown.astype(np.uint8) * 255,
        av,
        drive_px,
        crossings,
        others,
        readings,
    )


def read_predictors(weights: list[Path]) -> dict[int, Predictor]:
    """Of each fold, the detector that did not learn from it; one detector is of the only fold.

    Raises:
        CheckpointError: a file is not a detector's.
        ValueError: several are not cross-fitted; names the file.
    """
    predictors = {path: Predictor(path, n_views=1) for path in weights}
    if len(weights) == 1:
        return {1: predictors[weights[0]]}
    left_out = {path: p.cfg.DATASETS.LEFT_OUT_FOLD for path, p in predictors.items()}
    return {fold: predictors[path] for fold, path in detectors_by_fold(left_out).items()}


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("sets", nargs="+", help="prepared sets")
    add("--plain", nargs="*", default=[], metavar="SET", help="sets not to be nicked")
    add("--broad", nargs="*", default=["avrdb"], metavar="SET", help="sets whose labels lack edges")
    add("--split", choices=("train", "val", "test"), default="train")
    add("--output", type=Path, required=True, help="folder to write")
    add("--weights", type=Path, nargs="+", default=[DEFAULT_WEIGHTS], help="detector, or several")
    add("--draws", type=int, default=Options.draws, help="nicked patches of each clear crossing")
    add("--protocol", choices=sorted(PROTOCOLS), default=Options.protocol, help="of the simulation")
    width = "least width of a vein that is nicked (DRIVE px)"
    add("--least-width", type=float, default=Options.least_width, help=width)
    add("--readings", type=Path, help="cut what was read alone: readings.csv")
    add("--seed", type=int, default=0)
    args = parser.parse_args(argv)
    try:
        readings = args.readings and read_readings(args.readings)
        by_fold = read_predictors(args.weights)
        root, count = dataset_root(), 0
        for name in [*args.sets, *args.plain]:
            draws = 0 if name in args.plain else args.draws
            options = Options(
                draws=draws,
                protocol=args.protocol,
                least_width=args.least_width,
                seed=args.seed,
            )
            records = load_crosspos(json_path(root, f"crosspos_{name}_{args.split}"), root)
            folds = photograph_folds(records, len(by_fold))
            for record in tqdm(records, desc=name, disable=None):
                stem = f"{name}_{Path(record['file_name']).stem}"
                if (args.output / f"{stem}.safetensors").is_file() or not record["av_file_name"]:
                    continue
                read = None
                if readings is not None:
                    own = f"{name}/{Path(record['file_name']).name}"
                    read = readings[readings["photograph"] == own].drop(columns="photograph")
                    if not len(read):
                        continue
                predictor = by_fold[folds[record["file_name"]]]
                photograph = labelled(name, record, predictor, name in args.broad, read)
                patches = list(cut_photograph(photograph, options))
                if patches:
                    count += len(write_photograph(photograph, patches, args.output))
            print(f"{name}: {count} close-ups so far", flush=True)
    except (InputFileError, OSError, ValueError) as error:
        print(f"stopped: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    torch.set_num_threads(1)
    sys.exit(main())
