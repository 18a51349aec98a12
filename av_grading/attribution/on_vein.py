"""Is the attribution on the vein, where the artery presses it?"""

import cv2
import numpy as np
from numpy.typing import NDArray

from av_grading.attribution.maps import Maps
from av_grading.defaults import RADIUS as RADIUS
from av_grading.labels import OVERLAP, VEIN

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
