"""Close looks at drawn crossings, for the tests of signs."""

import numpy as np
from numpy.typing import NDArray

from av_grading.caliber.vein_phantom import VeinPhantom, draw_vein
from av_grading.close_ups.close_look import CloseLook, one_hot
from av_grading.vessels.crossing_vessels import crossing_vessels

SCALE = 4.0
"""px a DRIVE px."""


def look_at(phantom: VeinPhantom, disc: tuple[float, float] | None = None) -> CloseLook:
    """A close look at a drawn crossing, 4 px a DRIVE px; its vein was drawn from left to right.

    Args:
        phantom: of 192 px or so.
        disc: where the optic disc lies as seen from the crossing, x and y.
    """
    fine_map = one_hot(phantom.av_map)
    direction: NDArray[np.float64] | None = None
    if disc is not None:
        direction = np.asarray(disc, float) / np.hypot(*disc)
    vessels = crossing_vessels(phantom.photograph, fine_map, phantom.center, direction)
    return CloseLook(
        phantom.photograph, fine_map, phantom.center, SCALE, vessels, direction, artery_above=1.0
    )


def drawn_look(seed: int = 0, *, width: float = 5.0, artery: float = 4.0, **more: object):
    """A close look at a crossing that is drawn: widths in DRIVE px, `more` as `draw_vein` takes it
    (lengths in px)."""
    rng = np.random.default_rng(seed)
    return look_at(draw_vein(rng, width * SCALE, size=193, artery=artery * SCALE, **more))
