#!/usr/bin/env python3
"""Tune rescoring: how much the map's own crossings count, and the score threshold.

    python tools/tune_rescoring.py --detector output/cpu_safpn_av/best.yaml

Tries rescoring weights on the config's validation sets (DATASETS.TEST) and writes the one with the
best F1 of centres, with its score threshold, into the config. F1 is the mean over the
sets, so that the one with most crossings does not choose alone.
Exit codes: 0 done, 1 failed, 2 wrong usage.
"""

import argparse
import sys
from pathlib import Path

import torch
from detectron2.config import CfgNode
from detectron2.data import DatasetCatalog
from detectron2.utils.logger import setup_logger

from av_detectron.config import load_config, tolerance_of
from av_detectron.data.crosspos import dataset_root, register_all
from av_detectron.data.errors import InputFileError
from av_detectron.engine.trainer import CrossPosTrainer, load_model
from av_detectron.evaluation.center_evaluator import CenterEvaluator
from av_detectron.evaluation.center_matching import Matches, best_common_threshold, pool
from av_detectron.formats.files import write_whole
from av_detectron.modeling.crossing_rcnn import CrossingRCNN


@torch.inference_mode()
def match_all(cfg: CfgNode, weights: list[float]) -> dict[float, list[Matches]]:
    """For each weight, detections on the config's validation sets, matched at their tolerances.

    The features of every photograph are extracted once.

    Raises:
        ValueError: the detector has no map, which is what rescores.
    """
    model = load_model(cfg).eval()
    if not isinstance(model, CrossingRCNN):
        raise ValueError(f"{cfg.MODEL.META_ARCHITECTURE} predicts no artery/vein map")
    sets: dict[float, list[Matches]] = {weight: [] for weight in weights}
    for dataset in cfg.DATASETS.TEST:
        records, tolerance = DatasetCatalog.get(dataset), tolerance_of(cfg, dataset)
        evaluators = {w: CenterEvaluator(records, tolerance, -1.0) for w in weights}
        for batch in CrossPosTrainer.build_test_loader(cfg, dataset):
            images = model.preprocess_image(batch)
            features, av = model.extract_features(images.tensor)
            for weight, evaluator in evaluators.items():
                model.rescoring_weight = weight
                drive_px = [record["drive_px"] for record in batch]
                detections = model.detect(images, features, av, drive_px)
                outputs = model._postprocess(detections, batch, images.image_sizes)
                evaluator.process(batch, outputs)
        for weight, evaluator in evaluators.items():
            matches = [p.matches(tolerance) for p in evaluator.photographs.values()]
            sets[weight].append(pool(matches))
    return sets


def choose(path: Path, weights: list[float]) -> None:
    """Print F1 for each weight and write the best into the config."""
    cfg = load_config(path, [])
    test_sets = [name for name in cfg.DATASETS.TEST if name.endswith("_test")]
    if test_sets:
        raise ValueError(f"{path}: DATASETS.TEST: expected validation sets, found {test_sets}")
    if not cfg.DATASETS.TEST:
        raise ValueError(f"{path}: DATASETS.TEST: expected validation sets, found none")
    register_all(dataset_root(), cfg.DATASETS.TEST)
    tried = []
    # Configs tell 1 from 1.0.
    for weight, sets in match_all(cfg, [float(w) for w in weights]).items():
        threshold, f1 = best_common_threshold(sets)
        tried.append((f1, weight, threshold))
        print(f"weight {weight:4g}: mean F1 {f1:.4f} from score {threshold:.3f}", flush=True)
    _, weight, threshold = max(tried, key=lambda row: row[0])  # the smaller weight of ties
    cfg.TEST.CROSSPOS.RESCORING_WEIGHT = weight
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
