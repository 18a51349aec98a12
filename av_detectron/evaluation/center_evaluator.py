"""Detectron2 evaluator of crossings by their centres: precision, recall, F1 and FROC."""

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

from detectron2.evaluation import DatasetEvaluator
from detectron2.utils import comm

from av_detectron.evaluation.center_matching import (
    PhotographCenters,
    labelled_centers,
    measured_tolerances,
    pool,
    tolerance_name,
)

FROC_POINTS = (1.0, 2.0, 4.0)
"""False positives a photograph at which the sensitivity is reported."""


class CenterEvaluator(DatasetEvaluator):
    """Match centres of boxes to labelled crossings, one to one.

    Distances are in DRIVE px, so that one tolerance serves every camera.
    """

    def __init__(
        self, records: Sequence[dict[str, Any]], tolerance: float, threshold: float
    ) -> None:
        """
        Args:
            records: dataset dicts with `fov` and annotations with `center`.
            tolerance: greatest distance that counts as found (DRIVE px).
            threshold: score from which on a detection counts; negative to take the one with
                the best F1 on these very photographs, which is right on validation only.
        """
        self.labelled = {r["image_id"]: labelled_centers(r) for r in records}
        self.drive_px = {r["image_id"]: r["fov"].drive_px for r in records}
        self.tolerance = tolerance
        self.threshold = threshold
        self.photographs: dict[int, PhotographCenters] = {}

    def reset(self) -> None:
        self.photographs = {}

    def process(self, inputs: list[dict[str, Any]], outputs: list[dict[str, Any]]) -> None:
        for record, output in zip(inputs, outputs, strict=True):
            image_id = record["image_id"]
            instances = output["instances"].to("cpu")
            centers = instances.pred_boxes.get_centers().numpy().astype(float) - 0.5
            self.photographs[image_id] = PhotographCenters(
                centers / self.drive_px[image_id],
                instances.scores.numpy().astype(float),
                self.labelled[image_id],
            )

    def evaluate(self) -> "OrderedDict[str, dict[str, float]] | None":
        """Metrics under "center": precision, recall and f1_<t>px at every measured tolerance t, the
        threshold used, and the sensitivities at `FROC_POINTS` at the chosen tolerance."""
        gathered = comm.gather(self.photographs, dst=0)
        if not comm.is_main_process():
            return None
        self.photographs = {k: v for part in gathered for k, v in part.items()}
        photographs = list(self.photographs.values())
        chosen = pool([p.matches(self.tolerance) for p in photographs])
        threshold = self.threshold if self.threshold >= 0 else chosen.best_threshold()
        metrics = {"threshold": threshold}
        for tolerance in measured_tolerances(self.tolerance):
            matches = pool([p.matches(tolerance) for p in photographs])
            for name, value in matches.at(threshold).items():
                metrics[tolerance_name(name, tolerance)] = value
        for count in FROC_POINTS:
            metrics[f"sensitivity_at_{count:g}_fp"] = chosen.sensitivity_at(count)
        return OrderedDict(center=metrics)
