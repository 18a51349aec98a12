"""The crossing rule, boxes and masks; counts on the real maps."""

from pathlib import Path

import numpy as np
import pytest

from av_detectron.data import annotations as read
from av_detectron.data.crossing_rule import (
    CrossingRule,
    crossing_box,
    crossing_mask,
    find_crossings,
)
from av_detectron.data.disc import OpticDisc
from av_detectron.data.fov import measure_fov


def cross_map() -> np.ndarray:
    av = np.zeros((60, 80), np.uint8)
    av[29:32, 10:70] = 1
    av[5:55, 39:42] = 2
    av[29:32, 39:42] = 3
    return av


def test_full_crossing_counts_by_both_rules() -> None:
    for arms in ("three-arms", "two-each"):
        np.testing.assert_allclose(find_crossings(cross_map(), 1.0, CrossingRule(arms)), [[40, 30]])


def test_three_arms_count_by_one_rule_only() -> None:
    av = cross_map()
    av[5:29, 39:42] = 0
    assert len(find_crossings(av, 1.0, CrossingRule("three-arms"))) == 1
    assert len(find_crossings(av, 1.0, CrossingRule("two-each"))) == 0


def test_uncertain_vessel_is_no_crossing() -> None:
    av = np.zeros((60, 80), np.uint8)
    av[29:32, 10:70] = 1
    av[29:32, 30:40] = 3
    assert len(find_crossings(av, 1.0)) == 0


def test_uncertain_colour_is_no_overlap() -> None:
    av = cross_map()
    av[av == read.OVERLAP] = read.UNCERTAIN
    assert len(find_crossings(av, 1.0)) == 0


def test_specks_are_no_crossing() -> None:
    av = cross_map()
    assert len(find_crossings(av, 1.0, CrossingRule(min_area=9))) == 1
    assert len(find_crossings(av, 1.0, CrossingRule(min_area=9.5))) == 0
    assert len(find_crossings(av, 5.0)) == 0  # 9 px are .36 DRIVE px² there


def test_runs_on_the_disc_are_no_crossing() -> None:
    av = cross_map()
    av[29:32, 32:50] = read.OVERLAP
    near, far = OpticDisc(30, 30, 40), OpticDisc(30, 30, 15)
    assert len(find_crossings(av, 1.0, disc=far)) == 1
    assert len(find_crossings(av, 1.0, disc=near)) == 0
    assert len(find_crossings(cross_map(), 1.0, disc=near)) == 1  # compact ones are


def test_large_overlap_is_no_crossing_unless_allowed() -> None:
    av = cross_map()
    av[25:36, 15:65] = 3
    assert len(find_crossings(av, 1.0)) == 0
    assert len(find_crossings(av, 1.0, CrossingRule(max_extent=np.inf))) == 1
    assert len(find_crossings(av, 2.0)) == 1  # 50 px are 25 DRIVE px there


def test_crossing_at_the_edge_of_the_map() -> None:
    av = cross_map()[29:, 39:]
    assert find_crossings(av, 1.0).shape == (0, 2)  # two arms only are left
    av = cross_map()[:, 38:]
    np.testing.assert_allclose(find_crossings(av, 1.0), [[2, 30]])


def test_box_is_centred_and_scales() -> None:
    np.testing.assert_allclose(crossing_box(np.array([40, 30]), 1.0), [30.5, 20.5, 50.5, 40.5])
    np.testing.assert_allclose(crossing_box(np.array([40, 30]), 2.0, 10), [30.5, 20.5, 50.5, 40.5])


def test_mask_holds_the_vessel_pixels_in_the_box() -> None:
    vessels = cross_map() > 0
    pixels, x, y = crossing_mask(vessels, crossing_box(np.array([40.0, 30.0]), 1.0))
    np.testing.assert_array_equal(pixels, vessels[y : y + pixels.shape[0], x : x + pixels.shape[1]])
    assert pixels.shape == (20, 20)
    assert pixels.sum() == 20 * 3 + 17 * 3


def test_vessels_through_leaves_strangers_out() -> None:
    vessels = cross_map() > 0
    vessels[22:25, 31:36] = True  # inside the box, not connected
    box = crossing_box(np.array([40.0, 30.0]), 1.0)
    everything = crossing_mask(vessels, box, "box")[0]
    through = crossing_mask(vessels, box, "vessels-through")[0]
    assert everything.sum() - through.sum() == 15
    assert not through[:5, :6].any()


def test_mask_at_the_corner_is_cut() -> None:
    vessels = np.ones((30, 30), bool)
    pixels, x, y = crossing_mask(vessels, crossing_box(np.array([2.0, 2.0]), 1.0))
    assert (x, y, pixels.shape) == (0, 0, (12, 12))


def count(folder: Path, rule: CrossingRule) -> list[int]:
    counts = []
    for av, fov in zip(
        sorted((folder / "av").iterdir()), sorted((folder / "fov").iterdir()), strict=True
    ):
        unit = measure_fov(read.read_mask(fov)).drive_px
        counts.append(len(find_crossings(read.read_av_map(av), unit, rule)))
    return counts


def test_counts_on_real_maps(av_data: Path) -> None:
    unlimited = CrossingRule(max_extent=np.inf, min_area=0)
    counts = {
        name: count(av_data / name, unlimited)
        for name in ("drive/train", "les_av/train", "hrf/train", "drive/test")
    }
    assert sum(counts.pop("drive/test")) == 610
    assert sum(sum(c) for c in counts.values()) == 1599


def test_stricter_rule_on_real_maps(av_data: Path) -> None:
    counts = count(av_data / "drive" / "test", CrossingRule("two-each", np.inf))
    assert np.mean(counts) == pytest.approx(29.5, abs=0.05)
