"""COCO figures, resamples of photographs and intervals."""

import copy
import json
from pathlib import Path

import numpy as np
import pytest

from av_detectron.data.coco import LabelOptions
from av_detectron.data.crosspos import json_path
from av_detectron.data.prepare import prepare_set
from av_detectron.evaluation.detector_scores import (
    DetectorScores,
    bootstrap,
    interval,
    plot_centers,
)


@pytest.fixture
def labels(cross_set: Path, tmp_path: Path) -> Path:
    prepare_set("toy", {"train": cross_set}, tmp_path, LabelOptions(), 0.0, 0)
    return json_path(tmp_path, "crosspos_toy_train")


def perfect(labels: Path) -> list[dict]:
    keys = ("image_id", "category_id", "bbox", "segmentation")
    annotations = json.loads(labels.read_text())["annotations"]
    return [{**{k: a[k] for k in keys}, "score": 0.9} for a in annotations]


def test_perfect_detections(labels: Path) -> None:
    metrics = DetectorScores(labels, perfect(labels), 0.5, 10.0).metrics()
    for name in ("bbox_AP", "bbox_AP50", "bbox_AP75", "segm_AP50", "bbox_AR1", "bbox_AR100"):
        assert metrics[name] == pytest.approx(1.0), name
    assert metrics["center_f1_10px"] == 1.0


def test_one_of_two_found(labels: Path) -> None:
    metrics = DetectorScores(labels, perfect(labels)[:1], 0.5, 10.0).metrics()
    assert metrics["bbox_AP50"] == pytest.approx(0.5, abs=0.01)  # 51 of 101 recall points
    assert metrics["bbox_AR100"] == pytest.approx(0.5)
    assert metrics["center_recall_10px"] == 0.5


def test_found_unmarked_crossing_counts_neither_way(labels: Path) -> None:
    content = json.loads(labels.read_text())
    image = content["images"][0]
    found = perfect(labels)
    before = DetectorScores(labels, found, 0.5, 10.0).metrics()
    assert before["unmarked_share"] == 0
    elsewhere = copy.deepcopy(found[0])
    elsewhere["bbox"][0] += 2 * elsewhere["bbox"][2]
    x, y, width, height = elsewhere["bbox"]
    image["unmarked_crossings"] = [[x + width / 2 - 0.5, y + height / 2 - 0.5]]
    labels.write_text(json.dumps(content))
    metrics = DetectorScores(labels, [*found, elsewhere], 0.5, 10.0).metrics()
    assert metrics["center_f1_10px"] < 1
    assert metrics["center_f1_10px_unmarked_neutral"] == 1
    assert metrics["unmarked_share"] == pytest.approx(1 / (1 + len(found)))


def test_unmarked_crossings_may_be_unknown(labels: Path) -> None:
    content = json.loads(labels.read_text())
    for image in content["images"]:
        del image["unmarked_crossings"]  # prepared by an earlier version
    labels.write_text(json.dumps(content))
    metrics = DetectorScores(labels, perfect(labels), 0.5, 10.0).metrics()
    assert not [name for name in metrics if "unmarked" in name]


def test_shifted_box_loses_high_overlaps(labels: Path) -> None:
    shifted = copy.deepcopy(perfect(labels))
    for record in shifted:
        record["bbox"][0] += 0.2 * record["bbox"][2]  # IoU 0.8 / 1.2
    metrics = DetectorScores(labels, shifted, 0.5, 10.0).metrics()
    assert metrics["bbox_AP50"] == pytest.approx(1.0) and metrics["bbox_AP75"] == 0


def test_curves(labels: Path, tmp_path: Path) -> None:
    shifted = copy.deepcopy(perfect(labels))
    for record in shifted:
        record["bbox"][0] += 5 * 99 / 540  # five DRIVE px
    curves = DetectorScores(labels, shifted, 0.5, 10.0).curves()
    assert curves["f1"][:4] == [0, 0, 0, 0] and curves["f1"][5:] == [1] * 15
    assert curves["false_positives"] == [0] and curves["sensitivity"] == [1]
    plot_centers({"mine": curves}, 10.0, tmp_path / "centers.png")
    assert (tmp_path / "centers.png").stat().st_size > 1000


def test_no_detections(labels: Path) -> None:
    metrics = DetectorScores(labels, [], 0.5, 10.0).metrics()
    assert metrics["bbox_AP50"] == 0 and metrics["center_f1_10px"] == 0


def test_resamples_count_photographs_as_often_as_drawn(labels: Path) -> None:
    scores = DetectorScores(labels, perfect(labels)[:1], 0.5, 10.0)
    assert scores.metrics(np.array([0, 0]))["bbox_AP50"] == pytest.approx(1.0)
    assert scores.metrics(np.array([1, 1]))["bbox_AP50"] == 0
    assert scores.metrics(np.array([0, 1])) == pytest.approx(scores.metrics())
    assert scores.metrics(np.array([0, 0]))["center_recall_10px"] == 1


def test_bootstrap_pairs_the_detectors(labels: Path) -> None:
    good = DetectorScores(labels, perfect(labels), 0.5, 10.0)
    half = DetectorScores(labels, perfect(labels)[:1], 0.5, 10.0)
    draws = bootstrap({"good": good, "half": half}, draws=40, seed=3)
    again = bootstrap({"good": good, "half": half}, draws=40, seed=3)
    assert draws == again
    low, high = interval([d["center_recall_10px"] for d in draws["half"]])
    assert (low, high) == (0.0, 1.0)
    difference = [
        a["center_recall_10px"] - b["center_recall_10px"]
        for a, b in zip(draws["good"], draws["half"], strict=True)
    ]
    assert min(difference) >= 0
