#!/usr/bin/env python3
"""Evaluate artery/vein maps and the optic disc on one set; figures with intervals, as JSON.

    python tools/report_av.py --detector output/cpu_safpn_av/best.yaml \\
        --dataset crosspos_drive_test --output results/av_drive.json

The maps as they are, with labels that agree along segments, and paths along vessels
(`evaluation/topology.py`). With `--validation` the crossings found in the map alone as well: their
score threshold is the one with the best F1 on that other set. Where the map is the mean of several
views, the same of one view alone, `<name>_1_view`. The disc, where the detector finds it and it is
labelled, and in a crop without it of each photograph (`evaluation/disc_scores.py`).
Exit codes: 0 done, 1 failed, 2 wrong usage.
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from detectron2.config import CfgNode
from numpy.typing import NDArray
from tqdm import tqdm

from av_detectron.checkpoint.release import detector_config
from av_detectron.config import tolerance_of
from av_detectron.data.crosspos import dataset_root, register_all
from av_detectron.engine.trainer import pair_discs, predict
from av_detectron.evaluation.av_scores import map_centers, map_metrics, score_map
from av_detectron.evaluation.center_matching import pool
from av_detectron.evaluation.detector_scores import bootstrap_metrics
from av_detectron.evaluation.disc_scores import disc_metrics
from av_detectron.evaluation.reporting import print_headlines, report_parser, run_report
from av_detectron.formats.results import write_results


def predict_maps(cfg: CfgNode, dataset: str) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Dataset dict and output of every photograph of a registered set.

    Raises:
        ValueError: there are no maps, or no labels of them.
    """
    for record, output in tqdm(predict(cfg, dataset), desc=dataset, disable=None, unit="photo"):
        if "av" not in output:
            raise ValueError(f"{cfg.MODEL.META_ARCHITECTURE} predicts no artery/vein map")
        if not record.get("av_file_name"):
            raise ValueError(f"{dataset}: {record['file_name']} has no artery/vein labels")
        yield record, output


def report(args: argparse.Namespace) -> None:
    register_all(dataset_root(), [n for n in (args.dataset, args.validation) if n])
    cfg = detector_config(args.detector, ["MODEL.DEVICE", "cpu"])
    metrics, ci95, scored = measure(cfg, args)
    if cfg.TEST.CROSSPOS.N_VIEWS > 1:
        single = cfg.clone()
        single.TEST.CROSSPOS.N_VIEWS = 1
        of_one, intervals, _ = measure(single, args, disc=False)  # which is the first view's
        metrics |= {f"{k}_1_view": v for k, v in of_one.items()}
        ci95 |= {f"{k}_1_view": v for k, v in intervals.items()}
    write_results(
        args.output,
        metrics={**metrics, "n_views": cfg.TEST.CROSSPOS.N_VIEWS},
        ci95=ci95,
        seeds=[cfg.SEED, args.seed],
        data={
            "evaluated": {args.dataset: scored},
            **({"threshold_chosen_on": args.validation} if args.validation else {}),
            "trained_on": list(cfg.DATASETS.TRAIN),
            "left_out": "artery and vein are not scored on pixels labelled 3 (crossing, uncertain)",
        },
        bootstrap={"resampled": "photographs", "draws": args.draws},
    )
    headlines = ("vessel_dice", "av_accuracy", "av_accuracy_detected")
    headlines += ("map_center_f1_10px",) if args.validation else ()
    headlines += ("topology_infeasible", "topology_correct", "disc_center_error_dd")
    headlines += ("disc_center_within_0.1dd", "disc_diameter_error", "disc_false_in_crop")
    print_headlines(headlines, metrics, ci95)


def measure(
    cfg: CfgNode, args: argparse.Namespace, disc: bool = True
) -> tuple[dict[str, float], dict[str, list[float]], list[str]]:
    """Metrics, their intervals and the names of the photographs; with the disc's or without."""
    threshold = None
    if args.validation:
        on_validation = predict_maps(cfg, args.validation)
        centers = [map_centers(output["av"].numpy(), record) for record, output in on_validation]
        tolerance = tolerance_of(cfg, args.validation)
        threshold = pool([c.matches(tolerance) for c in centers]).best_threshold()
    tolerance = tolerance_of(cfg, args.dataset)
    scores, names, found = [], [], {}
    for record, output in predict_maps(cfg, args.dataset):
        scores.append(score_map(output["av"].numpy(), record))
        names.append(Path(record["file_name"]).name)
        found[record["image_id"]] = output.get("disc")
    discs = pair_discs(cfg, args.dataset, found) if disc else [None] * len(scores)

    def metrics(chosen: NDArray[np.int64]) -> dict[str, float]:
        maps = map_metrics([scores[i] for i in chosen], threshold, tolerance)
        return maps | disc_metrics([discs[i] for i in chosen if discs[i] is not None])

    values, ci95 = bootstrap_metrics(metrics, len(scores), args.draws, args.seed)
    if threshold is not None:
        values["map_center_threshold"] = threshold
    return values, ci95, names


def main(argv: list[str] | None = None) -> int:
    parser = report_parser(__doc__)
    parser.add_argument("--validation", help="registered name; scores crossings of the map too")
    return run_report(report, parser.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
