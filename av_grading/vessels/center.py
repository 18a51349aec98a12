"""Where exactly a crossing lies: the middle of the overlap in its fine map."""

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from av_grading.close_ups.cut import SCALE

REACH = 6.0
"""How far from the given centre it is looked for (DRIVE px)."""
_AROUND = 2.5  # DRIVE px around where it most likely lies, of which it is the middle
_LEAST = 1.5  # px² of overlap a DRIVE px², below which the given centre is kept


def refine_center(shares: NDArray[np.float32]) -> tuple[float, float]:
    """x and y of the crossing (px of the map); the middle where the map shows none near it.

    Args:
        shares: probabilities of background, artery, vein and overlap, (4, P, P).
    """
    side = shares.shape[-1]
    middle = (side - 1) / 2
    artery, vein = shares[1] + shares[3], shares[2] + shares[3]
    # Both at one place: overlap, or where the two blend into each other.
    blur = 0.75 * SCALE
    both = shares[3] + gaussian_blur(artery, blur) * gaussian_blur(vein, blur)
    smooth = gaussian_blur(both, SCALE) * _near_middle(side)
    row, column = (int(at) for at in np.unravel_index(int(smooth.argmax()), smooth.shape))
    reach = int(_AROUND * SCALE)
    rows, columns = (
        np.arange(max(at - reach, 0), min(at + reach + 1, side)) for at in (row, column)
    )
    window = (rows[:, None] - row) ** 2 + (columns - column) ** 2 <= (_AROUND * SCALE) ** 2
    weight = both[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] * window
    total = float(weight.sum())
    if total < _LEAST * SCALE:
        return middle, middle
    x = float((weight.sum(axis=0) * columns).sum() / total)
    y = float((weight.sum(axis=1) * rows).sum() / total)
    return x, y


@lru_cache(maxsize=4)
def _near_middle(side: int) -> NDArray[np.float32]:
    """Weight of each place of a map (side, side): less, the farther it lies from the middle."""
    grid = np.arange(side, dtype=np.float32) - np.float32((side - 1) / 2)
    found = np.exp(-(grid[:, None] ** 2 + grid**2) / (2 * (0.5 * REACH * SCALE) ** 2))
    return np.asarray(found, np.float32)


def gaussian_blur(image: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    """What scipy's `gaussian_filter` gives, to a float's rounding, in a tenth of its time.

    Args:
        image: (H, W).
        sigma: standard deviation (px).
    """
    side = 2 * round(4 * sigma) + 1
    return np.asarray(
        cv2.GaussianBlur(image, (side, side), sigma, borderType=cv2.BORDER_REFLECT), np.float32
    )
