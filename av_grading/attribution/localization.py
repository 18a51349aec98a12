"""Is the attribution on the vein, where the artery presses it?

On simulated nicking, too: is it on the pixels that the simulation changed?
"""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from av_grading.attribution.maps import Maps
from av_grading.attribution.options import RADIUS as RADIUS
from av_grading.formats.errors import InputFileError
from av_grading.formats.images import read_patch
from av_grading.formats.labels import OVERLAP, VEIN
from av_grading.formats.manifest import GradedPatch

TOLERANCE = 2
"""Of the vein's outline (px of a patch): a narrowing shows at the vein's edge, not inside it."""


def distance_to_crossing(side: int) -> NDArray[np.float64]:
    """Distance of each pixel of a square patch to its middle, where the crossing is (px)."""
    axis = np.arange(side) - (side - 1) / 2
    return np.asarray(np.hypot(axis[:, None], axis[None]))


def vein_region(
    av_maps: NDArray[np.uint8], radius: float = RADIUS, tolerance: int = TOLERANCE
) -> NDArray[np.bool_]:
    """Vein and its edge within a radius of the crossing, the overlap with the artery included.

    Args:
        av_maps: labels (N, H, H), 0-3.
        radius: of the neighbourhood (px).
        tolerance: that the vein is widened by (px).

    Returns:
        (N, H, H).
    """
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * tolerance + 1,) * 2)
    near = distance_to_crossing(av_maps.shape[-1]) <= radius
    veins = ((av_maps == VEIN) | (av_maps == OVERLAP)).astype(np.uint8)
    wide = [cv2.dilate(vein, kernel) for vein in veins]
    return np.asarray((np.stack(wide) > 0) & near)


def energy_share(maps: Maps, region: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Share of the positive attribution inside a region (energy-based pointing game, Wang 2020,
    https://arxiv.org/abs/1910.01279).

    Args:
        maps: (N, H, H).
        region: (N, H, H).

    Returns:
        (N,), 0-1; NaN for maps without positive attribution.
    """
    positive = maps.clip(min=0).astype(np.float64)
    total = positive.sum(axis=(1, 2))
    inside = (positive * region).sum(axis=(1, 2))
    return np.asarray(np.where(total > 0, inside / np.where(total > 0, total, 1), np.nan))


def pointing(maps: Maps, region: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Pointing game (Zhang 2016, https://arxiv.org/abs/1608.00507): is the highest pixel inside?

    Returns:
        (N,), 0 or 1; NaN for maps without positive attribution.
    """
    flat = maps.reshape(len(maps), -1)
    hit = region.reshape(len(maps), -1)[np.arange(len(maps)), flat.argmax(axis=1)]
    return np.where(flat.max(axis=1) > 0, hit.astype(float), np.nan)


LEAST = 2
"""Difference of a pixel's colour that counts (0-255): 1 is rounding."""


def pressed_regions(
    patches: Sequence[GradedPatch], plain: Sequence[GradedPatch], crop: int
) -> NDArray[np.bool_]:
    """Pixels in which patches differ from the same crossings as they were, and 2 px around them.

    Args:
        patches: with simulated nicking.
        plain: the same crossings without; paired by photograph and place (`group`, `x`, `y`).
        crop: side that the grader sees (px).

    Returns:
        (N, crop, crop); nothing is marked where nothing was pressed.

    Raises:
        InputFileError: a patch has no place, no pair, or one of another size.
    """
    places = {_place(p): p for p in plain}
    size = 2 * TOLERANCE + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    regions = []
    for patch in patches:
        if _place(patch) not in places:
            raise InputFileError(patch.patch, "expected the same crossing as it was, found none")
        one, other = read_patch(patch.patch), read_patch(places[_place(patch)].patch)
        if one.shape != other.shape:
            raise InputFileError(places[_place(patch)].patch, f"expected the size of {patch.patch}")
        apart = np.abs(one.astype(np.int16) - other).max(axis=2) >= LEAST
        start = (one.shape[0] - crop) // 2
        wide = cv2.dilate(apart.astype(np.uint8), kernel)
        regions.append(wide[start : start + crop, start : start + crop] > 0)
    return np.stack(regions)


def on_pressed(maps: Maps, regions: NDArray[np.bool_]) -> dict[str, NDArray[np.float64]]:
    """`pressed_energy` of maps (N, H, H), and what chance gives; NaN where nothing was pressed."""
    area = regions.mean(axis=(1, 2), dtype=np.float64)
    pressed = area > 0
    return {
        "pressed_energy": np.where(pressed, energy_share(maps, regions), np.nan),
        "pressed_energy_chance": np.where(pressed, area, np.nan),
    }


def _place(patch: GradedPatch) -> tuple[str, str, str]:
    x, y = patch.more.get("x", ""), patch.more.get("y", "")
    if not x or not y:
        raise InputFileError(patch.patch, "expected its place, x and y, in the manifest")
    return patch.group, x, y
