"""How dark it is along lines perpendicular to a vessel's centreline."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from av_grading.formats.labels import ARTERY, BACKGROUND, OVERLAP
from av_grading.vessels.centerline import Points, VesselLine

Array = NDArray[np.float64]

STEP = 0.5
"""Between profiles along the vessel, and between samples along a profile (DRIVE px), but no less
than half a px."""
BESIDE = 4.5
"""What a profile shows of the background on either side of the vessel (DRIVE px)."""
ALONG = 0.5
"""Standard deviation of the averaging along the vessel (DRIVE px)."""
CLEAR = 1.25
"""Samples closer than this to another vessel do not count (DRIVE px)."""
_DARKEST = 2.0  # median grey level


@dataclass(frozen=True)
class Profiles:
    """Profiles of one vessel, from the end of its first arm to the end of its second.

    Attributes:
        darkness: 1 minus the green channel over its median, (N, K).
        weights: 1 where a sample shows the vessel or its background, 0 where another vessel or the
            patch's edge is in the way, (N, K).
        offsets: distance from the centreline (px), (K,), the same for all.
        points, normals: x and y of the centreline (px) and of the unit vector along each profile,
            (N, 2).
        along: way along the vessel from the crossing, negative on the first arm (px), (N,).
        covered: the artery lies over the centreline, (N,).
        walls: distance between the walls in the map along each profile (px), (N,); NaN where the
            centreline is not on the vessel, or the artery hides a wall.
    """

    darkness: Array
    weights: Array
    offsets: Array
    points: Points
    normals: Points
    along: Array
    covered: NDArray[np.bool_]
    walls: Array


def sample_profiles(
    photograph: NDArray[np.uint8], av_map: NDArray[np.uint8], line: VesselLine, drive_px: float
) -> Profiles:
    """Sample profiles along a vessel.

    Args:
        photograph: RGB, (H, W, 3), 0-255.
        av_map: labels (H, W), 0-3.
        line: the vessel's centreline.
        drive_px: length of one DRIVE px in px.
    """
    step = max(0.5, STEP * drive_px)
    points, normals, along = even_points(line, step)
    labels = _labels_across(av_map, points, normals, step, _longest(av_map))
    walls = _walls(labels) * step
    reach = 0.75 * _typical(walls) + BESIDE * drive_px
    count = int(np.ceil(reach / step))
    offsets = step * np.arange(-count, count + 1, dtype=np.float64)
    x, y = _places(points, normals, offsets)
    height, width = av_map.shape
    green = ndimage.map_coordinates(
        photograph[..., 1].astype(np.float32), (y, x), order=3, mode="nearest"
    )
    darkness = 1 - green.astype(np.float64) / max(float(np.median(green)), _DARKEST)
    darkness = ndimage.gaussian_filter1d(darkness, ALONG * drive_px / step, axis=0, mode="nearest")
    inside = (x >= 0) & (x <= width - 1) & (y >= 0) & (y <= height - 1)
    across = _labels_across(av_map, points, normals, step, count)
    free = ~_other_vessels(across, round(CLEAR * drive_px / step))
    middle = across[:, count]
    return Profiles(
        darkness,
        (inside & free).astype(np.float64),
        offsets,
        points,
        normals,
        along,
        (middle == ARTERY) | (middle == OVERLAP),
        walls,
    )


def walls_along(
    av_map: NDArray[np.uint8], line: VesselLine, drive_px: float
) -> tuple[Array, Array]:
    """Width of a vessel in its map, across the centreline.

    Args:
        av_map: labels (H, W), 0-3.
        line: the vessel's centreline.
        drive_px: length of one DRIVE px in px.

    Returns:
        way from the crossing, negative on the first arm, and distance between the walls there, NaN
        where the artery hides one or the centreline is not on the vessel; both (N,), in px.
    """
    step = 0.25  # px: walls lie between pixels
    points, normals, along = even_points(line, step, smooth=max(2.0, drive_px) / step)
    return along, _walls(_labels_across(av_map, points, normals, step, _longest(av_map))) * step


def even_points(line: VesselLine, step: float, smooth: float = 2.0) -> tuple[Points, Points, Array]:
    """Points of a line at even steps, unit normals, and way from the crossing (px).

    `smooth` is the standard deviation, in steps, of the averaging of directions.
    """
    points = line.points
    lengths = np.linalg.norm(np.diff(points, axis=0), axis=1)
    points = points[np.concatenate([[True], lengths > 1e-6])]
    way = np.concatenate([[0], np.cumsum(lengths[lengths > 1e-6])])
    first = float(np.linalg.norm(np.diff(line.first, axis=0), axis=1).sum())
    along = np.arange(-np.floor(first / step), np.floor((way[-1] - first) / step) + 1) * step
    even = np.stack([np.interp(along + first, way, points[:, i]) for i in (0, 1)], axis=1)
    tangent = ndimage.gaussian_filter1d(np.gradient(even, axis=0), smooth, axis=0, mode="nearest")
    tangent /= np.maximum(np.linalg.norm(tangent, axis=1, keepdims=True), 1e-9)
    return even, np.stack([-tangent[:, 1], tangent[:, 0]], axis=1), along


def sampled(
    plane: NDArray[np.float32] | NDArray[np.uint8], x: Array, y: Array
) -> NDArray[np.float32]:
    """A picture (H, W) or (H, W, C) at places (N, K), between its pixels and beyond its edge as at
    it; (N, K) or (N, K, C). Places are told to a 32nd of a px."""
    return np.asarray(
        cv2.remap(
            np.ascontiguousarray(plane, np.float32),
            x.astype(np.float32),
            y.astype(np.float32),
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )
    )


def _places(points: Points, normals: Points, offsets: Array) -> tuple[Array, Array]:
    """x and y of samples, each (N, K)."""
    places = points[:, None] + offsets[None, :, None] * normals[:, None]
    return places[..., 0], places[..., 1]


def _longest(av_map: NDArray[np.uint8]) -> int:
    return int(max(av_map.shape)) // 2


def _labels_across(
    av_map: NDArray[np.uint8], points: Points, normals: Points, step: float, count: int
) -> NDArray[np.uint8]:
    """Nearest labels along each profile, (N, 2 * count + 1); background beyond the patch."""
    offsets = step * np.arange(-count, count + 1, dtype=np.float64)
    x, y = _places(points, normals, offsets)
    found = ndimage.map_coordinates(av_map, (y, x), order=0, mode="constant", cval=BACKGROUND)
    return np.asarray(found, np.uint8)


def _walls(labels: NDArray[np.uint8]) -> Array:
    """Samples between the first background on either side of the middle.

    NaN where the middle is not on the vessel, or where the artery begins before the background:
    the vessel's wall is hidden there.
    """
    middle = labels.shape[1] // 2
    vessel, hidden = labels != BACKGROUND, (labels == ARTERY) | (labels == OVERLAP)
    right = np.cumprod(vessel[:, middle:], axis=1)
    left = np.cumprod(vessel[:, middle::-1], axis=1)
    under = (right * hidden[:, middle:]).any(axis=1) | (left * hidden[:, middle::-1]).any(axis=1)
    width = (left.sum(axis=1) + right.sum(axis=1) - 1).astype(float)
    return np.where(vessel[:, middle] & ~under, width, np.nan)


def _typical(walls: Array) -> float:
    return float(np.nanmedian(walls)) if np.isfinite(walls).any() else 0.0


def _other_vessels(labels: NDArray[np.uint8], clear: int) -> NDArray[np.bool_]:
    """Samples on or near a vessel that is not the one in the middle, (N, K)."""
    middle = labels.shape[1] // 2
    vessel = labels != BACKGROUND
    own = np.zeros_like(vessel)
    own[:, middle:] = np.cumprod(vessel[:, middle:], axis=1) > 0
    own[:, middle::-1] |= np.cumprod(vessel[:, middle::-1], axis=1) > 0
    on_top = (labels == ARTERY) | (labels == OVERLAP)
    other = (vessel & ~own) | on_top
    near = np.ones((1, 2 * clear + 1))
    return np.asarray(ndimage.binary_dilation(other, near) if clear else other, bool)
