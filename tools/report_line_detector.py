#!/usr/bin/env python3
"""Evaluate the multi-scale line detector against labelled vessels, within the field of view.

    python tools/report_line_detector.py --photographs $AV_DATA/drive/test \\
        --output results/line_detector.json
    python tools/report_line_detector.py --photographs $AV_DATA/drive/train --choose

The second prints Dice and accuracy of many thresholds: that is how the default was chosen, on
training photographs alone. Folders are laid out as in datasets/README.md (images/, av/, fov/).
Exit codes: 0 done, 1 failed, 2 wrong usage.
"""

import argparse
import sys
import time
from pathlib import Path

import numpy as np
from tqdm import tqdm

from av_detectron.data.annotations import read_av_map, read_mask, read_photograph
from av_detectron.data.errors import InputFileError
from av_detectron.data.find_labels import find_photographs
from av_detectron.data.fov import detect_fov, measure_fov
from av_detectron.evaluation.av_evaluator import Confusion
from av_detectron.evaluation.detector_scores import interval
from av_detectron.formats.results import write_results
from av_grading.caliber.line_detector import THRESHOLD, line_response, vessels_above

CHOICES = tuple(round(0.3 + 0.05 * i, 2) for i in range(15))


def compare(
    folder: Path, thresholds: tuple[float, ...]
) -> tuple[dict[str, list[Confusion]], list[float]]:
    """Confusion of each photograph at every threshold, and seconds that each took.

    Raises:
        InputFileError: a file that cannot be read or used, or a photograph without labels.
    """
    found: dict[str, list[Confusion]] = {}
    seconds = []
    for files in tqdm(find_photographs(folder), desc="detecting", disable=None, unit="photo"):
        if files.av is None:
            raise InputFileError(files.image, "expected an artery/vein map in av/, found none")
        photograph, vessels = read_photograph(files.image), read_av_map(files.av) > 0
        fov = detect_fov(photograph) if files.fov is None else read_mask(files.fov)
        drive_px = measure_fov(fov).drive_px
        start = time.perf_counter()
        response = line_response(photograph, fov, drive_px)
        maps = [vessels_above(response, t, drive_px) for t in thresholds]
        seconds.append(time.perf_counter() - start)
        found[files.image.name] = [Confusion.count(m[fov], vessels[fov]) for m in maps]
    return found, seconds


def pooled(counts: list[Confusion]) -> dict[str, float]:
    """Scores of the pixels of all photographs together."""
    total = sum(counts, Confusion())
    names = ("dice", "accuracy", "sensitivity", "specificity")
    return {f"vessel_{name}": float(getattr(total, name)) for name in names}


def resampled(counts: list[Confusion], draws: int, seed: int) -> dict[str, list[float]]:
    """95 % intervals over resamples of the photographs."""
    rng = np.random.default_rng(seed)
    drawn = [rng.integers(len(counts), size=len(counts)) for _ in range(draws)]
    scores = [pooled([counts[i] for i in rows]) for rows in drawn]
    return {name: interval([s[name] for s in scores]) for name in scores[0]}


def run(args: argparse.Namespace) -> None:
    if args.choose:
        found, _ = compare(args.photographs, CHOICES)
        for place, threshold in enumerate(CHOICES):
            scores = pooled([counts[place] for counts in found.values()])
            text = "  ".join(f"{k} {v:.4f}" for k, v in scores.items())
            print(f"threshold {threshold:.2f}  {text}")
        return
    found, seconds = compare(args.photographs, (args.threshold,))
    counts = [c[0] for c in found.values()]
    metrics = {**pooled(counts), "seconds_a_photograph": float(np.median(seconds))}
    write_results(
        args.output,
        metrics={**metrics, "threshold": args.threshold},
        ci95=resampled(counts, args.draws, args.seed),
        seeds=[args.seed],
        data={"evaluated": {str(args.photographs): list(found)}, "labels": "av/, any value but 0"},
        bootstrap={"resampled": "photographs", "draws": args.draws},
    )
    print("  ".join(f"{k} {v:.4f}" for k, v in metrics.items()))
    print(f"written: {args.output}")


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--photographs", type=Path, required=True, help="folder with images/, av/, fov/")
    add("--output", type=Path, help="results file to write")
    add("--choose", action="store_true", help="print scores of many thresholds, write nothing")
    add("--threshold", type=float, default=THRESHOLD)
    add("--draws", type=int, default=1000, help="bootstrap resamples of the photographs")
    add("--seed", type=int, default=0)
    args = parser.parse_args(argv)
    if args.output is None and not args.choose:
        parser.error("expected --output or --choose")
    try:
        run(args)
    except (OSError, ValueError) as error:
        print(f"stopped: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
