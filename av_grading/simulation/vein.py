"""The vein of a crossing: its width, what the artery covers, and places along and across it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree

from av_grading.formats.labels import ARTERY, OVERLAP
from av_grading.vessels.centerline import VesselLine
from av_grading.vessels.profiles import walls_along

Field = NDArray[np.float64]

EDGE = 2.5
"""How far from the artery a vein counts as beside it (DRIVE px)."""
_STEP = 0.25  # px between points of the dense centreline


@dataclass(frozen=True)
class Vein:
    """A vein through a crossing, as the effects need it; all in px.

    Attributes:
        line: its centreline.
        half_width: half of its width.
        covered: length of each arm that lies under the artery.
        at_edge: width just beyond the artery on each arm's side, as a share of the vein's own: few
            veins are as wide there as elsewhere.
    """

    line: VesselLine
    half_width: float
    covered: tuple[float, float]
    at_edge: tuple[float, float]


@dataclass(frozen=True)
class Artery:
    """The artery through a crossing; all in px.

    Attributes:
        line: its centreline.
        half_width: half of its width.
    """

    line: VesselLine
    half_width: float


def measure_artery(av_map: NDArray[np.uint8], line: VesselLine) -> Artery:
    """Width of an artery beside its crossings, where the map has it alone.

    Args:
        av_map: labels (H, W), 0-3.
        line: the artery's centreline.
    """
    off = ndimage.distance_transform_edt(np.isin(av_map, (ARTERY, OVERLAP)))
    alone = _at(av_map, line.points) == ARTERY
    found = _at(off, line.points)[alone]
    return Artery(line, max(0.5, float(np.median(found)) - 0.5) if len(found) else 0.5)


def measure_vein(av_map: NDArray[np.uint8], line: VesselLine, drive_px: float) -> Vein:
    """Width of a vein, and how much of it the artery covers.

    Args:
        av_map: labels (H, W), 0-3.
        line: the vein's centreline.
        drive_px: length of one DRIVE px in px.
    """
    covered = []
    for arm in (line.first, line.second):
        labels = _at(av_map, arm)
        over = np.flatnonzero((labels == ARTERY) | (labels == OVERLAP))
        last = int(over[-1]) + 1 if len(over) else 0
        steps = np.linalg.norm(np.diff(arm, axis=0), axis=1)
        covered.append(float(steps[:last].sum()))
    along, walls = walls_along(av_map, line, drive_px)
    seen = np.isfinite(walls)
    edges = []
    for side, hidden in zip((-1, 1), covered, strict=True):
        beyond = seen & (side * along >= hidden)
        if not beyond.any():
            return Vein(line, 0.0, (covered[0], covered[1]), (1.0, 1.0))
        nearest = float((side * along[beyond]).min())
        edges.append(walls[beyond & (side * along <= nearest + EDGE * drive_px)])
    own = float(np.median(walls[seen]))
    first, second = (float(np.median(edge)) / own for edge in edges)
    return Vein(line, own / 2, (covered[0], covered[1]), (first, second))


def along_vein(shape: tuple[int, ...], vein: Vein, reach: float) -> tuple[Field, NDArray[np.bool_]]:
    """Signed way along the vein of every pixel's nearest point of the line (px, negative on the
    first arm), and whether that is within reach (px); each (H, W)."""
    points, along, _ = dense_line(vein.line)
    _, nearest, inside = nearest_points(shape, points, reach)
    return along[nearest].reshape(shape[:2]), inside.reshape(shape[:2])


def nearest_points(
    shape: tuple[int, ...], points: Field, reach: float
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]:
    """Pixels of an image, (H W, 2), x and y; for each the nearest of some points, and whether it is
    within reach (px): where not, the number is 0."""
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    pixels = np.stack([columns.ravel(), rows.ravel()], axis=1)
    away, nearest = cKDTree(points).query(pixels, distance_upper_bound=reach)
    inside = np.isfinite(away)
    return pixels, np.where(inside, nearest, 0), inside


def dense_line(line: VesselLine) -> tuple[Field, Field, Field]:
    """Points each `_STEP` px, signed way along the line (negative on the first arm), normals."""
    points = line.points
    way = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
    first_length = float(np.linalg.norm(np.diff(line.first, axis=0), axis=1).sum())
    dense = np.arange(0, way[-1], _STEP)
    x, y = np.interp(dense, way, points[:, 0]), np.interp(dense, way, points[:, 1])
    tangent = np.stack([np.gradient(x), np.gradient(y)], axis=1)
    tangent = ndimage.gaussian_filter1d(tangent, 2 / _STEP, axis=0, mode="nearest")
    tangent /= np.maximum(np.linalg.norm(tangent, axis=1, keepdims=True), 1e-9)
    normals = np.stack([-tangent[:, 1], tangent[:, 0]], axis=1)
    return np.stack([x, y], axis=1), dense - first_length, normals


def _at(values: NDArray[np.generic], points: Field) -> NDArray[np.generic]:
    """Values of an image at the nearest pixels of points (N, 2)."""
    height, width = values.shape[:2]
    columns = np.clip(points[:, 0].round().astype(int), 0, width - 1)
    rows = np.clip(points[:, 1].round().astype(int), 0, height - 1)
    return np.asarray(values[rows, columns])
