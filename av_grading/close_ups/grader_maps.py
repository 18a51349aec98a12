"""Fine maps as graders take them: shares of artery, vein and overlap around the crossing."""

import cv2
import numpy as np
from numpy.typing import NDArray

from av_grading.formats.patches import PIXELS


def grader_map(
    shares: NDArray[np.float32], center: tuple[float, float], pixels: int = PIXELS
) -> NDArray[np.uint8]:
    """Shares (3, pixels, pixels), 0-255, as wide as the close-up, background beyond it.

    Args:
        shares: probabilities of background, artery, vein and overlap, (4, P, P).
        center: x and y of the crossing (px of the close-up), which becomes the middle.
        pixels: side of the result (px).
    """
    side = shares.shape[-1]
    middle = (side - 1) / 2
    shift = np.array([[1, 0, middle - center[0]], [0, 1, middle - center[1]]], np.float64)
    cut = [
        cv2.resize(
            cv2.warpAffine(np.ascontiguousarray(s), shift, (side, side), flags=cv2.INTER_LINEAR),
            (pixels, pixels),
            interpolation=cv2.INTER_AREA,
        )
        for s in shares[1:]
    ]
    return np.asarray(np.clip(np.rint(np.stack(cut) * 255), 0, 255), np.uint8)
