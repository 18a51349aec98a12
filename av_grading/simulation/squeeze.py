"""Squeeze a vein where it is crossed: pixels are moved, none is invented.

Across the vein, what lies within its wall is drawn together by a known factor and what lies beside
it is stretched until, some way off, nothing moves; along it the factor goes from that at the
artery's edge to 1. The artery lies on top and stays as it is.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree

from av_grading.formats.labels import ARTERY, BACKGROUND, OVERLAP, VEIN
from av_grading.vessels.centerline import VesselLine
from av_grading.vessels.profiles import walls_along

Field = NDArray[np.float64]

REST = 2.5
"""Distance from the centreline, in half widths of the vein, from which on nothing moves."""
EDGE = 2.5
"""How far from the artery a vein's width counts as that at its edge (DRIVE px)."""
_STEP = 0.25  # px between points of the dense centreline


@dataclass(frozen=True)
class Squeeze:
    """How far a vein is pressed on the two sides of the artery.

    Attributes:
        first, second: width at the artery's edge as a share of the vein's own, 0.2-1, on the
            side of the line's first and second arm.
        length: way along the vein, from the artery's edge, after which it has its own width again
            (DRIVE px).
        swelling: by how much of its own width the vein is wider beyond a narrowing, 0-0.6: it
            rises and falls over another `length`, where a side is narrowed.
        deflection: how far the vein is bent aside at the artery's edge (DRIVE px, its sign says
            to which side), falling off over `length`.
    """

    first: float = 1.0
    second: float = 1.0
    length: float = 10.0
    swelling: float = 0.0
    deflection: float = 0.0

    def __post_init__(self) -> None:
        for name in ("first", "second"):
            if not 0.2 <= getattr(self, name) <= 1:
                raise ValueError(f"{name}: expected 0.2 to 1, found {getattr(self, name)}")
        if not 0 <= self.swelling <= 0.6:
            raise ValueError(f"swelling: expected 0 to 0.6, found {self.swelling}")
        if abs(self.deflection) > 4:
            raise ValueError(f"deflection: expected -4 to 4 DRIVE px, found {self.deflection}")
        if self.length <= 0:
            raise ValueError(f"length: expected more than 0 DRIVE px, found {self.length}")


@dataclass(frozen=True)
class Vein:
    """A vein through a crossing, as the squeeze needs it; all in px.

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

    def pressed_to(self, wanted: Squeeze) -> Squeeze:
        """The squeeze after which the vein's sides are as wide as `wanted` says, as shares of its
        own width; a side that is no wider anyway, or that is not to be pressed, stays as it is."""
        first, second = (
            min(1.0, share / width) if share < 1 else 1.0
            for share, width in zip((wanted.first, wanted.second), self.at_edge, strict=True)
        )
        return replace(wanted, first=first, second=second)


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


def squeeze(
    photograph: NDArray[np.uint8],
    av_map: NDArray[np.uint8],
    vein: Vein,
    amount: Squeeze,
    drive_px: float,
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Squeeze the vein in a photograph and its map alike.

    Args:
        photograph: RGB, (H, W, 3), 0-255.
        av_map: labels (H, W), 0-3.
        vein: the vein, in px of both.
        amount: how far.
        drive_px: length of one DRIVE px in px.

    Returns:
        The same two, squeezed.
    """
    moved_x, moved_y = displacement(av_map, vein, amount, drive_px)
    rows, columns = np.mgrid[: av_map.shape[0], : av_map.shape[1]].astype(np.float32)
    x, y = columns + np.float32(moved_x), rows + np.float32(moved_y)
    squeezed = cv2.remap(photograph, x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
    # Labels move as shares of a pixel do; the nearest label would leave steps along the wall.
    shares = [
        cv2.remap((av_map == k).astype(np.float32), x, y, cv2.INTER_LINEAR)
        for k in (BACKGROUND, ARTERY, VEIN, OVERLAP)
    ]
    return np.asarray(squeezed), np.argmax(shares, axis=0).astype(np.uint8)


def displacement(
    av_map: NDArray[np.uint8], vein: Vein, amount: Squeeze, drive_px: float
) -> tuple[Field, Field]:
    """Where every pixel comes from: x and y to add to its own position, each (H, W), in px."""
    points, along, normals = _dense(vein.line)
    rest = REST * vein.half_width + drive_px
    pixels, nearest, inside = _nearest(av_map.shape, points, rest)
    across = np.einsum("ij,ij->i", pixels - points[nearest], normals[nearest])
    factor = _factor(along, vein, amount, drive_px)[nearest]
    # Bent aside, the vein's middle lies off its line; less and less towards where nothing moves.
    aside = _aside(along, vein, amount, drive_px)[nearest]
    aside = aside * np.clip(1 - np.abs(across) / rest, 0, 1)
    around = across - aside
    source = _source(np.abs(around), factor, vein.half_width, rest)
    # Beyond the line's ends the nearest point is its end, and nothing moves there.
    move = np.where(inside, np.sign(around) * source - across, 0.0)
    move *= 1 - _covering(av_map, drive_px).ravel()
    moved = move[:, None] * normals[nearest]
    return moved[:, 0].reshape(av_map.shape), moved[:, 1].reshape(av_map.shape)


def along_vein(
    shape: tuple[int, ...], vein: Vein, drive_px: float
) -> tuple[Field, NDArray[np.bool_]]:
    """Signed way along the vein of every pixel's nearest point of the line (px, negative on the
    first arm), and whether the pixel is near enough to belong to the vein; each (H, W)."""
    points, along, _ = _dense(vein.line)
    _, nearest, inside = _nearest(shape, points, REST * vein.half_width + drive_px)
    return along[nearest].reshape(shape[:2]), inside.reshape(shape[:2])


def _nearest(
    shape: tuple[int, ...], points: Field, reach: float
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]:
    """Pixels of an image, (H W, 2), x and y; for each the nearest of some points, and whether it is
    within reach (px): where not, the number is 0."""
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    pixels = np.stack([columns.ravel(), rows.ravel()], axis=1)
    away, nearest = cKDTree(points).query(pixels, distance_upper_bound=reach)
    inside = np.isfinite(away)
    return pixels, np.where(inside, nearest, 0), inside


def _dense(line: VesselLine) -> tuple[Field, Field, Field]:
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


def _factor(along: Field, vein: Vein, amount: Squeeze, drive_px: float) -> Field:
    """Width as a share of the vein's own at each point of the line."""
    factor = np.ones_like(along)
    length = amount.length * drive_px
    for side, least, covered in zip(
        (-1, 1), (amount.first, amount.second), vein.covered, strict=True
    ):
        way = side * along
        beyond = np.clip((way - covered) / length, 0, 1)
        rising = least + (1 - least) * (0.5 - 0.5 * np.cos(np.pi * beyond))
        if least < 1:
            after = np.clip((way - covered) / length - 0.7, 0, 1)
            rising = rising + amount.swelling * np.sin(np.pi * after) ** 2
        factor = np.where(way >= 0, rising, factor)
    return factor


def _aside(along: Field, vein: Vein, amount: Squeeze, drive_px: float) -> Field:
    """How far the vein is bent aside at each point of the line, along its normals (px)."""
    if amount.deflection == 0:
        return np.zeros_like(along)
    length = amount.length * drive_px
    reach = np.where(along < 0, -along - vein.covered[0], along - vein.covered[1])
    falling = 0.5 + 0.5 * np.cos(np.pi * np.clip(np.abs(reach) / length, 0, 1))
    return amount.deflection * drive_px * falling * np.sign(along)


def _source(away: Field, factor: Field, half: float, rest: float) -> Field:
    """Distance from the centreline that a pixel at distance `away` is taken from.

    Within the squeezed wall (factor * half) the vein is drawn together; from there to `rest` the
    surroundings are stretched, evenly.
    """
    wall = factor * half
    stretched = half + (away - wall) * (rest - half) / (rest - wall)
    return np.where(away <= wall, away / factor, np.where(away < rest, stretched, away))


def _covering(av_map: NDArray[np.uint8], drive_px: float) -> NDArray[np.float32]:
    """1 on the artery, 0 away from it, smooth in between over a fraction of a DRIVE px."""
    artery = ((av_map == ARTERY) | (av_map == OVERLAP)).astype(np.float32)
    grown = cv2.dilate(artery, np.ones((3, 3), np.uint8))
    smooth = cv2.GaussianBlur(grown, (0, 0), max(0.5, 0.3 * drive_px))
    return np.asarray(np.maximum(artery, smooth), np.float32)


def _at(values: NDArray[np.generic], points: Field) -> NDArray[np.generic]:
    """Values of an image at the nearest pixels of points (N, 2)."""
    height, width = values.shape[:2]
    columns = np.clip(points[:, 0].round().astype(int), 0, width - 1)
    rows = np.clip(points[:, 1].round().astype(int), 0, height - 1)
    return np.asarray(values[rows, columns])
