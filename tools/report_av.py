#!/usr/bin/env python3
"""Evaluate artery/vein maps on one set and write the figures, with bootstrap intervals, as JSON.

    python tools/report_av.py --detector output/cpu_safpn_av/best.yaml \\
        --dataset crosspos_drive_test --output results/av_drive.json

The maps as they are, with labels that agree along segments, and the crossings found in the map
alone, whose score threshold is the one with the best F1 on the validation set. Where the map is
the mean of several views, the same of one view alone, `<name>_1_view`.
Exit codes: 0 done, 1 failed, 2 wrong usage.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
from detectron2.config import CfgNode
from tqdm import tqdm

from av_detectron.checkpoint.release import detector_config
from av_detectron.data.crosspos import dataset_root, register_all
from av_detectron.engine.trainer import predict
from av_detectron.evaluation.av_scores import MapScores, map_metrics, score_map
from av_detectron.evaluation.center_matching import pool
from av_detectron.evaluation.detector_scores import interval
from av_detectron.evaluation.reporting import print_headlines, report_parser, run_report
from av_detectron.formats.results import write_results


def score_set(cfg: CfgNode, dataset: str) -> dict[str, MapScores]:
    """Scores of every photograph of a registered set, by file name."""
    scores = {}
    for record, output in tqdm(predict(cfg, dataset), desc=dataset, disable=None, unit="photo"):
        if "av" not in output:
            raise ValueError(f"{cfg.MODEL.META_ARCHITECTURE} predicts no artery/vein map")
        if not record.get("av_file_name"):
            raise ValueError(f"{dataset}: {record['file_name']} has no artery/vein labels")
        scores[Path(record["file_name"]).name] = score_map(output["av"].numpy(), record)
    return scores


def report(args: argparse.Namespace) -> None:
    register_all(dataset_root(), [args.dataset, args.validation])
    cfg = detector_config(args.detector, ["MODEL.DEVICE", "cpu"])
    metrics, ci95, scored = measure(cfg, args)
    if cfg.TEST.CROSSPOS.N_VIEWS > 1:
        single = cfg.clone()
        single.TEST.CROSSPOS.N_VIEWS = 1
        of_one, intervals, _ = measure(single, args)
        metrics |= {f"{k}_1_view": v for k, v in of_one.items()}
        ci95 |= {f"{k}_1_view": v for k, v in intervals.items()}
    write_results(
        args.output,
        metrics={**metrics, "n_views": cfg.TEST.CROSSPOS.N_VIEWS},
        ci95=ci95,
        seeds=[cfg.SEED, args.seed],
        data={
            "evaluated": {args.dataset: scored},
            "threshold_chosen_on": args.validation,
            "trained_on": list(cfg.DATASETS.TRAIN),
            "left_out": "artery and vein are not scored on pixels labelled 3 (crossing, uncertain)",
        },
        bootstrap={"resampled": "photographs", "draws": args.draws},
    )
    headlines = ("vessel_dice", "av_accuracy", "av_accuracy_detected", "map_center_f1_10px")
    print_headlines(headlines, metrics, ci95)


def measure(
    cfg: CfgNode, args: argparse.Namespace
) -> tuple[dict[str, float], dict[str, list[float]], list[str]]:
    """Metrics, their intervals and the names of the photographs."""
    tolerance = cfg.TEST.CROSSPOS.TOLERANCE
    validation = score_set(cfg, args.validation)
    matches = [s.centers.matches(tolerance) for s in validation.values()]
    threshold = pool(matches).best_threshold()
    scored = score_set(cfg, args.dataset)
    scores = list(scored.values())
    rng = np.random.default_rng(args.seed)
    draws = [
        map_metrics(
            [scores[i] for i in rng.integers(len(scores), size=len(scores))], threshold, tolerance
        )
        for _ in range(args.draws)
    ]
    metrics = map_metrics(scores, threshold, tolerance)
    ci95 = {k: interval([d[k] for d in draws]) for k in metrics}
    return {**metrics, "map_center_threshold": threshold}, ci95, list(scored)


def main(argv: list[str] | None = None) -> int:
    parser = report_parser(__doc__)
    parser.add_argument("--validation", default="crosspos_drive_val", help="registered name")
    return run_report(report, parser.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
