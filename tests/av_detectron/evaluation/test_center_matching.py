"""Matching of centres, by hand-computed examples."""

import re
from pathlib import Path

import numpy as np
import pytest
import torch
from detectron2.structures import Boxes, Instances

from av_detectron.data.fov import FieldOfView
from av_detectron.evaluation.center_evaluator import CenterEvaluator
from av_detectron.evaluation.center_matching import (
    Matches,
    PhotographCenters,
    best_common_threshold,
    match_centers,
    pool,
)
from av_detectron.evaluation.seed_statistics import METRICS


def points(*pairs: tuple[float, float]) -> np.ndarray:
    return np.array(pairs, float).reshape(-1, 2)


def test_each_crossing_is_found_once() -> None:
    found = match_centers(points((0, 0), (1, 0)), np.array([0.5, 0.9]), points((0, 0)), 5)
    assert found.tolist() == [-1, 0]  # the better score chooses first


def test_nearest_free_crossing_is_taken() -> None:
    labelled = points((0, 0), (4, 0))
    found = match_centers(points((1, 0), (0, 0)), np.array([0.9, 0.8]), labelled, 5)
    assert found.tolist() == [0, 1]


def test_tolerance_is_inclusive() -> None:
    labelled = points((0, 0))
    assert match_centers(points((10, 0)), np.array([1.0]), labelled, 10).tolist() == [0]
    assert match_centers(points((10.01, 0)), np.array([1.0]), labelled, 10).tolist() == [-1]


def test_nothing_to_match() -> None:
    assert match_centers(points(), np.zeros(0), points((0, 0)), 5).tolist() == []
    assert match_centers(points((0, 0)), np.ones(1), points(), 5).tolist() == [-1]


def example() -> Matches:
    return Matches(np.array([0.9, 0.8, 0.7, 0.6]), np.array([True, False, True, False]), 4, 2)


def test_precision_recall_f1() -> None:
    assert example().at(0.65) == pytest.approx({"precision": 2 / 3, "recall": 0.5, "f1": 4 / 7})
    assert example().at(0.95) == pytest.approx({"precision": 1, "recall": 0, "f1": 0})


def test_best_threshold_has_the_best_f1() -> None:
    best = example().best_threshold()
    assert best == 0.7
    assert all(example().at(best)["f1"] >= example().at(t)["f1"] for t in (0.9, 0.8, 0.6, 0.95))


def test_common_threshold_counts_every_set_once() -> None:
    few = Matches(np.array([0.9, 0.3]), np.array([True, False]), 1, 1)
    many = Matches(np.array([0.5] + [0.2] * 30), np.array([False] + [True] * 30), 60, 1)
    # All detections are best for `many`, and for both pooled; the mean over sets is not.
    assert pool([few, many]).best_threshold() == 0.2
    threshold, f1 = best_common_threshold([few, many])
    means = [(few.at(t)["f1"] + many.at(t)["f1"]) / 2 for t in (0.2, 0.3, 0.5, 0.9)]
    assert f1 == pytest.approx(max(means))
    assert threshold == (0.2, 0.3, 0.5, 0.9)[int(np.argmax(means))]


def test_no_detections_have_no_common_threshold() -> None:
    none = Matches(np.zeros(0), np.zeros(0, bool), 3, 1)
    assert best_common_threshold([none]) == (1.0, 0.0)


def test_froc() -> None:
    false, true = example().froc()
    assert false.tolist() == [0, 0, 0.5, 0.5, 1.0]
    assert true.tolist() == [0, 0.25, 0.25, 0.5, 0.5]
    assert example().sensitivity_at(0.4) == 0.25
    assert example().sensitivity_at(0.5) == 0.5


def test_pooling_keeps_order_and_counts() -> None:
    one = PhotographCenters(points((0, 0)), np.array([0.3]), points((1, 0))).matches(5)
    two = PhotographCenters(points((9, 9)), np.array([0.6]), points((0, 0), (5, 5))).matches(1)
    pooled = pool([one, two])
    assert pooled.scores.tolist() == [0.6, 0.3] and pooled.matched.tolist() == [False, True]
    assert (pooled.crossings, pooled.photographs) == (3, 2)


def test_evaluator_measures_in_drive_px() -> None:
    record = {
        "image_id": 7,
        "fov": FieldOfView(1080, 500, 500),  # two px to a DRIVE px
        "annotations": [{"center": [100, 100]}, {"center": [400, 400]}],
    }
    evaluator = CenterEvaluator([record], 10.0, threshold=0.5)
    instances = Instances((1000, 1000))
    # Centres 16 px, that is 8 DRIVE px, from the first crossing; and far from any.
    instances.pred_boxes = Boxes(torch.tensor([[96.5, 80.5, 136.5, 120.5], [700, 0, 740, 40]]))
    instances.scores = torch.tensor([0.9, 0.4])
    evaluator.reset()
    evaluator.process([record], [{"instances": instances}])
    results = evaluator.evaluate()
    assert results is not None
    metrics = results["center"]
    assert metrics["precision_10px"] == 1 and metrics["recall_10px"] == 0.5
    assert metrics["f1_10px"] == pytest.approx(2 / 3)
    assert metrics["f1_5px"] == 0
    assert metrics["threshold"] == 0.5


@pytest.mark.parametrize("tolerance", [10.0, 8.0])
def test_no_published_metric_vanishes_with_another_tolerance(repo: Path, tolerance: float) -> None:
    record = {"image_id": 0, "fov": FieldOfView(540, 270, 270), "annotations": []}
    evaluator = CenterEvaluator([record], tolerance, threshold=-1.0)
    results = evaluator.evaluate()
    assert results is not None
    measured = {f"center_{name}" for name in results["center"]}
    read = set(re.findall(r"center_f1_[0-9.]+px", (repo / "tools/tables/detector.py").read_text()))
    assert "center_f1_10px" in read <= measured
    assert {name for name in METRICS if "px" in name} <= measured
    assert f"center_f1_{tolerance:g}px" in measured


def test_the_chosen_tolerance_chooses_the_threshold() -> None:
    record = {
        "image_id": 0,
        "fov": FieldOfView(540, 270, 270),
        "annotations": [{"center": [100, 100]}],
    }
    instances = Instances((540, 540))
    # The better score is 12 px away, the other 2 px.
    instances.pred_boxes = Boxes(
        torch.tensor([[102.5, 90.5, 122.5, 110.5], [92.5, 90.5, 112.5, 110.5]])
    )
    instances.scores = torch.tensor([0.9, 0.4])
    thresholds = {}
    for tolerance in (5.0, 15.0):
        evaluator = CenterEvaluator([record], tolerance, threshold=-1.0)
        evaluator.process([record], [{"instances": instances}])
        results = evaluator.evaluate()
        assert results is not None
        thresholds[tolerance] = results["center"]["threshold"]
    assert thresholds == pytest.approx({5.0: 0.4, 15.0: 0.9})


def test_unmarked_crossing_is_neutral() -> None:
    photograph = PhotographCenters(
        points((0, 0), (50, 0), (100, 0)),
        np.array([0.9, 0.8, 0.7]),
        points((0, 0)),
        points((1, 0), (52, 0)),  # one beside a labelled crossing, which is found all the same
    )
    counted = photograph.matches(10.0)
    assert counted.matched.tolist() == [True, False, False]
    neutral = photograph.matches(10.0, unmarked_neutral=True)
    assert neutral.matched.tolist() == [True, False]
    assert neutral.scores.tolist() == [0.9, 0.7]
    assert neutral.crossings == counted.crossings == 1
