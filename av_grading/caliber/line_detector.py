"""Vessels without trained weights: the multi-scale line detector.

Nguyen, Bhuiyan, Park, Ramamohanarao, "An effective retinal blood vessel segmentation method using
multi-scale line detection", Pattern Recognition 46 (2013). At each pixel the darkest line through
it is compared with the mean of the window around it, for lines of several lengths: long ones hold
out against noise and bridge the central light reflex, short ones keep neighbouring vessels apart
and follow bends. The responses are standardised and averaged.
"""

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.morphology import remove_small_objects

Image = NDArray[np.float32]

WINDOW = 15
"""Side of the window and longest line (DRIVE px): twice the width of a usual vessel."""
LENGTHS = (1, 3, 5, 7, 9, 11, 13, 15)
"""Lengths of the lines (DRIVE px)."""
ANGLES = 12
"""Directions of the lines."""
THRESHOLD = 0.50
"""Response above which a pixel is a vessel: the best Dice on DRIVE's 20 training photographs."""
SMALLEST = 30
"""Vessels of fewer px at DRIVE's scale are noise (area, DRIVE px squared)."""


def line_response(
    photograph: NDArray[np.uint8], fov: NDArray[np.bool_], drive_px: float
) -> NDArray[np.float64]:
    """How much like a vessel each pixel looks.

    Args:
        photograph: RGB, (H, W, 3), 0-255.
        fov: field of view, (H, W).
        drive_px: length of one DRIVE px in px; the detector works at one px per DRIVE px.

    Returns:
        response (H, W), in standard deviations above the mean of the FOV; 0 outside.

    Raises:
        ValueError: the shapes do not fit, or the FOV is empty.
    """
    if photograph.shape[:2] != fov.shape or not fov.any():
        raise ValueError(
            f"expected a field of view of {photograph.shape[:2]} with some px in it, found "
            f"{fov.shape} with {int(fov.sum())}"
        )
    height, width = fov.shape
    size = max(1, round(width / drive_px)), max(1, round(height / drive_px))
    method = cv2.INTER_AREA if drive_px > 1 else cv2.INTER_LINEAR
    green = cv2.resize(photograph[..., 1], size, interpolation=method).astype(np.float32)
    seen = cv2.resize(fov.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
    dark = 255 - _beyond(green, seen)
    around = cv2.blur(dark, (WINDOW, WINDOW), borderType=cv2.BORDER_REFLECT)
    total = _standard(dark, seen)
    for lines in _darkest_lines(dark):
        total += _standard(lines - around, seen)
    total *= seen / np.float32(len(LENGTHS) + 1)
    full = cv2.resize(total, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.where(fov, full, 0).astype(np.float64)


def vessels_above(
    response: NDArray[np.float64], threshold: float, drive_px: float
) -> NDArray[np.bool_]:
    """Pixels (H, W) above a threshold of the response, small regions left out."""
    least = max(1, round(SMALLEST * drive_px**2))
    found: NDArray[np.bool_] = remove_small_objects(
        response > threshold, max_size=least - 1, connectivity=2
    )
    return found


def _beyond(green: Image, seen: NDArray[np.bool_]) -> Image:
    """The photograph with the nearest values of the FOV outside, so that its rim is no edge."""
    inner = ndimage.binary_erosion(seen, iterations=3)  # the rim itself is darkened
    inner = inner if inner.any() else seen
    nearest = ndimage.distance_transform_edt(~inner, return_distances=False, return_indices=True)
    filled = green[tuple(nearest)]
    smooth = cv2.blur(filled, (WINDOW, WINDOW), borderType=cv2.BORDER_REFLECT)
    return np.where(inner, green, smooth).astype(np.float32)


def _darkest_lines(dark: Image) -> list[Image]:
    """Mean along the darkest line of each length through every pixel, each (H, W).

    A line grows by one sample on either end, so that each length costs two shifts.
    """
    best = [np.full_like(dark, -np.inf) for _ in LENGTHS]
    for angle in np.arange(ANGLES) * np.pi / ANGLES:
        total, length = dark.copy(), 1
        for place, wanted in enumerate(LENGTHS):
            while length < wanted:
                reach = (length + 1) / 2
                for sign in (-1, 1):
                    total += _shift(
                        dark, sign * reach * np.cos(angle), sign * reach * np.sin(angle)
                    )
                length += 2
            np.maximum(best[place], total / np.float32(length), out=best[place])
    return best


def _shift(pixels: Image, x: float, y: float) -> Image:
    """Every pixel's value at x, y px from it."""
    move = np.array([[1, 0, x], [0, 1, y]], np.float64)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    size = pixels.shape[1], pixels.shape[0]
    shifted = cv2.warpAffine(pixels, move, size, flags=flags, borderMode=cv2.BORDER_REFLECT)
    return np.asarray(shifted, np.float32)


def _standard(values: Image, seen: NDArray[np.bool_]) -> Image:
    """Zero mean and unit deviation within the FOV."""
    inside = values[seen]
    return np.asarray((values - inside.mean()) / max(float(inside.std()), 1e-6), np.float32)
