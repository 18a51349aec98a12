#!/usr/bin/env python3
"""Choose on validation photographs how much the map's own crossings count, and the threshold.

    python tools/choose_scores.py --detector output/cpu_safpn_av/best.yaml

Tries weights of the second opinion on the config's validation sets (DATASETS.TEST) and writes the
one with the best F1 of centres, with its score threshold, into the config. F1 is the mean over the
sets, so that the one with most crossings does not choose alone.
Exit codes: 0 done, 1 failed, 2 wrong usage.
"""

import argparse
import sys
from pathlib import Path

from detectron2.config import CfgNode
from detectron2.data import DatasetCatalog
from detectron2.utils.logger import setup_logger

from av_detectron.config import load_config
from av_detectron.data.crosspos import dataset_root, register_all
from av_detectron.data.errors import InputFileError
from av_detectron.engine import predict
from av_detectron.evaluation.crossing_points import CrossingPointEvaluator
from av_detectron.evaluation.matching import Matches, best_common_threshold, pool
from av_detectron.files import write_whole


def match_all(cfg: CfgNode) -> list[Matches]:
    """Detections on each of the config's validation sets, matched at the main tolerance."""
    keys = cfg.TEST.CROSSPOS
    sets = []
    for dataset in cfg.DATASETS.TEST:
        evaluator = CrossingPointEvaluator(DatasetCatalog.get(dataset), keys.TOLERANCES, -1.0)
        for record, output in predict(cfg, dataset):
            evaluator.process([record], [output])
        photographs = evaluator.photographs.values()
        sets.append(pool([p.matches(keys.TOLERANCES[0]) for p in photographs]))
    return sets


def choose(path: Path, weights: list[float]) -> None:
    """Print F1 for each weight and write the best into the config."""
    cfg = load_config(path, [])
    test_sets = [name for name in cfg.DATASETS.TEST if name.endswith("_test")]
    if test_sets:
        raise ValueError(f"{path}: DATASETS.TEST: expected validation sets, found {test_sets}")
    register_all(dataset_root(), cfg.DATASETS.TEST)
    found = []
    for weight in map(float, weights):  # configs tell 1 from 1.0
        cfg.TEST.CROSSPOS.SECOND_OPINION = weight
        threshold, f1 = best_common_threshold(match_all(cfg))
        found.append((f1, weight, threshold))
        print(f"weight {weight:4g}: mean F1 {f1:.4f} from score {threshold:.3f}", flush=True)
    _, weight, threshold = max(found, key=lambda row: row[0])  # the smaller weight of ties
    cfg.TEST.CROSSPOS.SECOND_OPINION = weight
    cfg.TEST.CROSSPOS.SCORE_THRESHOLD = threshold
    write_whole(path, cfg.dump())
    print(f"written: {path}, weight {weight:g}, threshold {threshold:.3f}")


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--detector", type=Path, required=True, help="best.yaml of a training")
    parser.add_argument("--weights", type=float, nargs="+", default=[0, 0.5, 1, 2, 3, 4])
    args = parser.parse_args(argv)
    setup_logger()
    try:
        choose(args.detector, args.weights)
    except (InputFileError, OSError, ValueError) as error:
        print(f"stopped: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
