"""Artery/vein maps against labels: vessels, and arteriole against venule, as papers report them.

Vessels are scored inside the field of view, uncertain ones included. Artery and vein are scored
where the label knows the kind: pixels labelled 3 (crossings and uncertain vessels) are left out.
Artery is the positive class.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from detectron2.evaluation import DatasetEvaluator
from detectron2.utils import comm
from numpy.typing import NDArray
from skimage.morphology import skeletonize

from av_detectron.data import annotations as read
from av_detectron.data.fov import FieldOfView, fov_circle


@dataclass(frozen=True)
class Confusion:
    """Pixels of a yes-or-no question, of one photograph or of many (add them up)."""

    true_positive: int = 0
    false_positive: int = 0
    false_negative: int = 0
    true_negative: int = 0

    @classmethod
    def count(cls, predicted: NDArray[np.bool_], labelled: NDArray[np.bool_]) -> "Confusion":
        """Compare two arrays of the same shape."""
        both = int((predicted & labelled).sum())
        claimed, real = int(predicted.sum()), int(labelled.sum())
        return cls(both, claimed - both, real - both, labelled.size - claimed - real + both)

    def __add__(self, other: "Confusion") -> "Confusion":
        return Confusion(*(a + b for a, b in zip(astuple(self), astuple(other), strict=True)))

    @property
    def dice(self) -> float:
        errors = self.false_positive + self.false_negative
        return _ratio(2 * self.true_positive, 2 * self.true_positive + errors)

    @property
    def accuracy(self) -> float:
        return _ratio(self.true_positive + self.true_negative, sum(astuple(self)))

    @property
    def sensitivity(self) -> float:
        return _ratio(self.true_positive, self.true_positive + self.false_negative)

    @property
    def specificity(self) -> float:
        return _ratio(self.true_negative, self.true_negative + self.false_positive)


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else float("nan")


@dataclass(frozen=True)
class MapCounts:
    """What is counted of an artery/vein map.

    Attributes:
        vessel: vessel against background inside the field of view.
        av: artery against vein on all vessel pixels of known kind.
        av_detected: the same on those of them that the map calls vessel.
        av_centerline: the same on the labelled vessels' centrelines, one pixel wide.
    """

    vessel: Confusion = Confusion()
    av: Confusion = Confusion()
    av_detected: Confusion = Confusion()
    av_centerline: Confusion = Confusion()

    def __add__(self, other: "MapCounts") -> "MapCounts":
        return MapCounts(
            self.vessel + other.vessel,
            self.av + other.av,
            self.av_detected + other.av_detected,
            self.av_centerline + other.av_centerline,
        )

    def metrics(self) -> dict[str, float]:
        """Flat names → values, 0-1; NaN for what there was nothing to measure with."""
        values = {
            "vessel_dice": self.vessel.dice,
            "vessel_accuracy": self.vessel.accuracy,
            "vessel_sensitivity": self.vessel.sensitivity,
            "vessel_specificity": self.vessel.specificity,
        }
        for where in ("", "_detected", "_centerline"):
            counts: Confusion = getattr(self, f"av{where}")
            values[f"av_accuracy{where}"] = counts.accuracy
            values[f"av_sensitivity{where}"] = counts.sensitivity
            values[f"av_specificity{where}"] = counts.specificity
        return values


def count_map(
    probabilities: NDArray[np.float32], labels: NDArray[np.uint8], fov: FieldOfView
) -> MapCounts:
    """Compare a map with labels of the same photograph.

    A pixel is vessel where artery and vein together are likelier than background; it is artery
    where artery is likelier than vein, whatever the background's share.

    Args:
        probabilities: background, artery and vein, (3, H, W).
        labels: (H, W), 0-3.
        fov: of the photograph.

    Raises:
        ValueError: the sizes differ.
    """
    if probabilities.shape != (3, *labels.shape):
        raise ValueError(f"expected a map (3, *{labels.shape}), found {probabilities.shape}")
    vessel = probabilities[0] < 0.5
    artery = probabilities[1] > probabilities[2]
    labelled = labels != read.BACKGROUND
    inside = fov_circle(fov, labels.shape)
    known = (labels == read.ARTERY) | (labels == read.VEIN)

    def kinds(where: NDArray[np.bool_]) -> Confusion:
        return Confusion.count(artery[where], labels[where] == read.ARTERY)

    return MapCounts(
        vessel=Confusion.count(vessel[inside], labelled[inside]),
        av=kinds(known),
        av_detected=kinds(known & vessel),
        av_centerline=kinds(known & skeletonize(labelled)),
    )


class AVMapEvaluator(DatasetEvaluator):
    """Scores the "av" output on the photographs that have artery/vein labels, pooled by pixel."""

    def __init__(self, records: Sequence[dict[str, Any]]) -> None:
        """
        Args:
            records: dataset dicts with `fov` and perhaps `av_file_name`.
        """
        self.records = {r["image_id"]: r for r in records if r.get("av_file_name")}
        self.counts: dict[int, MapCounts] = {}

    def reset(self) -> None:
        self.counts = {}

    def process(self, inputs: list[dict[str, Any]], outputs: list[dict[str, Any]]) -> None:
        for given, output in zip(inputs, outputs, strict=True):
            record = self.records.get(given["image_id"])
            if record is not None:
                labels = read.read_av_map(Path(record["av_file_name"]))
                probabilities = output["av"].cpu().numpy()
                counts = count_map(probabilities, labels, record["fov"])
                self.counts[given["image_id"]] = counts

    def evaluate(self) -> "OrderedDict[str, dict[str, float]] | None":
        """Metrics under "av", see `MapCounts.metrics`."""
        gathered = comm.gather(self.counts, dst=0)
        if not comm.is_main_process():
            return None
        self.counts = {k: v for part in gathered for k, v in part.items()}
        return OrderedDict(av=sum(self.counts.values(), MapCounts()).metrics())
