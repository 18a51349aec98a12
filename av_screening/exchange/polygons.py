"""Masks as polygons that cover the same pixels, holes and all."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pycocotools.mask
from numpy.typing import NDArray
from scipy import ndimage

Mask = NDArray[np.bool_]


def polygons_of(rle: dict[str, Any]) -> list[list[float]]:
    """Polygons of a mask, as COCO has them: x and y in turn, along the edges of pixels.

    COCO fills polygons and cannot cut holes, so a part that has one is cut in two there. Rasterised
    again, by pycocotools for one, they are the mask.

    Args:
        rle: COCO's compressed RLE.
    """
    left, top, width, height = (int(v) for v in pycocotools.mask.toBbox(rle))
    window = pycocotools.mask.decode(rle)[top : top + height, left : left + width].astype(bool)
    return [
        [float(v) for x, y in _outline(part) for v in (x + left, y + top)]
        for part in _without_holes(window)
    ]


def _without_holes(mask: Mask) -> Iterator[Mask]:
    """Connected parts of a mask, cut where they have holes."""
    labels, count = ndimage.label(mask)  # by edges: parts that meet at a corner alone are two
    for number in range(1, count + 1):
        part = labels == number
        holes = ndimage.binary_fill_holes(part) & ~part
        if not holes.any():
            yield part
            continue
        column = int(np.flatnonzero(holes.any(axis=0))[0])
        for side in (slice(None, column), slice(column, None)):
            half = np.zeros_like(part)
            half[:, side] = part[:, side]
            yield from _without_holes(half)


def _outline(part: Mask) -> list[tuple[int, int]]:
    """Corners of a connected part without holes, clockwise."""
    padded = np.pad(part, 1)
    inside = padded[1:-1, 1:-1]
    following: dict[tuple[int, int], tuple[int, int]] = {}
    # Neighbour that is outside → the pixel's edge on that side, from its start to its end.
    sides = (
        (padded[:-2, 1:-1], (0, 0), (1, 0)),
        (padded[1:-1, 2:], (1, 0), (1, 1)),
        (padded[2:, 1:-1], (1, 1), (0, 1)),
        (padded[1:-1, :-2], (0, 1), (0, 0)),
    )
    for neighbour, start, end in sides:
        for y, x in np.argwhere(inside & ~neighbour).tolist():
            following[(x + start[0], y + start[1])] = (x + end[0], y + end[1])
    first = min(following)
    points, point = [first], following[first]
    while point != first:
        points.append(point)
        point = following[point]
    turns = []
    for i, (x, y) in enumerate(points):
        (before_x, before_y), (after_x, after_y) = points[i - 1], points[(i + 1) % len(points)]
        if (x - before_x, y - before_y) != (after_x - x, after_y - y):
            turns.append((x, y))
    return turns
