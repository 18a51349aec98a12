"""Vessels squeezed along a stretch, photograph and labels alike: no vessel is invented or lost.

A detector that has seen few narrowings draws a vessel's edge where such vessels have theirs. Across
the vessel what lies within its wall is drawn together, what lies beside it is stretched until, some
way off, nothing moves. A vessel of the other kind stays as it is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree

from av_detectron.data.annotations import ARTERY, OVERLAP, VEIN
from av_detectron.maps.segments import find_segments

LEAST_WIDTH = (0.3, 0.9)
"""Share of its width that a vessel keeps in the middle of a stretch: drawn from and to."""
LENGTH = (8.0, 25.0)
"""From the middle of a stretch to either end: drawn from and to (DRIVE px)."""
MOST = 3
"""Stretches of a crop, at most."""
TRIES = 4
"""Places that are drawn for each: some lie too near to a junction."""
THINNEST = 1.5
"""Half width of the vessels that are squeezed (px), at least: nobody sees less of one px."""
REST = 2.5
"""Distance from the centreline, in half widths, from which on nothing moves."""
_SMOOTH = 3.0  # reach over which the pixels of a centreline are averaged (px)
_CORNERS = np.ones((3, 3), np.uint8)

Field = NDArray[np.float64]


@dataclass(frozen=True)
class Squeeze:
    """A stretch of a vessel that is narrowed; all in px.

    Attributes:
        kind: label of the vessel.
        line: its centreline, (N, 2), x and y.
        half_width: half of the vessel's width.
        middle: x and y of the middle of the stretch.
        length: from there to either end, where the vessel has its own width again.
        least: width in the middle as a share of the vessel's own.
    """

    kind: int
    line: Field
    half_width: float
    middle: tuple[float, float]
    length: float
    least: float

    def displacement(self, labels: NDArray[np.uint8]) -> tuple[Field, Field]:
        """Where every pixel comes from: x and y to add to its own position, each (H, W)."""
        move = np.zeros((2, *labels.shape))
        rest = REST * self.half_width + 1
        (x, y), reach = self.middle, self.length + rest
        rows = slice(max(0, int(y - reach)), int(y + reach) + 2)
        columns = slice(max(0, int(x - reach)), int(x + reach) + 2)
        window = labels[rows, columns]
        grid = np.indices(window.shape)[::-1].reshape(2, -1).T + (columns.start, rows.start)
        away, nearest = cKDTree(self.line).query(grid)
        way = np.linalg.norm(self.line[nearest] - self.middle, axis=1) / self.length
        rising = 0.5 - 0.5 * np.cos(np.pi * np.clip(way, 0, 1))
        wall = (self.least + (1 - self.least) * rising) * self.half_width
        inside = away * self.half_width / wall
        beside = self.half_width + (away - wall) * (rest - self.half_width) / (rest - wall)
        source = np.where(away <= wall, inside, np.where(away < rest, beside, away))
        outward = (grid - self.line[nearest]) / np.maximum(away, 1e-9)[:, None]
        moved = ((source - away)[:, None] * outward).T.reshape(2, *window.shape)
        move[:, rows, columns] = moved * (1 - self._still(window))
        return ndimage.gaussian_filter(move[0], 0.7), ndimage.gaussian_filter(move[1], 0.7)

    def _still(self, labels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """1 on vessels of the other kind and on overlaps, 0 away from them, smooth in between."""
        other = ((labels == ARTERY + VEIN - self.kind) | (labels == OVERLAP)).astype(np.float32)
        smooth = cv2.GaussianBlur(cv2.dilate(other, _CORNERS), (0, 0), 1.0)
        return np.asarray(np.maximum(other, smooth), np.float32)


def draw_squeezes(
    rng: np.random.Generator, labels: NDArray[np.uint8], drive_px: float
) -> list[Squeeze]:
    """Draw stretches of arteries and veins to squeeze, up to `MOST`.

    Args:
        rng: what draws.
        labels: (H, W), 1 and 2 where the kind is known.
        drive_px: length of one DRIVE px in px.
    """
    squeezes: list[Squeeze] = []
    trees = {}
    count = int(rng.integers(1, MOST + 1))
    for _ in range(TRIES * count):
        if len(squeezes) == count:
            break
        kind = int(rng.choice((ARTERY, VEIN)))
        if kind not in trees:
            mask = labels == kind
            half = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, 5) - 0.5
            trees[kind] = find_segments(mask), half
        tree, half = trees[kind]
        wide = tree.means(half) >= THINNEST
        long = np.bincount(tree.segments.ravel(), minlength=tree.count + 1) >= LENGTH[0] * drive_px
        known = np.flatnonzero(wide & long)
        known = known[known > 0]
        least = float(rng.uniform(*LEAST_WIDTH))
        wanted = float(rng.uniform(*LENGTH)) * drive_px
        if len(known) == 0:
            continue
        rows, columns = np.nonzero(tree.segments == rng.choice(known))
        line = _smoothed(np.stack([columns, rows], axis=1).astype(float))
        middle = line[rng.integers(len(line))]
        # Up to the segment's nearer end: beyond it the vessel goes on, and has its own width.
        ends = np.linalg.norm(line - middle, axis=1)
        length = min(wanted, _shorter_side(line, middle, ends))
        if length < LENGTH[0] / 2 * drive_px:
            continue
        width = float(np.median(half[rows, columns][ends <= length]))
        squeezes.append(
            Squeeze(kind, line, width, (float(middle[0]), float(middle[1])), length, least)
        )
    return squeezes


def squeeze_vessels(
    pictures: Sequence[NDArray[np.uint8]], labels: NDArray[np.uint8], squeezes: Sequence[Squeeze]
) -> tuple[list[NDArray[np.uint8]], NDArray[np.uint8]]:
    """Squeeze a photograph, other pictures of it and its labels alike.

    Labels move as shares of a pixel do: the nearest one would leave steps along the wall.

    Args:
        pictures: (H, W) or (H, W, C).
        labels: (H, W), of any values.
        squeezes: one after the other.

    Returns:
        The pictures and the labels, squeezed.
    """
    moved = list(pictures)
    rows, columns = np.indices(labels.shape)
    for each in squeezes:
        x, y = each.displacement(labels)
        source = (columns + x).astype(np.float32), (rows + y).astype(np.float32)

        def move(values: NDArray[Any], source: tuple[Any, Any] = source) -> NDArray[Any]:
            edge = cv2.BORDER_REPLICATE
            return np.asarray(cv2.remap(values, *source, cv2.INTER_LINEAR, borderMode=edge))

        moved = [move(picture) for picture in moved]
        kinds = np.unique(labels)
        shares = [move((labels == kind).astype(np.float32)) for kind in kinds]
        labels = kinds[np.argmax(shares, axis=0)]
    return moved, labels


def _smoothed(line: Field) -> Field:
    """Pixels of a centreline, each the mean of those around it."""
    near = cKDTree(line).query_ball_point(line, _SMOOTH)
    return np.array([line[i].mean(axis=0) for i in near])


def _shorter_side(line: Field, middle: Field, distances: Field) -> float:
    """How far a centreline reaches on the shorter side of a point of it (px, as the crow flies)."""
    along = line[np.argmax(distances)] - middle
    side = (line - middle) @ along > 0
    return float(min(distances[part].max(initial=0.0) for part in (side, ~side)))
