"""Veins are squeezed by the factor asked for, and nothing else changes."""

import numpy as np
import pytest

from av_grading.formats.errors import NotMeasurable
from av_grading.formats.labels import ARTERY, OVERLAP, VEIN
from av_grading.simulation.crossing_window import open_window
from av_grading.simulation.effects.squeeze import Squeeze, draw_squeeze, pressed_to, squeeze
from av_grading.simulation.grades import GradeRule
from av_grading.simulation.protocols import PROTOCOLS, Drawn
from av_grading.simulation.vein import measure_vein
from av_grading.vessels.centerline import trace
from tests.av_grading.conftest import draw_crossing

DRIVE_PX = 4.0
SIZE, MIDDLE = 241, 120


def squeezed(amount: Squeeze) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Photograph and map of a drawn crossing, before and after; the vein is horizontal."""
    photograph, av_map = draw_crossing(SIZE, vein_width=25, artery_width=21)
    vein = measure_vein(av_map, trace(av_map, VEIN, (MIDDLE, MIDDLE), DRIVE_PX), DRIVE_PX)
    assert 2 * vein.half_width == pytest.approx((av_map[:, 0] == VEIN).sum(), abs=0.6)
    return photograph, av_map, *squeeze(photograph, av_map, vein, amount, DRIVE_PX)


def widths(av_map: np.ndarray) -> tuple[float, float]:
    """Vein's least width left and right of the artery, as shares of its own."""
    column = (av_map == VEIN).sum(axis=0)
    column = column / column[0]
    artery = (av_map == ARTERY).any(axis=0)
    edge = np.flatnonzero(artery)
    return float(column[: edge[0] - 1].min()), float(column[edge[-1] + 2 :].min())


@pytest.mark.parametrize("amount", [(0.5, 1.0), (1.0, 0.7), (0.4, 0.6), (0.8, 0.8)])
def test_the_width_at_the_artery_is_the_one_asked_for(amount: tuple[float, float]) -> None:
    _, before, _, after = squeezed(Squeeze(*amount, length=8.0))
    assert widths(before) == pytest.approx((1, 1), abs=0.05)
    assert sorted(widths(after)) == pytest.approx(sorted(amount), abs=0.09)


def test_nothing_moves_far_away_or_on_the_artery() -> None:
    photograph, before, changed, after = squeezed(Squeeze(0.4, 0.4, length=8.0))
    far = np.ones(before.shape, bool)
    far[MIDDLE - 45 : MIDDLE + 46, MIDDLE - 55 : MIDDLE + 56] = False
    assert np.abs(photograph.astype(int) - changed)[far].max() <= 1
    artery = (before == ARTERY) | (before == OVERLAP)
    assert np.abs(photograph.astype(int) - changed)[artery].max() <= 2
    assert ((after == ARTERY) | (after == OVERLAP))[artery].mean() > 0.98


def test_no_squeeze_changes_nothing() -> None:
    photograph, before, changed, after = squeezed(Squeeze())
    assert np.array_equal(photograph, changed) and np.array_equal(before, after)


def test_texture_is_moved_not_blurred() -> None:
    photograph, before, changed, _ = squeezed(Squeeze(0.4, 0.4, length=8.0))
    beside = np.s_[MIDDLE - 22 : MIDDLE - 16, MIDDLE + 14 : MIDDLE + 40]
    assert changed[beside].std() > 0.5 * photograph[beside].std()


@pytest.mark.parametrize("wrong", [{"first": 0.1}, {"second": 1.2}, {"length": 0.0}])
def test_squeezes_that_make_no_sense(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=f"{next(iter(wrong))}: expected"):
        Squeeze(**wrong)


def test_grades_are_drawn_within_their_thresholds() -> None:
    rng, rule = np.random.default_rng(0), GradeRule(pressed=0.8, moderate=0.55)
    for grade in range(4):
        amounts = [draw_squeeze(rng, grade, rule) for _ in range(200)]
        assert all(rule.grade(a.first, a.second) == grade for a in amounts)
        assert {a.first < a.second for a in amounts if a.first != a.second} == {True, False}
    with pytest.raises(ValueError, match="moderate < pressed"):
        GradeRule(pressed=0.5, moderate=0.6)


def test_windows_of_crossings_and_why_some_are_left_out() -> None:
    photograph, av_map = draw_crossing(301, vein_width=17, artery_width=13)
    window = open_window(photograph, av_map, (150, 150), 4.0, 48.0)
    pressed = Drawn(PROTOCOLS["in_use_0_2_0"], 3, (Squeeze(0.5, 0.5),)).apply(window)
    patch, labels = pressed.patch(48.0, 96)
    plain, _ = window.patch(48.0, 96)
    assert patch.shape == (96, 96, 3) and labels.shape == (96, 96)
    assert not np.array_equal(patch, plain) and np.array_equal(patch[:8], plain[:8])
    for center, scale, reason in (
        ((20, 150), 4.0, "beyond the photograph"),
        ((150, 150), 7.5, "beyond the photograph"),
        ((150, 150), 5.0, None),
    ):
        if reason is None:
            open_window(photograph, av_map, center, scale, 40.0)
        else:
            with pytest.raises(NotMeasurable, match=reason):
                open_window(photograph, av_map, center, scale, 48.0)
    thin = draw_crossing(301, vein_width=5, artery_width=13)
    with pytest.raises(NotMeasurable, match="thin vein"):
        open_window(*thin, (150, 150), 4.0, 48.0)
    assert open_window(*thin, (150, 150), 4.0, 48.0, widths=(1.0, 2.5)).vein.half_width < 5
    with pytest.raises(NotMeasurable, match="wide vein: 4"):
        open_window(photograph, av_map, (150, 150), 4.0, 48.0, widths=(1.0, 2.5))
    slanting = draw_crossing(301, vein_width=17, artery_width=13, angle=18)
    with pytest.raises(NotMeasurable, match="nearly parallel"):
        open_window(*slanting, (150, 150), 4.0, 48.0)


def test_a_vein_that_is_wider_at_the_artery_is_pressed_further() -> None:
    _, av_map = draw_crossing(SIZE, vein_width=25, artery_width=21)
    line = trace(av_map, VEIN, (MIDDLE, MIDDLE), DRIVE_PX)
    even = measure_vein(av_map, line, DRIVE_PX)
    assert even.at_edge == pytest.approx((1, 1), abs=0.04)
    beside = np.s_[MIDDLE - 15 : MIDDLE + 16, MIDDLE + 11 : MIDDLE + 30]
    wide = av_map.copy()
    wide[beside] = np.where(wide[beside] == 0, VEIN, wide[beside])
    vein = measure_vein(wide, line, DRIVE_PX)
    assert max(vein.at_edge) == pytest.approx(31 / 27, abs=0.02)  # drawn 27 px wide
    assert min(vein.at_edge) == pytest.approx(1, abs=0.04)
    amount = pressed_to(vein, Squeeze(0.6, 0.6))
    assert sorted((amount.first, amount.second)) == pytest.approx(
        sorted(0.6 / width for width in vein.at_edge)
    )
    assert pressed_to(vein, Squeeze()) == Squeeze()  # not to be pressed: left as it is


def test_beyond_a_narrowing_the_vein_swells_where_that_is_asked_for() -> None:
    _, before, _, after = squeezed(Squeeze(0.6, 1.0, length=8.0, swelling=0.4))
    column = (after == VEIN).sum(axis=0) / (before == VEIN).sum(axis=0)[0]
    artery = np.flatnonzero((before == ARTERY).any(axis=0))
    left, right = column[: artery[0] - 1], column[artery[-1] + 2 :]
    narrow, other = (left, right) if left.min() < right.min() else (right, left)
    assert narrow.min() == pytest.approx(0.6, abs=0.1) and narrow.max() > 1.2
    assert other.max() < 1.1


def test_a_bent_vein_keeps_its_width() -> None:
    _, before, _, after = squeezed(Squeeze(1.0, 1.0, length=8.0, deflection=2.0))
    assert not np.array_equal(before, after)
    assert widths(after) == pytest.approx((1, 1), abs=0.12)


@pytest.mark.parametrize(("name", "value"), [("swelling", 0.9), ("deflection", 5.0)])
def test_amounts_beyond_reason_are_refused(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=name):
        Squeeze(**{name: value})
