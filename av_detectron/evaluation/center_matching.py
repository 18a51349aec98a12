"""Match detected crossings to labelled ones by the distance between their centres."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

TOLERANCE = 10.0
"""Greatest distance between the centres of a detection and of the crossing that it finds (DRIVE
px); default of `TEST.CROSSPOS.TOLERANCE`, with which score thresholds are chosen."""
REPORTED_TOLERANCES = (10.0, 3.0, 5.0, 7.5, 15.0)
"""Tolerances (DRIVE px) that are measured whatever the chosen one is: results files and README's
tables read their names."""


def measured_tolerances(chosen: float) -> list[float]:
    """Every tolerance that is measured (DRIVE px), the chosen one first."""
    return list(dict.fromkeys([chosen, TOLERANCE, *REPORTED_TOLERANCES]))


def tolerance_name(metric: str, tolerance: float) -> str:
    """Name of a metric at a tolerance (DRIVE px).

    >>> tolerance_name("center_f1", 10.0), tolerance_name("center/f1", 7.5)
    ('center_f1_10px', 'center/f1_7.5px')
    """
    return f"{metric}_{tolerance:g}px"


@dataclass(frozen=True)
class Matches:
    """Detections of any number of photographs, best first, and whether each found a crossing.

    Attributes:
        scores: (N,), descending.
        matched: (N,), whether the detection was matched to a labelled crossing.
        crossings: number of labelled crossings.
        photographs: number of photographs.
    """

    scores: Array
    matched: NDArray[np.bool_]
    crossings: int
    photographs: int

    def at(self, threshold: float) -> dict[str, float]:
        """Precision, recall and F1 of the detections whose score is at least `threshold`.

        Without detections precision is 1 (nothing was claimed in vain); without crossings
        recall is 1.
        """
        kept = self.scores >= threshold
        hits, detected = int(self.matched[kept].sum()), int(kept.sum())
        precision = hits / detected if detected else 1.0
        recall = hits / self.crossings if self.crossings else 1.0
        total = detected + self.crossings
        return {
            "precision": precision,
            "recall": recall,
            "f1": 2 * hits / total if total else 1.0,
        }

    def best_threshold(self) -> float:
        """The score threshold with the highest F1; 1 where there are no detections."""
        if len(self.scores) == 0:
            return 1.0
        hits = np.cumsum(self.matched)
        f1 = 2 * hits / (np.arange(1, len(hits) + 1) + self.crossings)
        last_of_ties = np.append(self.scores[1:] != self.scores[:-1], True)
        return float(self.scores[int(np.argmax(np.where(last_of_ties, f1, -1.0)))])

    def froc(self) -> tuple[Array, Array]:
        """False positives a photograph and sensitivity, a point per detection, from (0, 0)."""
        false = np.concatenate([[0], np.cumsum(~self.matched)]) / max(self.photographs, 1)
        true = np.concatenate([[0], np.cumsum(self.matched)]) / max(self.crossings, 1)
        return false, true

    def sensitivity_at(self, false_positives: float) -> float:
        """Highest sensitivity at no more than so many false positives a photograph."""
        false, true = self.froc()
        return float(true[false <= false_positives].max())


def best_common_threshold(sets: Sequence[Matches]) -> tuple[float, float]:
    """The score threshold with the highest mean of F1 over several sets, and that mean.

    Each set counts once, however many crossings it has; 1 where there are no detections.
    """
    candidates = np.unique(np.concatenate([m.scores for m in sets] or [np.zeros(0)]))[::-1]
    best, threshold = -1.0, 1.0
    for candidate in candidates:
        value = float(np.mean([m.at(candidate)["f1"] for m in sets]))
        if value > best:
            best, threshold = value, float(candidate)
    return threshold, max(best, 0.0)


def match_centers(predicted: Array, scores: Array, labelled: Array, tolerance: float) -> Array:
    """One-to-one matching in one photograph: index of the crossing found, or -1, per detection.

    Detections choose in order of score; each takes the nearest crossing that is still free and
    not further than `tolerance`.

    Args:
        predicted: centres (N, 2).
        scores: (N,).
        labelled: centres (M, 2), in the same unit.
        tolerance: greatest distance, in that unit.

    >>> match_centers(np.array([[0., 0.], [1., 0.]]), np.array([.9, .8]), np.array([[2., 0.]]), 5)
    array([ 0, -1])
    """
    result = np.full(len(predicted), -1)
    if len(labelled) == 0 or len(predicted) == 0:
        return result
    distances = np.linalg.norm(predicted[:, None] - labelled[None], axis=2)  # (N, M)
    for i in np.argsort(-scores, kind="stable"):
        nearest = int(np.argmin(distances[i]))
        if distances[i, nearest] <= tolerance:
            result[i] = nearest
            distances[:, nearest] = np.inf
    return result


def match_places(places: Array, detected: Array, tolerance: float) -> Array:
    """Detection of each known place in one photograph: its index, or -1.

    Places choose, those that lie closest to a detection first; arguments as `match_centers`.

    >>> match_places(np.array([[0., 0.], [1., 0.]]), np.array([[2., 0.]]), 5)
    array([-1,  0])
    """
    away = np.linalg.norm(places[:, None] - detected[None], axis=2).min(axis=1, initial=np.inf)
    return match_centers(places, -away, detected, tolerance)


@dataclass(frozen=True)
class PhotographCenters:
    """Centres found and labelled in one photograph, in DRIVE px.

    Attributes:
        predicted: (N, 2).
        scores: (N,).
        labelled: (M, 2).
        unmarked: crossings that the labels show without an overlap, (K, 2).
    """

    predicted: Array
    scores: Array
    labelled: Array
    unmarked: Array = field(default_factory=lambda: np.zeros((0, 2)))

    def matches(self, tolerance: float, *, unmarked_neutral: bool = False) -> Matches:
        """Match this photograph alone.

        Args:
            tolerance: greatest distance (DRIVE px).
            unmarked_neutral: leave out detections that find no labelled crossing and are no further
                than that from an unmarked one.
        """
        matched = match_centers(self.predicted, self.scores, self.labelled, tolerance) >= 0
        order = np.argsort(-self.scores, kind="stable")
        if unmarked_neutral and len(self.unmarked):
            distances = np.linalg.norm(self.predicted[:, None] - self.unmarked[None], axis=2)
            neutral = ~matched & (distances.min(axis=1) <= tolerance)
            order = order[~neutral[order]]
        return Matches(self.scores[order], matched[order], len(self.labelled), 1)


def labelled_centers(record: dict[str, Any]) -> Array:
    """Labelled crossings of a dataset dict: centres (M, 2) in DRIVE px."""
    centers = np.array([a["center"] for a in record["annotations"]], float).reshape(-1, 2)
    return np.asarray(centers / record["fov"].drive_px)


def unmarked_centers(record: dict[str, Any]) -> Array:
    """Crossings of a dataset dict that its labels show without an overlap, (K, 2) in DRIVE px; none
    where that is not known."""
    centers = np.array(record.get("unmarked_crossings") or [], float).reshape(-1, 2)
    return np.asarray(centers / record["fov"].drive_px)


def pool(matches: list[Matches]) -> Matches:
    """Put the matches of several photographs together."""
    scores = np.concatenate([m.scores for m in matches] or [np.zeros(0)])
    matched = np.concatenate([m.matched for m in matches] or [np.zeros(0, bool)])
    order = np.argsort(-scores, kind="stable")
    return Matches(
        scores[order],
        matched[order],
        sum(m.crossings for m in matches),
        sum(m.photographs for m in matches),
    )
