#!/usr/bin/env python3
"""Evaluate detectors on one set and write the figures, with bootstrap intervals, as JSON.

    python tools/report_detector.py --detector output/cpu_safpn_mask_rcnn/best.yaml \\
        --baseline output/cpu_fpn_mask_rcnn/best.yaml \\
        --dataset crosspos_drive_test --output results/detector_drive.json

Both detectors run on the same photographs; intervals come from resampling photographs, the same
resamples for both. Score thresholds are those that training chose on validation photographs.
Exit codes: 0 done, 1 failed, 2 wrong usage.
"""

import argparse
import json
import sys
from pathlib import Path

from detectron2.config import CfgNode

from av_detectron.checkpoint.release import detector_config
from av_detectron.config import tolerance_of
from av_detectron.data.crosspos import dataset_root, json_path, register_all
from av_detectron.engine.trainer import evaluate
from av_detectron.evaluation.detector_scores import (
    DetectorScores,
    bootstrap,
    interval,
    plot_centers,
)
from av_detectron.evaluation.reporting import print_headlines, report_parser, run_report
from av_detectron.formats.results import write_results


def detect(config: Path, dataset: str) -> tuple[CfgNode, DetectorScores]:
    """Run a trained detector on a registered set and score its predictions."""
    # Detections are the first view's, whatever the number of views of the map.
    overrides = ["DATASETS.TEST", f"('{dataset}',)", "TEST.CROSSPOS.N_VIEWS", "1"]
    cfg = detector_config(config, overrides)
    threshold = cfg.TEST.CROSSPOS.SCORE_THRESHOLD
    if threshold < 0:
        raise ValueError(f"{config}: TEST.CROSSPOS.SCORE_THRESHOLD was not chosen yet")
    evaluate(cfg)
    written = Path(cfg.OUTPUT_DIR) / "inference" / dataset / "coco_instances_results.json"
    labels = json_path(dataset_root(), dataset)
    predictions = json.loads(written.read_text())
    return cfg, DetectorScores(labels, predictions, threshold, tolerance_of(cfg, dataset))


def report(args: argparse.Namespace) -> None:
    register_all(dataset_root(), [args.dataset])
    cfgs, scores = {}, {}
    for name, config in (("", args.detector), ("fpn_", args.baseline)):
        if config is not None:
            cfgs[name], scores[name] = detect(config, args.dataset)
    metrics = {f"{n}{k}": v for n, s in scores.items() for k, v in s.metrics().items()}
    draws = bootstrap(scores, args.draws, args.seed)
    ci95 = {f"{n}{k}": interval([d[k] for d in ds]) for n, ds in draws.items() for k in ds[0]}
    if "fpn_" in draws:
        for k in draws[""][0]:
            metrics[f"{k}_minus_fpn"] = metrics[k] - metrics[f"fpn_{k}"]
            pairs = zip(draws[""], draws["fpn_"], strict=True)
            ci95[f"{k}_minus_fpn"] = interval([a[k] - b[k] for a, b in pairs])
    for name, cfg in cfgs.items():
        metrics[f"{name}threshold"] = cfg.TEST.CROSSPOS.SCORE_THRESHOLD
        metrics[f"{name}training_iterations"] = cfg.SOLVER.MAX_ITER
    curves = {n.strip("_") or "detector": s.curves() for n, s in scores.items()}
    photographs = [Path(p).name for p in scores[""].photographs]
    write_results(
        args.output,
        metrics=metrics,
        ci95=ci95,
        seeds=[*(cfg.SEED for cfg in cfgs.values()), args.seed],
        data={
            "evaluated": {args.dataset: photographs},
            "trained_on": list(cfgs[""].DATASETS.TRAIN),
            "labels": json.loads(json_path(dataset_root(), args.dataset).read_text())["info"],
        },
        bootstrap={"resampled": "photographs", "draws": args.draws},
        curves=curves,
    )
    plot_centers(curves, scores[""].tolerance, args.output.with_suffix(".png"))
    headlines = ("bbox_AP", "bbox_AP50", "segm_AP50", "center_f1_10px")
    print_headlines(headlines, metrics, ci95)  # no masks, no segm


def main(argv: list[str] | None = None) -> int:
    parser = report_parser(__doc__)
    parser.add_argument("--baseline", type=Path, help="best.yaml of the stock FPN's training")
    return run_report(report, parser.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
