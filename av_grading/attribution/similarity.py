"""How alike two attribution maps are."""

import warnings

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr

from av_grading.attribution.maps import Maps


def map_similarity(
    first: Maps, second: Maps, valid: NDArray[np.bool_] | None = None
) -> NDArray[np.float64]:
    """Spearman's correlation of each pair of maps over pixels (as in Adebayo 2018).

    Args:
        first, second: (N, H, H).
        valid: (H, H), pixels that both maps cover; all of them by default.

    Returns:
        (N,), -1 to 1; NaN where a map is the same everywhere, which has no ranks.
    """
    pixels = slice(None) if valid is None else np.flatnonzero(valid)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a constant map: the NaN says so
        return np.array(
            [
                spearmanr(a.ravel()[pixels], b.ravel()[pixels]).statistic
                for a, b in zip(first, second, strict=True)
            ],
            np.float64,
        )
