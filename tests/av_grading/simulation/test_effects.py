"""Redrawn veins: what is drawn is what is measured afterwards, and nothing else changes."""

from typing import Any

import numpy as np
import pytest

from av_grading.command_line.defaults import SIMULATION_PROTOCOLS
from av_grading.formats.errors import NotMeasurable
from av_grading.formats.labels import ARTERY, OVERLAP, VEIN
from av_grading.simulation.crossing_window import CrossingWindow, open_window
from av_grading.simulation.effects.banking import Banking, RandomBanking
from av_grading.simulation.effects.bending import Bending, RandomBending
from av_grading.simulation.effects.concealment import Concealment, RandomConcealment
from av_grading.simulation.effects.reflex import RandomReflex, Reflex
from av_grading.simulation.effects.taper import HEALTHY, RandomTaper, Taper
from av_grading.simulation.protocols import PROTOCOLS
from av_grading.simulation.vein import EDGE
from tests.av_grading.conftest import draw_crossing

DRIVE_PX, SIZE = 4.0, 301
EFFECTS: dict[type, Any] = {
    Taper: RandomTaper(),
    Concealment: RandomConcealment(),
    Banking: RandomBanking(),
    Bending: RandomBending(),
}


@pytest.fixture(scope="module")
def window() -> CrossingWindow:
    """A drawn horizontal vein of 19 px under an artery of 15 px."""
    photograph, av_map = draw_crossing(SIZE, vein_width=19, artery_width=15)
    return open_window(photograph, av_map, (150, 150), DRIVE_PX, 48.0).measure()


def done(window: CrossingWindow, *amounts: Any) -> CrossingWindow:
    for amount in amounts:
        window = EFFECTS[type(amount)].apply(window, amount)
    return window.redrawn()


def sides(window: CrossingWindow) -> list[slice]:
    """Columns beside the artery on the side of the first and second arm."""
    columns = np.flatnonzero((window.av_map == ARTERY).any(axis=0))
    reach = round(EDGE * DRIVE_PX)
    left = slice(columns[0] - reach, columns[0])
    right = slice(columns[-1] + 1, columns[-1] + 1 + reach)
    return [left, right] if window.vein.line.first[-1, 0] < window.center[0] else [right, left]


def darkness(photograph: np.ndarray, columns: slice) -> float:
    """Of the vein in some columns, integrated across and averaged (green, logarithm)."""
    light = np.log(photograph[:, columns, 1].astype(float) + 2)
    return float((np.median(light[:60]) - light).sum(axis=0).mean())


def seen(window: CrossingWindow, after: CrossingWindow) -> tuple[float, float]:
    """What is left to see on both sides of what was there before, from the pixels alone."""
    own = darkness(window.photograph, slice(5, 40))
    first, second = (
        1 - (darkness(window.photograph, c) - darkness(after.photograph, c)) / own
        for c in sides(window)
    )
    return first, second


@pytest.mark.parametrize(
    "amounts",
    [
        (Taper(0.5, 1.0, 2.0),),
        (Taper(0.4, 0.7, 2.5),),
        (Concealment(0.8, 0.0, 2.0),),
        (Concealment(0.3, 0.6, 2.0, 0.25, 0.25),),
        (Taper(0.6, 0.6, 2.0), Concealment(0.5, 0.5, 2.0)),
    ],
)
def test_what_is_said_to_be_seen_is_measured(window: CrossingWindow, amounts: Any) -> None:
    asked = window
    for amount in amounts:
        asked = EFFECTS[type(amount)].apply(asked, amount)
    course, measured = asked.course, window.measured
    true = [measured.mean_beside(side, course.width * course.contrast) for side in (-1, 1)]
    assert seen(window, asked.redrawn()) == pytest.approx(true, abs=0.07)


def test_width_is_narrowed_in_the_map_too(window: CrossingWindow) -> None:
    after = done(window, Taper(0.4, 1.0, 2.0))
    assert (
        np.isin(after.av_map, (ARTERY, OVERLAP)).sum()
        == np.isin(window.av_map, (ARTERY, OVERLAP)).sum()
    )
    lost = (window.av_map == VEIN) & (after.av_map != VEIN)
    assert 50 < lost.sum() < 0.2 * (window.av_map == VEIN).sum()
    assert not ((window.av_map != VEIN) & (after.av_map == VEIN)).any()


def test_a_hidden_stretch_is_not_in_the_map(window: CrossingWindow) -> None:
    after = done(window, Concealment(1.0, 0.0, 2.0, 0.4, 0.0))
    lost = (window.av_map == VEIN) & (after.av_map != VEIN)
    assert lost.sum() > 50


def test_a_swollen_vein_is_wider_beyond_and_not_beside(window: CrossingWindow) -> None:
    after = done(window, Banking(0.3, 0.0, 1.5))
    width = round(2 * window.vein.half_width)
    (beside, _) = sides(window)
    away = -1 if beside.stop < window.center[0] else 1
    start = beside.stop if away < 0 else beside.start
    middle = start + away * round(2.5 * width)  # start and half of its length
    there = slice(middle - 6, middle + 6)
    gain = darkness(after.photograph, there) / darkness(window.photograph, there)
    assert gain == pytest.approx(1.3, abs=0.12)
    assert seen(window, after) == pytest.approx((1, 1), abs=0.05)


@pytest.mark.parametrize("shift", [2.0, -1.5])
def test_a_bent_vein_lies_where_it_is_drawn(window: CrossingWindow, shift: float) -> None:
    effect, amount = RandomBending(), Bending(shift, 10.0)
    after = done(window, amount)
    rows = np.arange(window.av_map.shape[0])
    for columns in sides(window):
        before, moved = (
            float(np.average(rows, weights=(w.av_map[:, columns] == VEIN).sum(axis=1)))
            for w in (window, after)
        )
        assert 0.6 < abs(moved - before) / (abs(shift) * DRIVE_PX) < 1.05
    width = (after.av_map[:, sides(window)[0]] == VEIN).sum(axis=0).mean()
    assert width == pytest.approx(2 * window.vein.half_width, abs=2)
    truth, straight = effect.truth(window, amount), effect.truth(window, Bending())
    assert straight["bend_degrees"] < 3 and truth["bend_degrees"] > 10
    assert truth["shift_drive_px"] == abs(shift)


def test_nothing_asked_nothing_changed(window: CrossingWindow) -> None:
    after = done(window, Taper(), Concealment(), Banking(), Bending())
    assert np.array_equal(after.photograph, window.photograph)
    assert np.array_equal(after.av_map, window.av_map)


def test_the_change_is_smooth_and_ends_before_the_window_does() -> None:
    photograph, av_map = draw_crossing(SIZE, vein_width=19, artery_width=15)
    opened = open_window(photograph, av_map, (150, 150), DRIVE_PX, 48.0).measure()
    after = done(opened, Taper(0.4, 0.5, 2.0), Concealment(0.6, 0.2, 2.0, 0.2, 0.0))
    change = after.photograph.astype(float) - opened.photograph
    edge = np.ones(change.shape[:2], bool)
    edge[4:-4, 4:-4] = False
    assert not change[edge].any()
    far = np.abs(np.arange(change.shape[0]) - opened.center[1]) > 9.5 + 8 * DRIVE_PX
    assert not change[far].any()
    # No edge is sharper than those that the photograph has.
    for axis in (0, 1):
        before, now = (
            np.abs(np.diff(w.photograph[..., 1].astype(float), axis=axis)).max()
            for w in (opened, after)
        )
        assert now <= 1.1 * before


def test_the_grain_stays_where_it_is() -> None:
    photograph, av_map = draw_crossing(SIZE, vein_width=19, artery_width=15)
    opened = open_window(photograph, av_map, (150, 150), DRIVE_PX, 48.0).measure()
    after = done(opened, Concealment(1.0, 1.0, 3.0))
    artery = np.flatnonzero(np.isin(opened.av_map, (ARTERY,)).any(axis=0))
    beside = slice(artery[-1] + 4, artery[-1] + 12)
    rows = slice(round(opened.center[1]) - 5, round(opened.center[1]) + 6)
    flank = slice(rows.start - 30, rows.stop - 30)
    hidden, retina = after.photograph[rows, beside, 1], after.photograph[flank, beside, 1]
    assert abs(float(hidden.mean()) - float(retina.mean())) < 8
    assert 0.5 < hidden.std() / retina.std() < 2.5


@pytest.mark.parametrize("grade", range(4))
def test_clinical_draws_have_the_grade_of_what_is_seen(window: CrossingWindow, grade: int) -> None:
    protocol, rng = PROTOCOLS["clinical"], np.random.default_rng(grade)
    for _ in range(10):
        drawn = protocol.draw(rng, grade, window)
        truth = drawn.truth(window)
        assert list(truth) == [column.name for column in protocol.columns]
        assert protocol.rule.grade(truth["visible_first"], truth["visible_second"]) == grade
        if grade == 0:
            taper = drawn.amounts[0]
            for least, has in zip((taper.first, taper.second), window.natural, strict=True):
                assert HEALTHY[0] - 0.01 <= least * has <= max(HEALTHY[1], 0.87) + 0.03
            assert truth["contrast_first"] == truth["contrast_second"] == 1
            assert truth["gap_vein_widths"] == truth["banking_first"] == 0


def test_measured_on_clinical_draws(window: CrossingWindow) -> None:
    protocol, rng = PROTOCOLS["clinical"], np.random.default_rng(5)
    true, found = [], []
    for grade in (1, 2, 3, 2, 3, 1):
        drawn = protocol.draw(rng, grade, window)
        if drawn.amounts[3].shift:
            continue  # the line lies elsewhere then
        true += drawn.shares(window)
        shares = zip(seen(window, drawn.apply(window)), window.natural, strict=True)
        found += [left * has for left, has in shares]
    assert len(true) >= 4
    assert np.abs(np.subtract(true, found)).max() < 0.12


def test_thin_arteries_and_veins_above_are_refused() -> None:
    protocol = PROTOCOLS["clinical"]
    photograph, av_map = draw_crossing(SIZE, vein_width=25, artery_width=5)
    with pytest.raises(NotMeasurable, match="thin artery"):
        protocol.prepare(open_window(photograph, av_map, (150, 150), DRIVE_PX, 48.0))
    photograph, av_map = draw_crossing(SIZE, vein_width=19, artery_width=15)
    protocol.prepare(open_window(photograph, av_map, (150, 150), DRIVE_PX, 48.0))
    photograph[av_map == OVERLAP] = (100, 40, 32)
    with pytest.raises(NotMeasurable, match="the vein lies above"):
        protocol.prepare(open_window(photograph, av_map, (150, 150), DRIVE_PX, 48.0))


@pytest.mark.parametrize(
    ("kind", "wrong"),
    [
        (Taper, {"first": 0.1}),
        (Taper, {"vein_widths": 0.0}),
        (Concealment, {"second": 1.2}),
        (Concealment, {"gap_first": 3.0}),
        (Banking, {"first": 0.9}),
        (Bending, {"shift": 6.0}),
    ],
)
def test_amounts_beyond_reason(kind: Any, wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=f"{next(iter(wrong))}: expected"):
        kind(**wrong)


def test_an_unmeasured_vein_has_no_course() -> None:
    photograph, av_map = draw_crossing(SIZE, vein_width=19, artery_width=15)
    opened = open_window(photograph, av_map, (150, 150), DRIVE_PX, 48.0)
    with pytest.raises(ValueError, match="measured"):
        RandomTaper().apply(opened, Taper(0.5))


def test_commands_offer_the_protocols_that_draw_nicking() -> None:
    assert set(SIMULATION_PROTOCOLS) == set(PROTOCOLS) - {"order"}
    for name, protocol in PROTOCOLS.items():
        assert protocol.name == name and protocol.columns
        assert len({column.name for column in protocol.columns}) == len(protocol.columns)


@pytest.mark.parametrize("ratio", [0.25, 0.45])
def test_a_reflex_has_the_width_that_is_drawn(window: CrossingWindow, ratio: float) -> None:
    effect, amount = RandomReflex(), Reflex(ratio, 0.8)
    after = effect.apply(window, amount)
    middle, half = round(window.center[0]), window.artery.half_width
    across = np.arange(middle - 12, middle + 13)
    light = np.log(after.photograph[:90, across, 1].astype(float).mean(axis=0) + 2)
    blood = np.sqrt(np.clip(1 - ((across - middle) / half) ** 2, 0, None))
    inner = np.abs(across - middle) < 0.75 * half
    beside = float(np.log(np.median(window.photograph[:90, : middle - 30, 1]) + 2))
    left = (beside - light)[inner] / blood[inner]  # share of the blood's darkness, of any scale
    streak = left.max() - left
    wide = np.ptp(np.flatnonzero(streak >= streak.max() / 2)) + 1
    assert wide / (2 * half) == pytest.approx(ratio, abs=0.14)
    assert effect.truth(window, amount) == {"reflex_ratio": ratio, "reflex_height": 0.8}


def test_a_reflex_changes_the_artery_alone_and_none_nothing(window: CrossingWindow) -> None:
    effect = RandomReflex()
    assert effect.apply(window, Reflex()) is window
    after = effect.apply(window, Reflex(0.4, 0.8))
    changed = (after.photograph != window.photograph).any(axis=(0, 2))
    artery = np.isin(window.av_map, (ARTERY, OVERLAP)).any(axis=0)
    grown = np.convolve(artery, np.ones(13), "same") > 0
    assert changed[artery].mean() > 0.8 and not changed[~grown].any()
    with pytest.raises(ValueError, match="ratio: expected 0 to 1"):
        Reflex(1.2, 0.5)
