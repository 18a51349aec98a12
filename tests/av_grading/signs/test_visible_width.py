"""Visible width on drawn veins whose width and contrast beside the artery are known."""

from dataclasses import replace

import numpy as np
import pytest

from av_grading.signs.registry import get_sign
from av_grading.signs.sign import number_in
from av_grading.signs.strip_signs import OUTPUT
from tests.av_grading.signs.drawn_look import dip, drawn_look, look_along

SIGN = get_sign("visible_width")


def row_of(look):
    return SIGN.cells(SIGN.compute(look))


def test_an_untouched_vein_has_its_own_visible_width() -> None:
    row = row_of(drawn_look(1))
    for side in ("first", "second"):
        assert number_in(row, f"visible_width_{side}") == pytest.approx(1, abs=0.1)
        assert number_in(row, f"gap_{side}_vein_widths") == 0
        assert f"taper_{side}_vein_widths" not in row
    assert row["visible_width_answer"] == row["narrowing_answer"] == "absent"
    assert row["concealment_answer"] == "absent"


@pytest.mark.parametrize("ratio", [0.4, 0.6, 0.8])
def test_a_vein_that_narrows_on_one_side_loses_width_and_keeps_contrast(ratio: float) -> None:
    row = row_of(drawn_look(1, ratios=(ratio, 1.0)))
    left = sorted(number_in(row, f"visible_width_{side}") for side in ("first", "second"))
    assert left[0] == pytest.approx(ratio, abs=0.12)
    assert left[1] == pytest.approx(1, abs=0.1)
    assert row["concealment_answer"] == "absent"
    assert row["narrowing_answer"] == ("present" if ratio < 0.6 else row["narrowing_answer"])


@pytest.mark.parametrize("faded", [0.3, 0.55])
def test_a_vein_that_fades_loses_contrast_and_keeps_its_walls(faded: float) -> None:
    row = row_of(look_along(contrast=dip(faded, reach=5)))
    for side in ("first", "second"):
        assert number_in(row, f"contrast_{side}") == pytest.approx(1 - faded, abs=0.15)
        assert number_in(row, f"wall_width_{side}") > 0.75
    assert row["narrowing_answer"] == "absent"
    assert row["concealment_answer"] != "absent"


def gone(way):
    """Contrast of a vein that is hidden 2.5 DRIVE px from the artery's edge."""
    return np.clip((np.abs(way) - 4.5) / 0.5, 0, 1)


def test_a_vein_that_vanishes_has_a_gap_in_vein_widths() -> None:
    look = look_along(contrast=gone)
    measured = SIGN.compute(look)
    row = SIGN.cells(measured)
    for side in ("first", "second"):
        assert number_in(row, f"gap_{side}_vein_widths") == pytest.approx(0.5, abs=0.2)
        assert number_in(row, f"visible_width_{side}") < 0.3
    assert row["visible_width_answer"] == "present"
    assert len(SIGN.draw(look, measured)) == 4  # on either side the gap, and where it ends


def test_a_longer_taper_is_longer() -> None:
    short, long = (row_of(look_along(width=dip(0.6, reach=r))) for r in (3.0, 7.0))
    for side in ("first", "second"):
        column = f"taper_{side}_vein_widths"
        assert number_in(short, column) + 0.3 < number_in(long, column)


def test_a_noisier_picture_has_larger_standard_errors() -> None:
    quiet, noisy = (row_of(drawn_look(3, ratios=(0.5, 0.5), noise=n)) for n in (0.004, 0.05))
    for side in ("first", "second"):
        assert number_in(quiet, f"visible_width_{side}_se") < number_in(
            noisy, f"visible_width_{side}_se"
        )


def test_where_no_vein_goes_through_a_reason_stands_instead_of_numbers() -> None:
    look = look_along(contrast=np.zeros_like)
    row = row_of(look)
    assert list(row) == ["visible_width_not_measurable"]
    assert "vein" in str(row["visible_width_not_measurable"])
    assert SIGN.sentences(row)[0].startswith("Visible width not measured: ")
    assert list(SIGN.draw(look, SIGN.compute(look))) == []


def test_sentences_tell_narrowing_from_concealment() -> None:
    narrowed = " ".join(SIGN.sentences(row_of(drawn_look(1, ratios=(0.4, 1.0)))))
    assert "(narrowing)" in narrowed and "(concealment)" not in narrowed
    faded = " ".join(SIGN.sentences(row_of(look_along(contrast=dip(0.55, reach=5)))))
    assert "(concealment)" in faded and "(narrowing)" not in faded


@pytest.mark.parametrize(("left", "gap"), [(0.3, 0.5), (0.55, 0.0)])
def test_where_half_is_left_there_is_no_gap(left: float, gap: float) -> None:
    look = look_along(contrast=gone)
    read = np.stack([np.full((2, 3), left), np.full((2, 3), 0.05)])
    found = SIGN.compute(replace(look, outputs={OUTPUT: read}))
    row = SIGN.cells(found)
    assert number_in(row, "gap_first_vein_widths") == pytest.approx(gap, abs=0.2)
    assert bool(SIGN.draw(look, found)) == (gap > 0)


def test_what_the_sign_strip_reads_takes_the_place_of_what_is_measured() -> None:
    look = drawn_look(1)
    means = np.array([[0.3, 0.9, 0.4], [1.0, 1.0, 1.0]])
    read = replace(look, outputs={OUTPUT: np.stack([means, np.full((2, 3), 0.05)])})
    measured, row = row_of(look), row_of(read)
    assert row["visible_width_first"] == "0.300" and row["visible_width_second_se"] == "0.050"
    assert row["wall_width_first"] == "0.400" and row["contrast_second"] == "1.000"
    # Gaps are measured as before, of a side on which something is lost.
    assert row["gap_first_vein_widths"] == measured["gap_first_vein_widths"]
    narrow = drawn_look(1, ratios=(0.3, 0.3))
    whole = replace(narrow, outputs={OUTPUT: np.stack([np.ones((2, 3)), np.full((2, 3), 0.05)])})
    tapers = {f"taper_{side}_vein_widths" for side in ("first", "second")}
    assert tapers <= set(row_of(narrow))
    # What is read to be left decides whether and how far there is something to come back from.
    assert 0.1 < number_in(row, "taper_first_vein_widths") < 4
    assert "taper_second_vein_widths" not in row
    assert not {name for name in row_of(whole) if name.startswith("taper")}
    assert row_of(whole)["gap_first_vein_widths"] == "0.00"
    assert SIGN.drawing(whole, SIGN.compute(whole)) is None
    assert row["visible_width_answer"] == row["narrowing_answer"] == "present"
    # A mean over what is likely has its doubt in it.
    unsure = np.stack([np.full((2, 3), 0.55), np.full((2, 3), 0.3)])
    assert row_of(replace(look, outputs={OUTPUT: unsure}))["visible_width_answer"] == "present"
    assert row["concealment_answer"] == "absent" and set(row) <= set(SIGN.meanings())
    unseen = replace(read, vessels=None)
    assert "visible_width_not_measurable" in row_of(replace(unseen, outputs={}))
    assert "visible_width_not_measurable" not in row_of(unseen)
