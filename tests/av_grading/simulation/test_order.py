"""The vessel that is drawn above goes through unbroken, the other does not."""

import numpy as np

from av_grading.caliber.vein_phantom import draw_vein
from av_grading.formats.labels import ARTERY, OVERLAP, VEIN
from av_grading.simulation.effects.order import draw_above
from av_grading.vessels.centerline import trace


def test_what_is_drawn_above_looks_in_the_overlap_as_it_does_beside() -> None:
    rng = np.random.default_rng(3)
    phantom = draw_vein(rng, width=22, size=241, artery=18, blur=1.5, above=True)
    overlap = phantom.av_map == OVERLAP
    colors = {k: np.median(phantom.photograph[phantom.av_map == k], axis=0) for k in (ARTERY, VEIN)}
    found = {}
    for kind in (ARTERY, VEIN):
        line = trace(phantom.av_map, kind, phantom.center, 4.0)
        drawn = draw_above(phantom.photograph, phantom.av_map, line, kind, 4.0, opacity=1.0)
        inside = np.median(drawn[overlap], axis=0)
        found[kind] = {k: float(np.abs(inside - colors[k]).sum()) for k in (ARTERY, VEIN)}
        outside = phantom.av_map == 0
        changed = np.abs(drawn.astype(int) - phantom.photograph).max(axis=2)
        assert changed[outside].mean() < 3
    assert found[ARTERY][ARTERY] < found[ARTERY][VEIN]
    assert found[VEIN][VEIN] < found[VEIN][ARTERY]
