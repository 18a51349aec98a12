"""Deflection on drawn veins whose courses are known."""

import numpy as np
import pytest

from av_grading.signs.registry import get_sign
from av_grading.signs.sign import number_in
from tests.av_grading.signs.drawn_look import drawn_look, look_along

SIGN = get_sign("deflection")


def kinked(degrees: float):
    """Turned by so many degrees at the crossing, half of them on either side."""
    slope = np.tan(np.radians(degrees / 2))
    return lambda way: slope * (np.sqrt(way**2 + 1) - 1)


def aside(by: float):
    """Two parallel courses, `by` DRIVE px apart."""
    return lambda way: by / 2 * np.tanh(way / 1.5)


def row_of(look):
    return SIGN.cells(SIGN.compute(look))


def test_a_vein_that_goes_straight_on_is_not_deflected() -> None:
    row = row_of(look_along())
    assert number_in(row, "deflection_degrees") < 12
    assert number_in(row, "courses_degrees") < 4
    assert number_in(row, "shift_aside_vein_widths") < 0.1
    assert row["deflection_answer"] == "absent"
    assert SIGN.sentences(row) == []


@pytest.mark.parametrize("degrees", [20, 40, 60])
def test_the_angle_between_the_courses_is_that_drawn(degrees: float) -> None:
    row = row_of(look_along(course=kinked(degrees)))
    assert number_in(row, "courses_degrees") == pytest.approx(degrees, abs=6)
    assert number_in(row, "deflection_degrees") > 0.7 * degrees


@pytest.mark.parametrize("by", [2.0, 4.0])
def test_courses_that_miss_each_other_are_shifted_aside(by: float) -> None:
    row = row_of(look_along(course=aside(by)))
    assert number_in(row, "shift_aside_vein_widths") == pytest.approx(by / 5, abs=0.2)


def test_a_vein_that_turns_along_the_artery_is_drawn_and_told() -> None:
    look = look_along(course=lambda way: 5 * np.tanh(way / 4))
    measured = SIGN.compute(look)
    row = SIGN.cells(measured)
    assert row["deflection_answer"] in ("questionable", "present")
    assert row["deflection_way"] == "away"
    assert number_in(row, "deflection_degrees_se") > 0
    assert "deflected" in SIGN.sentences(row)[0]
    lines = SIGN.draw(look, measured)
    assert len(lines) == 2
    for line in lines:  # towards the crossing from either side, nearly level
        assert abs(line[0, 0] - look.middle[0]) < abs(line[1, 0] - look.middle[0])
        assert abs(line[1, 1] - line[0, 1]) < 0.5 * abs(line[1, 0] - line[0, 0])


def test_a_curved_vein_is_no_deflection() -> None:
    assert row_of(drawn_look(2))["deflection_answer"] == "absent"


def test_where_no_vein_goes_through_a_reason_stands_instead_of_numbers() -> None:
    row = row_of(look_along(contrast=np.zeros_like))
    assert list(row) == ["deflection_not_measurable"]
    assert SIGN.sentences(row)[0].startswith("Deflection not measured: ")
