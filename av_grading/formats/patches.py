"""Cut patches around crossings, all at one scale."""

import cv2
import numpy as np
from numpy.typing import NDArray

from av_grading.command_line.defaults import PIXELS as PIXELS
from av_grading.command_line.defaults import SIDE as SIDE
from av_grading.formats.labels import BACKGROUND, OVERLAP


def cut_patch(
    photograph: NDArray[np.uint8],
    center: tuple[float, float],
    drive_px: float,
    side: float,
    pixels: int,
) -> NDArray[np.uint8]:
    """Cut a square around a crossing, black where the photograph ends.

    Args:
        photograph: (H, W) or (H, W, C), 0-255.
        center: x and y of the crossing (px; pixel centres at integers).
        drive_px: length of one DRIVE px in px of the photograph.
        side: of the square (DRIVE px).
        pixels: side of the result (px).

    Returns:
        (pixels, pixels) or (pixels, pixels, C).
    """
    # First at the photograph's own scale, so that averaging down sees every pixel.
    native = max(2, round(side * drive_px))
    middle = (native - 1) / 2
    shift = np.array([[1, 0, middle - center[0]], [0, 1, middle - center[1]]], np.float64)
    window = cv2.warpAffine(photograph, shift, (native, native), flags=cv2.INTER_LINEAR)
    method = cv2.INTER_AREA if pixels < native else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(window, (pixels, pixels), interpolation=method), np.uint8)


def cut_map(
    av_map: NDArray[np.uint8],
    center: tuple[float, float],
    drive_px: float,
    side: float,
    pixels: int,
) -> NDArray[np.uint8]:
    """Cut a square out of an artery/vein map (H, W), 0-3; arguments as `cut_patch`.

    Each pixel takes the label that covers most of it.
    """
    shares = [
        cut_patch((av_map == label).astype(np.uint8) * 255, center, drive_px, side, pixels)
        for label in range(BACKGROUND, OVERLAP + 1)
    ]
    shares[0] = 255 - np.max(shares[1:], axis=0)  # what lies beyond the photograph is background
    return np.asarray(np.argmax(shares, axis=0), np.uint8)
