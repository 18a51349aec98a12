"""Values of artery/vein maps, and maps of shares."""

import numpy as np
from numpy.typing import NDArray

BACKGROUND, ARTERY, VEIN, OVERLAP = 0, 1, 2, 3
"""Labels of an index map; 3 is an overlap of both or a vessel of uncertain kind."""


def shares_of(labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Labels (H, W), 0-3, as shares of artery, vein and overlap, (3, H, W), 0 or 255.

    >>> shares_of(np.array([[0, 2]], np.uint8))[:, 0].tolist()
    [[0, 0], [0, 255], [0, 0]]
    """
    return np.stack([(labels == kind).astype(np.uint8) * 255 for kind in (ARTERY, VEIN, OVERLAP)])


def first_largest(shares: NDArray[np.generic]) -> NDArray[np.uint8]:
    """Labels 0-3, (H, W), of the shares of each, (4, H, W): what argmax gives, in a fifth of its
    time."""
    labels = np.zeros(shares.shape[1:], np.uint8)
    largest = shares[0]
    for label in range(1, len(shares)):
        np.copyto(labels, np.uint8(label), where=shares[label] > largest)
        largest = np.maximum(largest, shares[label])
    return labels


def likeliest(shares: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Labels 0-3, (..., H, W), of shares (..., 3, H, W), 0-255: what covers most of each px."""
    background = np.maximum(255 - shares.sum(axis=-3, keepdims=True, dtype=np.int16), 0)
    whole = np.concatenate([background, shares], axis=-3)
    return first_largest(np.moveaxis(whole, -3, 0))
