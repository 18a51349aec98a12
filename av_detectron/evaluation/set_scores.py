"""A detector's main figures on one set of photographs, from one pass over them."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from detectron2.structures import BoxMode, Instances
from numpy.typing import NDArray

from av_detectron.data import annotations as read
from av_detectron.data.coco import CATEGORY
from av_detectron.evaluation.av_evaluator import MapCounts, count_map
from av_detectron.evaluation.center_matching import TOLERANCE, tolerance_name
from av_detectron.evaluation.detector_scores import (
    DetectorScores,
    bootstrap_metrics,
    neutral_name,
)
from av_detectron.evaluation.disc_scores import DiscPair, disc_metrics

METRICS = (
    "bbox_AP50",
    tolerance_name("center_f1", TOLERANCE),
    neutral_name("f1", TOLERANCE),
    "unmarked_share",
    "vessel_dice",
    "av_accuracy",
    "av_accuracy_detected",
    "disc_found",
    "disc_center_error_dd",
    "disc_diameter_error",
)
"""Those that are measured, where a detector has what they measure."""


class SetScores:
    """Boxes, centres, map and disc of one detector on one CrossPos file."""

    def __init__(
        self,
        json_file: Path,
        predicted: Iterable[tuple[dict[str, Any], dict[str, Any]]],
        threshold: float,
        disc: bool,
    ) -> None:
        """
        Args:
            json_file: CrossPos file with the labels.
            predicted: dataset dict and output of every photograph.
            threshold: score from which on a detection counts for F1.
            disc: whether the detector finds the optic disc.
        """
        boxes: list[dict[str, Any]] = []
        maps, discs = {}, {}
        for record, output in predicted:
            number = record["image_id"]
            boxes += _coco_boxes(output["instances"], number)
            if record.get("av_file_name"):
                labels = read.read_av_map(Path(record["av_file_name"]))
                maps[number] = count_map(output["av"].cpu().numpy(), labels, record["fov"])
            if disc and record.get("disc"):
                discs[number] = DiscPair(record["disc"], output["disc"])
        self._detector = DetectorScores(json_file, boxes, threshold, TOLERANCE)
        self.photographs = [Path(p).name for p in self._detector.photographs]
        numbers = self._detector.image_ids
        self._maps = [maps.get(n, MapCounts()) for n in numbers]
        self._discs = [discs.get(n) for n in numbers]

    def metrics(self, indices: NDArray[np.int64]) -> dict[str, float]:
        """Those of `METRICS` that could be measured, of the photographs with these indices."""
        values = self._detector.metrics(indices)
        values |= sum((self._maps[i] for i in indices), MapCounts()).metrics()
        pairs = [pair for i in indices if (pair := self._discs[i]) is not None]
        values |= disc_metrics(pairs)
        return {k: values[k] for k in METRICS if not np.isnan(values.get(k, np.nan))}


def compare_sets(
    before: SetScores, after: SetScores, draws: int, seed: int
) -> tuple[dict[str, float], dict[str, list[float]]]:
    """Metrics of two detectors on one set and their difference, each with a 95 % interval.

    Both are resampled alike.

    Returns:
        `<metric>`, `<metric>_before` and `<metric>_minus_before`, and their intervals.
    """

    def both(indices: NDArray[np.int64]) -> dict[str, float]:
        old, new = before.metrics(indices), after.metrics(indices)
        values = new | {f"{k}_before": v for k, v in old.items()}
        return values | {f"{k}_minus_before": new[k] - old[k] for k in new.keys() & old.keys()}

    return bootstrap_metrics(both, len(after.photographs), draws, seed)


def _coco_boxes(instances: Instances, image_id: int) -> list[dict[str, Any]]:
    """Detections in COCO's result format, without masks."""
    instances = instances.to("cpu")
    boxes = instances.pred_boxes.tensor.numpy().copy()
    boxes = BoxMode.convert(boxes, BoxMode.XYXY_ABS, BoxMode.XYWH_ABS)
    return [
        {"image_id": image_id, "category_id": CATEGORY["id"], "bbox": list(map(float, box))}
        | {"score": float(score)}
        for box, score in zip(boxes, instances.scores.numpy(), strict=True)
    ]
