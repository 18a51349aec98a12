"""Patches and maps of the crossings of a photograph, without a map of the whole photograph."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from av_detectron import Prediction
from av_grading.formats.labels import ARTERY, VEIN
from av_grading.formats.patches import PIXELS, SIDE, cut_map, cut_patch

Patch = NDArray[np.uint8]


@dataclass(frozen=True)
class CrossingPatch:
    """A crossing as it is graded and measured.

    Attributes:
        patch: RGB, (P, P, 3), 0-255.
        av_map: labels, (P, P): 0 background, 1 artery, 2 vein, 3 overlap.
        drive_px: length of one DRIVE px in px of the patch.
        scale: px of the patch per px of the photograph.
        shares: of artery, vein and overlap, (3, P, P), 0-255, which graders read instead of the
            labels; None where there are labels alone.
    """

    patch: Patch
    av_map: Patch
    drive_px: float
    scale: float
    shares: Patch | None = None


def most_likely(av: NDArray[np.float32] | Sequence[NDArray[np.float32]]) -> NDArray[np.uint8]:
    """Most likely class (H, W) of probabilities (3, H, W): background, artery or vein."""
    kinds = (av[2] > av[1]).view(np.uint8) * np.uint8(VEIN - ARTERY) + np.uint8(ARTERY)
    kinds *= (av[0] < 0.5).view(np.uint8)  # background is 0
    return np.asarray(kinds)


def cut_crossings(
    pixels: NDArray[np.uint8],
    found: Prediction,
    side: float = SIDE,
    size: int = PIXELS,
    numbers: Sequence[int] | None = None,
) -> Iterator[CrossingPatch]:
    """Patch and map around crossings, in their order.

    Args:
        pixels: the photograph, RGB, (H, W, 3).
        found: its crossings and map.
        side: of a patch (DRIVE px).
        size: side of a patch (px).
        numbers: of the crossings; by default all.
    """
    drive_px = found.fov.drive_px
    centers = found.centers.astype(float)
    for center in centers if numbers is None else centers[list(numbers)]:
        rows, columns, inner = window_around(center, side * drive_px, found.shape)
        window = pixels[rows, columns]
        labels = most_likely(found.av_window(rows, columns))
        place = (inner, drive_px, side, size)
        scale = size / (side * drive_px)
        yield CrossingPatch(
            cut_patch(window, *place), cut_map(labels, *place), drive_px * scale, scale
        )


def window_around(
    center: Sequence[float] | NDArray[np.float64], side: float, shape: tuple[int, int]
) -> tuple[slice, slice, tuple[float, float]]:
    """Rows and columns of what a patch is cut from, and the centre within it (px).

    Args:
        center: x and y (px of the photograph).
        side: of the patch (px of the photograph).
        shape: height and width of the photograph.
    """
    reach = side / 2 + 3  # interpolation reads a pixel beyond the patch
    rows, columns = _span(center[1], reach, shape[0]), _span(center[0], reach, shape[1])
    return rows, columns, (float(center[0]) - columns.start, float(center[1]) - rows.start)


def _span(center: float, reach: float, length: int) -> slice:
    """Pixels within `reach` of a position along a side of `length` px."""
    return slice(max(0, math.floor(center - reach)), min(length, math.ceil(center + reach) + 1))
