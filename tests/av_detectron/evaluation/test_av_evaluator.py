"""Scores of artery/vein maps, by hand."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from av_detectron.data.fov import FieldOfView
from av_detectron.evaluation.av_evaluator import AVMapEvaluator, Confusion, MapCounts, count_map

WIDE = FieldOfView(diameter=100.0, x=2.0, y=0.5)


def certain(labels: np.ndarray) -> np.ndarray:
    return np.stack([labels == k for k in range(3)]).astype(np.float32)


def test_confusion_by_hand() -> None:
    counts = Confusion.count(
        np.array([True, True, False, False, True]), np.array([True, False, True, False, True])
    )
    assert counts == Confusion(2, 1, 1, 1)
    assert counts.dice == pytest.approx(4 / 6) and counts.accuracy == pytest.approx(3 / 5)
    assert counts.sensitivity == pytest.approx(2 / 3) and counts.specificity == pytest.approx(1 / 2)
    assert np.isnan(Confusion().dice)


def test_map_by_hand() -> None:
    labels = np.array([[0, 1, 1, 2, 2, 3], [0, 0, 0, 0, 0, 0]], np.uint8)
    found = np.array([[0, 1, 2, 2, 0, 1], [1, 0, 0, 0, 0, 0]], np.uint8)
    probabilities = certain(found)
    probabilities[:, 0, 4] = (0.8, 0.15, 0.05)  # missed, and artery is the likelier kind
    counts = count_map(probabilities, labels, WIDE)
    # 12 px: vessels found at 4 of 5, one px claimed in vain; the uncertain px counts as vessel
    assert counts.vessel == Confusion(4, 1, 1, 6)
    # of 4 px of known kind: artery right, artery taken for vein, vein right, missed vein wrong
    assert counts.av == Confusion(1, 1, 1, 1)
    assert counts.av_detected == Confusion(1, 0, 1, 1)
    metrics = counts.metrics()
    assert metrics["vessel_dice"] == pytest.approx(8 / 10)
    assert metrics["av_accuracy"] == pytest.approx(0.5)
    assert metrics["av_accuracy_detected"] == pytest.approx(2 / 3)


def test_outside_of_the_field_of_view_vessels_do_not_count() -> None:
    labels = np.zeros((9, 9), np.uint8)
    found = np.zeros((9, 9), np.uint8)
    found[0, 0] = 1
    counts = count_map(certain(found), labels, FieldOfView(diameter=6.0, x=4.0, y=4.0))
    assert counts.vessel.false_positive == 0 and 0 < counts.vessel.true_negative < 81


def test_centerline_counts_a_thick_vessel_once_across() -> None:
    labels = np.zeros((21, 60), np.uint8)
    labels[8:13, 5:55] = 2
    counts = count_map(certain(labels), labels, FieldOfView(diameter=80.0, x=30.0, y=10.0))
    assert counts.av_centerline.accuracy == 1.0
    assert 40 <= counts.av_centerline.true_negative <= 55  # about the vessel's length
    assert counts.av.true_negative == 250


def test_other_size_is_refused() -> None:
    with pytest.raises(ValueError, match=r"expected a map \(3, \*\(4, 4\)\), found \(3, 4, 5\)"):
        count_map(np.zeros((3, 4, 5), np.float32), np.zeros((4, 4), np.uint8), WIDE)


def test_evaluator_pools_the_photographs_with_labels(tmp_path: Path) -> None:
    records = []
    for name, value in (("a", 1), ("b", 2)):
        path = tmp_path / f"{name}.png"
        Image.fromarray(np.full((2, 4), value, np.uint8)).save(path)
        records.append({"image_id": len(records), "fov": WIDE, "av_file_name": str(path)})
    records.append({"image_id": 2, "fov": WIDE, "av_file_name": None})
    evaluator = AVMapEvaluator(records)
    evaluator.reset()
    found = torch.from_numpy(certain(np.full((2, 4), 1, np.uint8)))
    evaluator.process([{"image_id": i} for i in range(3)], [{"av": found}] * 3)
    metrics = evaluator.evaluate()["av"]
    assert metrics["av_accuracy"] == 0.5 and metrics["vessel_dice"] == 1.0
    assert sum((c for c in evaluator.counts.values()), MapCounts()).av == Confusion(8, 8, 0, 0)
