"""Infeasible and correct paths of drawn vessels."""

import numpy as np
import pytest

from av_detectron.data.fov import FieldOfView
from av_detectron.evaluation.topology import (
    PathCounts,
    Topology,
    count_paths,
    count_topology,
    labelled_overlap,
)

WIDE = FieldOfView(diameter=540.0, x=60.0, y=60.0)


def crossing() -> np.ndarray:
    """An artery that runs across, a vein from top to bottom, their overlap, and a stray vessel."""
    labels = np.zeros((121, 121), np.uint8)
    labels[58:63, 5:116] = 1
    labels[5:116, 58:63] = 2
    labels[58:63, 58:63] = 3
    labels[20:24, 80:110] = 3  # uncertain: touches neither
    return labels


def certain(labels: np.ndarray) -> np.ndarray:
    return np.stack([labels == k for k in range(3)]).astype(np.float32)


def one_kind(labels: np.ndarray, above: int) -> np.ndarray:
    """A map with one kind a pixel, in which one vessel lies above."""
    return certain(np.where(labels == 3, above, labels))


@pytest.mark.parametrize("above", [1, 2])
def test_a_perfect_map_has_no_infeasible_path_whichever_vessel_is_above(above: int) -> None:
    labels = crossing()
    metrics = count_topology(one_kind(labels, above), labels, WIDE).metrics()
    for kind in ("", "_artery", "_vein", "_vessel"):
        assert metrics[f"topology_infeasible{kind}"] == 0, kind
        assert metrics[f"topology_correct{kind}"] == 1, kind


def test_a_gap_makes_paths_across_it_infeasible() -> None:
    labels = crossing()
    found = one_kind(labels, above=1)
    found[:, :, 30:34] = np.array([1.0, 0.0, 0.0], np.float32)[:, None, None]
    topology = count_topology(found, labels, WIDE, paths=400)
    metrics = topology.metrics()
    # A quarter of the artery lies beyond the gap, and the gap's own points are on no vessel.
    share = 2 * (25 / 111) * (82 / 111) + 1 - (107 / 111) ** 2
    assert metrics["topology_infeasible_artery"] == pytest.approx(share, abs=0.06)
    assert metrics["topology_infeasible_vein"] == 0
    assert metrics["topology_infeasible"] == pytest.approx(
        metrics["topology_infeasible_artery"] / 2
    )
    assert metrics == count_topology(found, labels, WIDE, paths=400).metrics()  # same seed


def test_a_swapped_stretch_breaks_its_kind_but_not_the_vessel() -> None:
    labels = crossing()
    swapped = np.where(labels == 3, 1, labels)
    swapped[58:63, 20:40] = 2
    metrics = count_topology(certain(swapped), labels, WIDE).metrics()
    assert metrics["topology_infeasible_artery"] > 0.3
    assert metrics["topology_infeasible_vessel"] == 0


def test_a_detour_is_feasible_but_not_correct() -> None:
    straight = np.zeros((80, 80), bool)
    straight[38:41, 5:75] = True
    detour = straight.copy()
    detour[:, 35:45] = False
    detour[10:41, 33:36] = detour[10:41, 45:48] = True
    detour[10:13, 33:48] = True
    counts = count_paths(straight, detour, 200, np.random.default_rng(0))
    assert counts.other_length > 50 and counts.correct > 50
    assert counts.infeasible == pytest.approx(200 * (1 - (61 / 70) ** 2), abs=25)


def test_overlap_touches_both_kinds() -> None:
    overlap = labelled_overlap(crossing())
    assert overlap[60, 60] and overlap.sum() == 25


def test_nothing_to_go_along() -> None:
    empty = np.zeros((30, 30), bool)
    rng = np.random.default_rng(0)
    assert count_paths(empty, ~empty, 10, rng) == PathCounts()
    bar = empty.copy()
    bar[14:17, 3:27] = True
    assert count_paths(bar, empty, 10, rng) == PathCounts(infeasible=10)
    assert np.isnan(Topology().metrics()["topology_infeasible"])
    one = Topology({"artery": PathCounts(1, 2, 1), "vein": PathCounts(correct=4)})
    assert (one + one).metrics()["topology_infeasible"] == pytest.approx(1 / 8)


def test_finer_maps_are_brought_to_the_scale_of_drive() -> None:
    labels = np.kron(crossing(), np.ones((3, 3), np.uint8))
    fine = FieldOfView(diameter=1620.0, x=180.0, y=180.0)
    metrics = count_topology(one_kind(labels, 1), labels, fine).metrics()
    assert metrics["topology_correct"] == 1 and metrics["topology_infeasible_vessel"] == 0
