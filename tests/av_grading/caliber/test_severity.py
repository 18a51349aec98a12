"""Narrowing of drawn veins is measured on the right side, graded, or it is said why not."""

import cv2
import numpy as np
import pytest

from av_grading.caliber.narrowing import fit_narrowing
from av_grading.caliber.severity import measure_crossing
from av_grading.caliber.validity import check_crossing
from av_grading.caliber.vein_phantom import draw_vein
from av_grading.formats.errors import NotMeasurable
from av_grading.formats.grade_definition import Thresholds
from av_grading.formats.labels import OVERLAP, VEIN

UNIT = 2.0


@pytest.mark.parametrize(
    ("ratios", "grade"),
    [((1.0, 1.0), 0), ((0.5, 1.0), 2), ((1.0, 0.72), 1), ((0.45, 0.6), 3)],
)
@pytest.mark.parametrize("source", ["both", "photograph"])
def test_ratio_of_each_side(ratios: tuple[float, float], grade: int, source: str) -> None:
    made = draw_vein(np.random.default_rng(4), 9.0, artery=7.0, ratios=ratios, reflex=0.2)
    found = measure_crossing(made.photograph, made.av_map, made.center, UNIT, source)
    assert found.ratios is not None and found.severity_index is not None
    points = found.widths.points
    left_first = found.ratios if points[0, 0] < points[-1, 0] else found.ratios[::-1]
    assert left_first == pytest.approx(ratios, abs=0.12)
    assert found.severity_index == pytest.approx(1 - np.mean(ratios), abs=0.1)
    assert found.grade(Thresholds()) == grade
    for side in found.sides:
        assert side is not None and side.own == pytest.approx(9.0, abs=0.7)
        assert 0 < side.ratio_error < 0.2


def test_a_side_that_is_not_seen_has_a_reason_and_no_number() -> None:
    made = draw_vein(np.random.default_rng(4), 9.0, artery=7.0)
    av_map = made.av_map.copy()
    av_map[:, 45:92][av_map[:, 45:92] == VEIN] = OVERLAP  # the artery runs along the vein
    photograph = made.photograph.copy()
    found = measure_crossing(photograph, av_map, made.center, UNIT)
    assert found.sides.count(None) >= 1
    assert (
        found.ratios is None and found.severity_index is None and found.grade(Thresholds()) is None
    )
    for side, failure in zip(found.sides, found.failures, strict=True):
        assert (side is None) == bool(failure)
        assert not failure or failure.startswith(("hidden", "uncertain"))


def test_a_branch_does_not_widen_the_vein() -> None:
    made = draw_vein(np.random.default_rng(6), 8.0, artery=6.0)
    av_map, photograph = made.av_map.copy(), made.photograph.copy()
    row = int(np.flatnonzero(av_map[:, 84] == VEIN).mean())
    for pixels, color in ((av_map, VEIN), (photograph, (90, 40, 30))):
        cv2.line(pixels, (84, row), (60, max(row - 40, 0)), color, 7)
    found = measure_crossing(photograph, av_map, made.center, UNIT)
    own = [s.own for s in found.sides if s is not None]
    assert own and max(own) < 10


def test_sizes_and_sources_are_checked() -> None:
    made = draw_vein(np.random.default_rng(0), 8.0)
    with pytest.raises(ValueError, match="expected a map of"):
        measure_crossing(made.photograph[:50], made.av_map, made.center, UNIT)
    with pytest.raises(ValueError, match="source: expected one of both"):
        measure_crossing(made.photograph, made.av_map, made.center, UNIT, "eye")


def test_narrowing_of_known_widths() -> None:
    rng = np.random.default_rng(0)
    way = np.arange(3.0, 40.0)
    fade = np.clip(1 - way / 12, 0, 1)
    first, second = (10 * np.exp(-d * fade) + rng.normal(0, 0.2, len(way)) for d in (0.6, 0.0))
    first[20] = 25.0  # an outlier
    error = np.full(len(way), 0.2)
    a, b = fit_narrowing((way, first, error), (way, second, error), UNIT)
    assert a.ratio == pytest.approx(np.exp(-0.6), abs=0.1) and b.ratio == pytest.approx(1, abs=0.1)
    assert a.own == pytest.approx(10, abs=0.5)
    nothing = (np.zeros(0),) * 3
    unseen = fit_narrowing((way, first, error), nothing, UNIT)[1]
    assert unseen.log_error > 0.5 > a.log_error
    with pytest.raises(NotMeasurable, match="0 widths"):
        fit_narrowing(nothing, nothing, UNIT)


@pytest.mark.parametrize("above", [True, False])
def test_which_vessel_is_above(above: bool) -> None:
    for seed in range(4):
        made = draw_vein(np.random.default_rng(seed), 8.0, artery=7.0, above=above)
        found = check_crossing(made.photograph, made.av_map, made.center, UNIT)
        assert found.crossing and found.angle is not None and found.angle > 50
        assert found.above is not None and (found.above > 0) == above


def test_no_crossing_without_an_artery() -> None:
    made = draw_vein(np.random.default_rng(0), 8.0)
    found = check_crossing(made.photograph, made.av_map, made.center, UNIT)
    assert not found.crossing and found.above is None and found.reason == "no artery in the map"
