"""Where exactly a crossing lies: the middle of the overlap in its fine map."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from av_grading.close_up.cut import SCALE

REACH = 6.0
"""How far from the given centre it is looked for (DRIVE px)."""
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
    both = shares[3] + ndimage.gaussian_filter(artery, blur) * ndimage.gaussian_filter(vein, blur)
    grid = np.arange(side) - middle
    near = np.exp(-(grid[:, None] ** 2 + grid**2) / (2 * (0.5 * REACH * SCALE) ** 2))
    smooth = ndimage.gaussian_filter(both, SCALE) * near
    row, column = np.unravel_index(int(smooth.argmax()), smooth.shape)
    window = ((np.arange(side)[:, None] - row) ** 2 + (np.arange(side) - column) ** 2) <= (
        2.5 * SCALE
    ) ** 2
    weight = both * window
    total = float(weight.sum())
    if total < _LEAST * SCALE:
        return middle, middle
    x = float((weight.sum(axis=0) * np.arange(side)).sum() / total)
    y = float((weight.sum(axis=1) * np.arange(side)).sum() / total)
    return x, y
