"""Courses of a vessel on both sides of the one that it crosses: straight lines fitted to it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from av_grading.formats.errors import NotMeasurable
from av_grading.vessels.visible import VisibleVessel

Array = NDArray[np.float64]

NEAR = (0.0, 2.5)
"""Where a vessel's course beside the other vessel is told, from that one's edge (DRIVE px)."""
FAR = (3.0, 8.0)
"""Where its course away from it is told (DRIVE px)."""
WHOLE = (1.5, 8.0)
"""Where its course on one side, as a whole, is told (DRIVE px)."""
FARTHEST = 1.5
"""So far from its line the middle of a vessel may lie (DRIVE px)."""
_FEWEST = 3  # places that make a course


@dataclass(frozen=True)
class Course:
    """Straight lines through a vessel's places on both sides, of R pictures.

    Attributes:
        middle: of the places, x and y (px), (R, 2, 2).
        way: unit vectors away from the crossing, (R, 2, 2).
    """

    middle: Array
    way: Array


def fit_course(points: Array, away: Array, between: tuple[float, float]) -> Course:
    """Fit lines to the places between two distances.

    Args:
        points: x and y (px), (R, 2, M, 2); NaN where there are none.
        away: distance of the places from the other vessel's edge (DRIVE px), (M,).
        between: two of them.

    Raises:
        NotMeasurable: there are too few places on a side.
    """
    chosen = (away >= between[0]) & (away <= between[1])
    places, t = points[:, :, chosen], away[chosen]
    weight = np.isfinite(places[..., 0]).astype(np.float64)  # (R, 2, K)
    count = weight.sum(axis=2, keepdims=True)
    if count.min() < _FEWEST:
        raise NotMeasurable("the vein's course is too short on one side of the artery")
    places = np.nan_to_num(places)
    middle = places.sum(axis=2) / count
    off = (t - (weight * t).sum(axis=2, keepdims=True) / count) * weight
    way = np.einsum("rsk,rskc->rsc", off, places)
    return Course(middle, way / np.maximum(np.linalg.norm(way, axis=2, keepdims=True), 1e-9))


def turn(first: Array, second: Array) -> Array:
    """By how much the second of two directions is turned from the first (degrees), -180 to 180;
    (..., 2) to (...)."""
    cross = first[..., 0] * second[..., 1] - first[..., 1] * second[..., 0]
    return np.asarray(np.degrees(np.arctan2(cross, (first * second).sum(axis=-1))))


def middles(vessel: VisibleVessel, drive_px: float) -> Array:
    """Places in the middle of what is dark, of the picture and its copies (px), (R, 2, M, 2).

    A line that was followed cuts the corners of a vein that bends.
    """
    off = np.clip(np.nan_to_num(vessel.shift), -FARTHEST, FARTHEST) * drive_px
    return np.asarray(vessel.points + off[..., None] * vessel.normals)


def points_of_copies(vessel: VisibleVessel, drive_px: float) -> Array:
    """Places of a vessel in the picture and its copies (px), (R, 2, M, 2): those of a copy are
    moved by as much as the middle of what is dark has moved in it."""
    moved = np.nan_to_num(vessel.shift - vessel.shift[:1]) * drive_px
    return np.asarray(vessel.points + moved[..., None] * vessel.normals)
