"""Standard pictures of the grades, drawn: what a reader compares a crossing with."""

from functools import cache

import numpy as np

from av_grading.caliber.vein_phantom import draw_vein
from av_screening.write.data_uri import jpeg

RATIOS = {0: (1.0, 1.0), 1: (1.0, 0.72), 2: (1.0, 0.42), 3: (0.5, 0.5)}
"""Grade → width beside the artery as a share of the vein's own, on either side."""
SIDE = 192
"""Of a picture (px)."""


@cache
def standard_pictures() -> dict[int, bytes]:
    """JPEG of a drawn crossing for each grade; it is the same crossing, pressed further and
    further, and no patient's."""
    return {grade: _draw(ratios) for grade, ratios in RATIOS.items()}


def _draw(ratios: tuple[float, float]) -> bytes:
    patch = draw_vein(
        np.random.default_rng(3),
        width=30.0,
        size=SIDE,
        reflex=0.15,
        noise=0.008,
        blur=1.6,
        artery=20.0,
        ratios=ratios,
        length=46.0,
    )
    return jpeg(patch.photograph, 85)
