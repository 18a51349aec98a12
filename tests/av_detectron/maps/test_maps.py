"""Segments, consistent labels and crossings, on maps drawn by hand."""

import cv2
import numpy as np
from numpy.typing import NDArray

from av_detectron.maps.consistency import agree_along_segments
from av_detectron.maps.map_crossings import find_map_crossings
from av_detectron.maps.segments import find_segments

ARTERY, VEIN = 1, 2


def draw(*lines: tuple[int, tuple[int, int], tuple[int, int]]) -> NDArray[np.uint8]:
    """Labels (120, 160) with vessels 5 px wide: kind, from and to (x, y)."""
    labels = np.zeros((120, 160), np.uint8)
    for kind, start, end in lines:
        cv2.line(labels, start, end, kind, 5)
    return labels


def certain(labels: NDArray[np.uint8], certainty: float = 0.9) -> NDArray[np.float32]:
    """Probabilities (3, H, W) of a map that is sure of its labels."""
    rest = (1 - certainty) / 2
    return np.stack([np.where(labels == k, certainty, rest) for k in range(3)]).astype(np.float32)


CROSS = ((VEIN, (80, 10), (80, 110)), (ARTERY, (10, 60), (150, 60)))


def test_a_cross_has_four_segments() -> None:
    tree = find_segments(draw(*CROSS) > 0)
    assert tree.count == 4 and tree.junctions.any()
    ys, xs = np.nonzero(tree.junctions)
    assert abs(xs.mean() - 80) < 2 and abs(ys.mean() - 60) < 2
    nearest = tree.nearest(draw(*CROSS) > 0)
    assert len(np.unique(nearest[60, [20, 140]])) == 2  # two segments left and right
    assert nearest[5, 5] == 0


def test_nothing_to_thin() -> None:
    tree = find_segments(np.zeros((20, 30), bool))
    assert tree.count == 0 and not tree.nearest(np.ones((20, 30), bool)).any()
    empty = certain(np.zeros((20, 30), np.uint8))
    assert np.allclose(agree_along_segments(empty), empty)
    centers, scores = find_map_crossings(empty, 1.0)
    assert centers.shape == (0, 2) and scores.shape == (0,)


def test_small_specks_are_left_out() -> None:
    speck = draw((VEIN, (20, 20), (22, 20)))
    assert find_segments(speck > 0, smallest=200).count == 0


def test_swapped_stretch_takes_the_segments_kind() -> None:
    labels = draw((ARTERY, (10, 60), (150, 60)))
    swapped = labels.copy()
    swapped[:, 70:90][swapped[:, 70:90] > 0] = VEIN
    found = agree_along_segments(certain(swapped))
    assert (found[1] > found[2])[labels > 0].all()
    assert np.allclose(found.sum(axis=0), 1, atol=1e-5)
    assert np.allclose(found[0], certain(swapped)[0])  # what is vessel stays


def test_kinds_do_not_leak_through_a_junction() -> None:
    found = agree_along_segments(certain(draw(*CROSS)))
    assert found[1, 60, 30] > found[2, 60, 30] and found[1, 60, 130] > found[2, 60, 130]
    assert found[2, 20, 80] > found[1, 20, 80] and found[2, 100, 80] > found[1, 100, 80]


def test_crossing_is_found_where_artery_and_vein_meet() -> None:
    centers, scores = find_map_crossings(certain(draw(*CROSS)), 1.0)
    assert len(centers) == 1 and np.linalg.norm(centers[0] - (80, 60)) < 3
    assert 0.8 < scores[0] <= 1


def test_scale_is_that_of_the_photograph() -> None:
    large = cv2.resize(draw(*CROSS), None, fx=3, fy=3, interpolation=cv2.INTER_NEAREST)
    centers, _ = find_map_crossings(certain(large), 3.0)
    assert len(centers) == 1 and np.linalg.norm(centers[0] / 3 - (80, 60)) < 3


def test_branching_of_one_kind_is_no_crossing() -> None:
    fork = draw(
        (VEIN, (10, 60), (80, 60)), (VEIN, (80, 60), (150, 20)), (VEIN, (80, 60), (150, 100))
    )
    assert len(find_map_crossings(certain(fork), 1.0)[0]) == 0


def test_touching_end_to_end_is_no_crossing() -> None:
    line = draw((VEIN, (10, 60), (80, 60)), (ARTERY, (80, 60), (150, 60)))
    assert len(find_map_crossings(certain(line), 1.0)[0]) == 0


def test_slanting_crossing_is_found_once() -> None:
    slanting = draw((VEIN, (10, 25), (150, 95)), (ARTERY, (10, 95), (150, 25)))
    centers, _ = find_map_crossings(certain(slanting), 1.0)
    assert len(centers) == 1 and np.linalg.norm(centers[0] - (80, 60)) < 3


def test_vessels_that_touch_and_part_score_less_than_those_that_cross() -> None:
    touching = draw(
        (ARTERY, (10, 30), (80, 58)),
        (ARTERY, (80, 58), (150, 30)),
        (VEIN, (10, 92), (80, 62)),
        (VEIN, (80, 62), (150, 92)),
    )
    centers, touched = find_map_crossings(certain(touching), 1.0)
    _, crossed = find_map_crossings(certain(draw(*CROSS)), 1.0)
    assert len(centers) == 1 and touched[0] < 0.5 * crossed[0]
