"""Banking on drawn veins that swell beyond the artery."""

import numpy as np
import pytest

from av_grading.signs.registry import get_sign
from av_grading.signs.sign import number_in
from tests.av_grading.signs.drawn_look import look_along

SIGN = get_sign("banking")


def swollen(by: float, side: int):
    """Wider by a share, some 4 DRIVE px beyond the artery's edge on one side."""
    return lambda way: 1 + by * np.exp(-0.5 * ((side * way - 5.5) / 1.6) ** 2)


def row_of(look):
    return SIGN.cells(SIGN.compute(look))


def test_a_vein_of_even_width_does_not_swell() -> None:
    row = row_of(look_along())
    for side in ("first", "second"):
        assert number_in(row, f"banking_{side}") == pytest.approx(1, abs=0.08)
    assert row["banking_answer"] == "absent"
    assert "banking_upstream" not in row  # no disc is known
    assert SIGN.sentences(row) == []


def test_a_vein_that_stays_wide_or_is_joined_does_not_bank() -> None:
    for wide in (lambda way: np.where(way > 5, 1.5, 1.0), lambda way: np.where(way > 5, 2.2, 1.0)):
        row = row_of(look_along(width=wide))
        assert row["banking_answer"] == "absent", row


@pytest.mark.parametrize("by", [0.2, 0.4])
def test_a_swelling_is_measured_on_its_side(by: float) -> None:
    row = row_of(look_along(width=swollen(by, 1), disc=(-1, 0)))
    assert number_in(row, "banking_upstream") == pytest.approx(1 + by, abs=0.17)
    assert number_in(row, "banking_downstream") == pytest.approx(1, abs=0.12)


def test_a_swelling_is_seen_where_it_ends_far_from_the_artery() -> None:
    def far(way):
        return 1 + 0.6 * np.exp(-0.5 * ((way - 13.5) / 1.4) ** 2)

    row = row_of(look_along(width=far))
    assert number_in(row, "banking_second") == pytest.approx(1.6, abs=0.2)
    assert row["banking_answer"] != "absent"


def test_the_disc_tells_upstream_from_downstream() -> None:
    looks = [look_along(width=swollen(0.6, 1), disc=(x, 0.2)) for x in (-1, 1)]
    told = [" ".join(SIGN.sentences(row_of(look))) for look in looks]
    assert "upstream" in told[0] and "downstream" in told[1]
    across = row_of(look_along(width=swollen(0.6, 1), disc=(0, 1)))
    assert "banking_upstream" not in across and "banking_downstream" not in across


def test_where_no_vein_goes_through_a_reason_stands_instead_of_numbers() -> None:
    row = row_of(look_along(contrast=np.zeros_like))
    assert list(row) == ["banking_not_measurable"]
