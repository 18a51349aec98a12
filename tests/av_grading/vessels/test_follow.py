"""Vessels are followed through what hides them, and not where there is none."""

import numpy as np
import pytest
from numpy.typing import NDArray

from av_grading.formats.errors import NotMeasurable
from av_grading.formats.labels import ARTERY, OVERLAP, VEIN
from av_grading.vessels.follow import HIDDEN, MOST_GAP, extended, follow

SIDE, DRIVE_PX, WIDTH = 192, 4.0, 4.0
MIDDLE = (SIDE - 1) / 2
ROWS, COLUMNS = np.mgrid[:SIDE, :SIDE] - MIDDLE


def drawn(gap: float = 0.0, bend: float = 0.0, ends: float = 30.0) -> NDArray[np.float32]:
    """A map of an artery from top to bottom and a vein from left to right.

    Args:
        gap: beside the artery where the vein is not seen, on either side (DRIVE px).
        bend: by how much the vein's right arm lies lower (DRIVE px).
        ends: where the right arm ends (DRIVE px from the crossing).
    """
    artery = np.abs(COLUMNS) <= WIDTH / 2 * DRIVE_PX
    way = COLUMNS / DRIVE_PX
    course = bend * DRIVE_PX * np.clip((way + 4) / 8, 0, 1)
    vein = np.abs(ROWS - course) <= WIDTH / 2 * DRIVE_PX
    beside = np.abs(way) - WIDTH / 2
    vein &= (beside > gap) | (gap == 0)
    vein &= way < ends
    shares = np.zeros((4, SIDE, SIDE), np.float32)
    shares[OVERLAP] = artery & vein & (gap == 0)
    shares[ARTERY] = artery & (shares[OVERLAP] == 0)
    shares[VEIN] = vein & ~artery
    shares[0] = 1 - shares[1:].sum(axis=0)
    return shares


@pytest.mark.parametrize("gap", [0.0, 1.0, 2.0])
@pytest.mark.parametrize("bend", [0.0, 6.0])
def test_a_vein_is_followed_through_a_gap_beside_the_artery(gap: float, bend: float) -> None:
    found = follow(drawn(gap, bend), VEIN, (MIDDLE, MIDDLE), DRIVE_PX)
    ends = np.stack([found.line.first[-1], found.line.second[-1]])
    left, right = ends[ends[:, 0].argsort()]
    assert left[0] < MIDDLE - 12 * DRIVE_PX * 0.8 and right[0] > MIDDLE + 12 * DRIVE_PX * 0.8
    assert abs(left[1] - MIDDLE) < DRIVE_PX
    assert abs(right[1] - (MIDDLE + bend * DRIVE_PX)) < 1.5 * DRIVE_PX
    assert found.gap == pytest.approx(2 * gap, abs=1.0)
    assert found.hidden >= found.gap


def test_the_artery_is_followed_over_the_vein() -> None:
    line = follow(drawn(2.0), ARTERY, (MIDDLE, MIDDLE), DRIVE_PX).line
    assert np.abs(line.points[:, 0] - MIDDLE).max() < 0.5 * DRIVE_PX


@pytest.mark.parametrize("ends", [0.0, 5.0])
def test_a_vein_that_ends_at_the_artery_is_not_followed(ends: float) -> None:
    with pytest.raises(NotMeasurable, match="the vein ends"):
        follow(drawn(ends=ends), VEIN, (MIDDLE, MIDDLE), DRIVE_PX)


def test_more_than_a_person_would_join_is_refused() -> None:
    with pytest.raises(NotMeasurable, match="vein"):
        follow(drawn(gap=MOST_GAP), VEIN, (MIDDLE, MIDDLE), DRIVE_PX)


def test_no_vein_is_told() -> None:
    shares = drawn()
    shares[VEIN] = shares[OVERLAP] = 0
    with pytest.raises(NotMeasurable, match="no vein in the map"):
        follow(shares, VEIN, (MIDDLE, MIDDLE), DRIVE_PX)
    far = drawn()
    near = np.hypot(ROWS, COLUMNS) < (HIDDEN + 1) * DRIVE_PX
    far[VEIN][near] = far[OVERLAP][near] = 0
    with pytest.raises(NotMeasurable, match="no vein at the crossing"):
        follow(far, VEIN, (MIDDLE, MIDDLE), DRIVE_PX)


def test_arms_are_followed_on_as_far_as_the_map_shows_the_vein() -> None:
    shares = drawn(ends=16.0)
    line = follow(shares, VEIN, (MIDDLE, MIDDLE), DRIVE_PX).line
    farther = extended(line, shares[VEIN] + shares[OVERLAP], DRIVE_PX, 19.0)
    ends = sorted(float(arm[-1, 0] - MIDDLE) / DRIVE_PX for arm in (farther.first, farther.second))
    assert ends == pytest.approx([-19, 16], abs=1.0)
    assert np.abs(farther.points[:, 1] - MIDDLE).max() < 0.5 * DRIVE_PX
    for arm, longer in ((line.first, farther.first), (line.second, farther.second)):
        assert np.array_equal(longer[: len(arm)], arm)
