#!/usr/bin/env python3
"""Compare a detector with an earlier one, set by set; figures with intervals, as JSON.

    python tools/report_sets.py --detector output/weights/all/ema.yaml \\
        --before 6c567a5:av_detectron/weights/crossing_av_r18.safetensors \\
        --datasets crosspos_drive_val crosspos_hrf_val --output results/detector_by_set.json

Box AP50, centre F1 (with the score threshold that each detector carries), vessel Dice, artery
against vein, and the optic disc where a detector finds it; of each set, for both detectors, and the
difference over the same resamples of photographs. The file says which sets each learned from.
Exit codes: 0 done, 1 failed, 2 wrong usage.
"""

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Any

from detectron2.config import CfgNode
from tqdm import tqdm

from av_detectron.checkpoint.release import detector_config
from av_detectron.data.crosspos import dataset_root, json_path, register_all
from av_detectron.engine.trainer import finds_disc, predict
from av_detectron.evaluation.center_matching import TOLERANCE, tolerance_name
from av_detectron.evaluation.reporting import print_headlines, report_parser, run_report
from av_detectron.evaluation.set_scores import SetScores, compare_sets
from av_detectron.formats.results import committed_file, write_results


def read_config(path: Path) -> CfgNode:
    """A detector's config, on the CPU.

    Raises:
        ValueError: it predicts no map, or its score threshold was not chosen.
    """
    cfg = detector_config(path, ["MODEL.DEVICE", "cpu"])
    if cfg.MODEL.META_ARCHITECTURE != "CrossingRCNN":
        raise ValueError(
            f"{path}: expected a CrossingRCNN, with boxes and map, "
            f"found {cfg.MODEL.META_ARCHITECTURE}"
        )
    if cfg.TEST.CROSSPOS.SCORE_THRESHOLD < 0:
        raise ValueError(f"{path}: TEST.CROSSPOS.SCORE_THRESHOLD was not chosen yet")
    return cfg


def score(cfg: CfgNode, dataset: str) -> SetScores:
    """Apply a detector to a registered set."""
    predicted = tqdm(predict(cfg, dataset), desc=dataset, disable=None, unit="photo")
    labels = json_path(dataset_root(), dataset)
    return SetScores(labels, predicted, cfg.TEST.CROSSPOS.SCORE_THRESHOLD, finds_disc(cfg))


def report(args: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory() as folder:
        compare(args, committed_file(args.before, Path(folder)))


def compare(args: argparse.Namespace, earlier: Path) -> None:
    register_all(dataset_root(), args.datasets)
    before, after = read_config(earlier), read_config(args.detector)
    metrics: dict[str, float] = {}
    ci95: dict[str, list[float]] = {}
    evaluated: dict[str, Any] = {}
    for dataset in args.datasets:
        old, new = score(before, dataset), score(after, dataset)
        values, intervals = compare_sets(old, new, args.draws, args.seed)
        metrics |= {f"{dataset}_{k}": v for k, v in values.items()}
        ci95 |= {f"{dataset}_{k}": v for k, v in intervals.items()}
        evaluated[dataset] = new.photographs
        f1 = tolerance_name("center_f1", TOLERANCE)
        print_headlines([f"{dataset}_{f1}", f"{dataset}_{f1}_minus_before"], metrics, ci95)
    write_results(
        args.output,
        metrics=metrics,
        ci95=ci95,
        seeds=[before.SEED, after.SEED, args.seed],
        data={
            "evaluated": evaluated,
            "trained_on": list(after.DATASETS.TRAIN),
            "before_trained_on": list(before.DATASETS.TRAIN),
        },
        bootstrap={"resampled": "photographs", "draws": args.draws},
    )


def main(argv: list[str] | None = None) -> int:
    parser = report_parser(__doc__, several=True)
    parser.add_argument(
        "--before",
        required=True,
        help="the earlier detector: a file, or COMMIT:FILE of this repository",
    )
    return run_report(report, parser.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
