"""Veins fade beside the artery as far as asked, and vanish from the map where they are hidden."""

import numpy as np
import pytest

from av_grading.formats.labels import ARTERY, OVERLAP, VEIN
from av_grading.simulation.crossing_window import open_window
from av_grading.simulation.effects.effect import Wanted
from av_grading.simulation.effects.fading import Fading, RandomFading, fade
from av_grading.simulation.grades import GradeRule
from av_grading.simulation.protocols import PROTOCOLS
from av_grading.simulation.vein import measure_vein
from av_grading.vessels.centerline import trace
from tests.av_grading.conftest import draw_crossing

DRIVE_PX = 4.0
SIZE, MIDDLE = 241, 120


def faded(amount: Fading) -> tuple[np.ndarray, ...]:
    photograph, av_map = draw_crossing(SIZE, vein_width=25, artery_width=21)
    vein = measure_vein(av_map, trace(av_map, VEIN, (MIDDLE, MIDDLE), DRIVE_PX), DRIVE_PX)
    return photograph, av_map, *fade(photograph, av_map, vein, amount, DRIVE_PX)


def contrast(photograph: np.ndarray, columns: slice) -> float:
    green = photograph[..., 1].astype(float)
    beside = np.r_[MIDDLE - 40 : MIDDLE - 25, MIDDLE + 26 : MIDDLE + 41]
    middle = green[MIDDLE - 5 : MIDDLE + 6, columns].mean()
    return float(green[beside][:, columns].mean() - middle)


def test_contrast_is_lost_beside_the_artery_and_nowhere_else() -> None:
    before, av_map, after, labels = faded(Fading(0.5, 0.5, length=8.0))
    beside = slice(MIDDLE + 14, MIDDLE + 18)
    assert contrast(after, beside) == pytest.approx(0.5 * contrast(before, beside), rel=0.35)
    assert np.array_equal(before[:, -30:], after[:, -30:])
    assert np.array_equal(av_map, labels)
    artery = (av_map == ARTERY) | (av_map == OVERLAP)
    assert np.abs(before.astype(int) - after)[artery].mean() < 6


def test_a_hidden_vein_is_not_in_the_map() -> None:
    _, before, _, after = faded(Fading(1.0, 0.0, length=8.0))
    artery = np.flatnonzero((before == ARTERY).any(axis=0))
    sides = [slice(artery[0] - 8, artery[0] - 3), slice(artery[-1] + 4, artery[-1] + 9)]
    left = sorted(int((after[:, side] == VEIN).sum()) for side in sides)
    assert left[0] == 0 and left[1] > 50


def test_nothing_fades_unasked() -> None:
    before, av_map, after, labels = faded(Fading())
    assert np.array_equal(before, after) and np.array_equal(av_map, labels)
    with pytest.raises(ValueError, match="first"):
        Fading(first=1.5)


def test_drawn_nicking_fades_with_its_grade() -> None:
    rng, protocol = np.random.default_rng(0), PROTOCOLS["training"]
    photograph, av_map = draw_crossing(301, vein_width=17, artery_width=13)
    window = open_window(photograph, av_map, (150, 150), 4.0, 48.0)
    faded = 0
    for grade in range(4):
        for _ in range(20):
            drawn = protocol.draw(rng, grade, window)
            amount, fading = drawn.amounts
            assert protocol.rule.grade(*drawn.shares(window)) == grade
            for width, lost in ((amount.first, fading.first), (amount.second, fading.second)):
                assert lost <= (0.9 if width < 0.84 else 0.2)
            faded += fading.first > 0
    assert 20 < faded < 60  # half of them


def test_fading_needs_a_squeeze_before_it() -> None:
    photograph, av_map = draw_crossing(301, vein_width=17, artery_width=13)
    window = open_window(photograph, av_map, (150, 150), 4.0, 48.0)
    with pytest.raises(ValueError, match="expected a squeeze"):
        RandomFading().draw(np.random.default_rng(0), Wanted(2, GradeRule()), window)
