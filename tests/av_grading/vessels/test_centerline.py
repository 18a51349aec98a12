"""Vessels are followed through a crossing, or it is said why not."""

import cv2
import numpy as np
import pytest

from av_grading.formats.errors import NotMeasurable
from av_grading.formats.labels import ARTERY, VEIN
from av_grading.vessels.centerline import trace
from tests.av_grading.conftest import draw_crossing


@pytest.mark.parametrize("angle", [90.0, 50.0, 130.0])
def test_both_vessels_go_through(angle: float) -> None:
    _, av_map = draw_crossing(121, angle=angle)
    vein = trace(av_map, VEIN, (60, 60), 2.0)
    assert np.abs(vein.points[:, 1] - 60).max() < 3
    assert {np.sign(vein.first[-1, 0] - 60), np.sign(vein.second[-1, 0] - 60)} == {-1, 1}
    for arm in (vein.first, vein.second):
        assert np.linalg.norm(arm[0] - (60, 60)) < 4
        assert np.linalg.norm(np.diff(arm, axis=0), axis=1).sum() == pytest.approx(40, abs=6)
    artery = trace(av_map, ARTERY, (60, 60), 2.0)
    a, b = artery.first[-1] - 60, artery.second[-1] - 60
    found = np.degrees(np.arctan2(*(a - b)[::-1])) % 180
    assert min(abs(found - angle), 180 - abs(found - angle)) < 8


def test_the_straight_way_is_taken_where_the_vein_branches() -> None:
    _, av_map = draw_crossing(121)
    cv2.line(av_map, (72, 60), (112, 20), VEIN, 6)
    vein = trace(av_map, VEIN, (60, 60), 2.0)
    assert np.abs(vein.points[:, 1] - 60).max() < 5


def test_other_vessels_nearby_are_left_alone() -> None:
    _, av_map = draw_crossing(121)
    cv2.line(av_map, (0, 90), (120, 90), VEIN, 6)
    assert np.abs(trace(av_map, VEIN, (60, 60), 2.0).points[:, 1] - 60).max() < 3


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda m: np.where(m == VEIN, 0, m)[:, ::-1] * (m != 3), "no vein"),
        (lambda m: np.where(np.arange(121) > 66, np.where(m >= 2, 0, m), m), "the vein ends"),
    ],
)
def test_says_why_not(change, reason: str) -> None:
    _, av_map = draw_crossing(121)
    with pytest.raises(NotMeasurable, match=reason):
        trace(change(av_map).astype(np.uint8), VEIN, (60, 60), 2.0)


def test_a_vein_that_turns_back_does_not_go_through() -> None:
    av_map = np.zeros((121, 121), np.uint8)
    cv2.line(av_map, (60, 60), (110, 45), VEIN, 5)
    cv2.line(av_map, (60, 60), (110, 80), VEIN, 5)
    with pytest.raises(NotMeasurable, match="does not go through"):
        trace(av_map, VEIN, (60, 60), 2.0)


def test_a_far_vessel_is_not_the_crossings() -> None:
    av_map = np.zeros((121, 121), np.uint8)
    cv2.line(av_map, (0, 20), (120, 20), VEIN, 5)
    with pytest.raises(NotMeasurable, match="no vein at the crossing: the nearest is 20"):
        trace(av_map, VEIN, (60, 60), 2.0)
