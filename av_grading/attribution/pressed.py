"""Where simulated nicking changed a patch: exactly the pixels that a grader should look at."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from av_grading.attribution.maps import Maps
from av_grading.attribution.on_vein import TOLERANCE, energy_share
from av_grading.data.images import read_patch
from av_grading.data.manifest import GradedPatch
from av_grading.errors import InputFileError

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
