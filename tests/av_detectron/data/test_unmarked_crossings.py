"""Crossings that labels show without an overlap."""

import numpy as np

from av_detectron.data.annotations import ARTERY, OVERLAP, UNCERTAIN, VEIN
from av_detectron.data.unmarked_crossings import find_unmarked_crossings


def crossed(overlap: int, drive_px: int = 1) -> np.ndarray:
    """An artery that lies over a vein at x 80, y 60, with a label of its own where they meet."""
    av = np.zeros((120, 160), np.uint8)
    av[10:110, 78:83] = VEIN
    av[58:63, 20:140] = ARTERY
    av[58:63, 78:83] = overlap
    return np.kron(av, np.ones((drive_px, drive_px), np.uint8))


def test_artery_drawn_over_a_vein_is_an_unmarked_crossing() -> None:
    (place,) = find_unmarked_crossings(crossed(ARTERY), 1.0)
    np.testing.assert_allclose(place, [80, 60], atol=2)


def test_place_is_in_px_of_a_finer_map() -> None:
    (place,) = find_unmarked_crossings(crossed(ARTERY, 4), 4.0)
    np.testing.assert_allclose(place, [321.5, 241.5], atol=8)


def test_marked_overlap_is_none() -> None:
    assert find_unmarked_crossings(crossed(OVERLAP), 1.0).shape == (0, 2)


def test_branch_is_none() -> None:
    av = crossed(ARTERY)
    av[63:] = 0  # the vein ends at the artery
    assert len(find_unmarked_crossings(av, 1.0)) == 0


def test_vessel_of_unknown_kind_is_none() -> None:
    av = crossed(ARTERY)
    av[av == VEIN] = UNCERTAIN
    assert len(find_unmarked_crossings(av, 1.0)) == 0


def test_no_vessels() -> None:
    assert find_unmarked_crossings(np.zeros((50, 60), np.uint8), 2.0).shape == (0, 2)
