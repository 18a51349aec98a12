"""The artery's width and its light reflex, on drawn vessels."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from av_grading.caliber.vein_phantom import draw_vein
from av_grading.close_ups.close_look import one_hot
from av_grading.formats.errors import NotMeasurable
from av_grading.formats.labels import ARTERY, VEIN
from av_grading.gradable import GradableRule
from av_grading.signs.artery import ABOVE
from av_grading.signs.registry import get_sign
from av_grading.signs.sign import number_in
from av_grading.vessels.centerline import trace
from av_grading.vessels.copies import spread
from av_grading.vessels.reflex import reflex_ratio
from av_grading.vessels.visible import see_vessel
from tests.av_grading.signs.drawn_look import SCALE, drawn_look

SIGN = get_sign("artery")
DRAWN = 2.3548 / 2 * 0.2
"""Width at half height of the reflex that `draw_vein` draws, over the vessel's."""


def profile(height: float, width: float, seed: int, roundness: float = 1.0):
    """Mean profile of a vessel that is drawn with a reflex; the profile knows no kinds."""
    rng = np.random.default_rng(seed)
    drawn = draw_vein(rng, width * SCALE, size=193, reflex=height, roundness=roundness)
    line = trace(drawn.av_map, VEIN, drawn.center, SCALE, 14)
    return see_vessel(drawn.photograph, one_hot(drawn.av_map), VEIN, line, SCALE)


@pytest.mark.parametrize("width", [4.0, 5.0, 7.0])
@pytest.mark.parametrize("roundness", [0.8, 1.0])
def test_a_drawn_reflex_has_its_width(width: float, roundness: float) -> None:
    seen = profile(0.4, width, 1, roundness)
    ratio, height = reflex_ratio(seen.density, seen.offsets, seen.own_width)
    assert ratio[0] == pytest.approx(DRAWN, rel=0.15)
    assert height[0] == pytest.approx(0.4, abs=0.1)
    assert 0 <= float(spread(ratio[:, None])[0]) < 0.15


def test_an_artery_is_seen_in_what_jpeg_files_keep() -> None:
    """Errors of colour, of which JPEG keeps a fourth, do not change an artery's profile."""
    rng = np.random.default_rng(1)
    drawn = draw_vein(rng, 5 * SCALE, size=193, reflex=0.4)
    line = trace(drawn.av_map, VEIN, drawn.center, SCALE, 14)
    labels = np.where(drawn.av_map == VEIN, np.uint8(ARTERY), drawn.av_map)
    off = cv2.GaussianBlur(rng.normal(0, 60, labels.shape), (0, 0), 4.0)
    coloured = drawn.photograph + off[..., None] * np.array([-0.587 / 0.299, 1, 0])
    pictures = [drawn.photograph, np.rint(coloured).clip(0, 255).astype(np.uint8)]
    assert np.abs(pictures[1].astype(int) - pictures[0]).mean() > 3

    def change(kind: int, shown: np.ndarray) -> float:
        plain, other = (see_vessel(p, one_hot(shown), kind, line, SCALE) for p in pictures)
        return float(np.abs(other.density[0] - plain.density[0]).max() / plain.density[0].max())

    assert change(ARTERY, labels) < 0.02 < change(VEIN, drawn.av_map)


def test_noise_moves_a_reflex_little() -> None:
    seen = profile(0.3, 4.0, 1)
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 0.05 * seen.density.max(), (20, seen.density.shape[1]))
    ratio, _ = reflex_ratio(seen.density[:1] + noise, seen.offsets, seen.own_width)
    assert np.isfinite(ratio).all() and ratio.std() < 0.06


@pytest.mark.parametrize("seed", range(3))
def test_without_a_reflex_none_is_measured(seed: int) -> None:
    seen = profile(0.0, 5.0, seed)
    with pytest.raises(NotMeasurable, match="no light reflex"):
        reflex_ratio(seen.density, seen.offsets, seen.own_width)


def test_a_thin_artery_has_a_reason_instead_of_a_ratio() -> None:
    row = SIGN.cells(SIGN.compute(drawn_look(1, artery=2.0)))
    assert "reflex_ratio" not in row
    assert "DRIVE px wide" in str(row["reflex_not_measurable"])


def test_widths_are_compared_and_the_order_told() -> None:
    row = SIGN.cells(SIGN.compute(drawn_look(1, width=5.0, artery=4.0)))
    assert number_in(row, "artery_over_vein_width") == pytest.approx(0.8, abs=0.08)
    assert row["artery_above_answer"] == "present"
    told = SIGN.sentences(row | {"above_artery_probability": "0.930"})
    assert told[0].startswith(
        "The artery lies above the vein (probability that it is the artery: 93"
    )
    assert "as wide as the vein" in told[1]


def test_a_vein_that_the_map_hardly_has_is_compared_with_nothing() -> None:
    look = drawn_look(1)
    thin = replace(look, vessels=replace(look.vessels, vein_width=0.5))
    assert "artery_over_vein_width" not in SIGN.cells(SIGN.compute(thin))


def test_no_graded_crossing_is_told_to_have_the_vein_above() -> None:
    assert GradableRule().least_artery_above >= ABOVE[0]
