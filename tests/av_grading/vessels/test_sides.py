"""The first side of a crossing is the one nearer to the disc, else the left one, everywhere."""

import numpy as np
import pytest

from av_grading.caliber.vein_phantom import draw_vein
from av_grading.signs.registry import get_sign
from av_grading.vessels.centerline import VesselLine
from av_grading.vessels.sides import in_order, ordered_as, reverse
from tests.av_grading.signs.drawn_look import SCALE, look_at


def line(x: float, y: float) -> VesselLine:
    """A straight vessel whose first arm ends at x, y and whose second at the opposite place."""
    way = np.linspace(0, 1, 20)[:, None] * np.array([[x, y]])
    return VesselLine(50 + way, 50 - way)


@pytest.mark.parametrize(
    ("end", "disc", "kept"),
    [
        ((-20, 5), None, True),
        ((20, 5), None, False),
        ((0.3, -20), None, True),  # upright within a px: the upper side first
        ((0.3, 20), None, False),
        ((-20, 5), (1.0, 0.0), False),  # the disc is on the right
        ((20, 5), (1.0, 0.0), True),
        ((0, -20), (0.0, 1.0), False),
        ((-20, 0), (0.0, 1.0), True),  # both sides as near: the left one first
    ],
)
def test_the_order_of_sides(end: tuple[float, float], disc: object, kept: bool) -> None:
    given = line(*end)
    direction = None if disc is None else np.array(disc)
    for start in (given, reverse(given)):
        found = in_order(start, direction)
        assert (found.first[-1] == (given if kept else reverse(given)).first[-1]).all()
        assert (ordered_as(start, found).first == found.first).all()


@pytest.mark.parametrize("disc", [(1.0, 0.2), (-1.0, 0.2), None])
def test_columns_traced_lines_and_pictures_have_one_order(disc: tuple[float, float] | None) -> None:
    """A vein from left to right, pressed on its right side alone."""
    drawn = draw_vein(
        np.random.default_rng(3),
        6 * SCALE,
        size=193,
        artery=4 * SCALE,
        ratios=(1.0, 0.5),
        length=10 * SCALE,
    )
    look = look_at(drawn, disc)
    right_first = disc is not None and disc[0] > 0
    assert look.vessels is not None and look.vessels.vein is not None
    end = look.vessels.vein.first[-1] - look.vessels.vein.first[0]
    assert (end[0] > 0) == right_first
    measured = get_sign("caliber").compute(look)
    pressed, free = ("first", "second") if right_first else ("second", "first")
    assert measured.values[f"ratio_{pressed}"] < 0.7 < measured.values[f"ratio_{free}"]
    start = measured.detail.points[0] - measured.detail.points[-1]
    assert (start[0] > 0) == right_first
