"""Labels that a detector gives photographs which have none, to learn from.

A map that is the mean of several views is better than that of one. Whoever learns from it sees one
view, turned, zoomed and tinted (the noisy student of Xie 2020, https://arxiv.org/abs/1911.04252).
"""

import numpy as np
from numpy.typing import NDArray

VESSEL = 0.5
"""From this probability on of artery and vein together it is vessel."""
SURE = 0.6
"""From this difference of both on, as a share of their sum, its kind is told."""


def color_map(probabilities: NDArray[np.float32]) -> NDArray[np.uint8]:
    """A map in RITE's colours, (H, W, 3): red artery, blue vein, white vessel whose kind is not
    sure, black background.

    Args:
        probabilities: of background, artery and vein, (3, H, W).
    """
    _, artery, vein = probabilities
    both = artery + vein
    sure = np.abs(artery - vein) >= SURE * both
    colors = np.zeros((*both.shape, 3), np.uint8)
    colors[both >= VESSEL] = 255
    colors[(both >= VESSEL) & sure & (artery > vein)] = (255, 0, 0)
    colors[(both >= VESSEL) & sure & (vein > artery)] = (0, 0, 255)
    return colors
