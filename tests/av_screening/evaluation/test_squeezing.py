"""Squeezes in whole photographs: where they are, how many of each grade, and nothing else."""

import hashlib
from collections import Counter

import numpy as np
import pytest

from av_detectron.data.phantom import Phantom, make_phantom
from av_grading.formats.grade_definition import Thresholds
from av_grading.simulation.protocols import PROTOCOLS
from av_screening.evaluation.squeezing import (
    ClearCrossing,
    SqueezedCrossing,
    clear_crossings,
    draw_rounds,
    squeeze_photograph,
    squeezed_to,
    touching,
)

DRIVE_PX = 2.0


@pytest.fixture(scope="module")
def phantom() -> Phantom:
    return make_phantom(3, 1080)


@pytest.fixture(scope="module")
def pixels(phantom: Phantom) -> np.ndarray:
    return phantom.image


@pytest.fixture(scope="module")
def clear(phantom: Phantom) -> list[ClearCrossing]:
    centers = [(float(x), float(y)) for x, y in phantom.crossings]
    found, reasons = clear_crossings(phantom.image, phantom.av_map, centers, DRIVE_PX)
    assert len(found) + len(reasons) == len(centers) and len(found) >= 8
    assert all(c.vein_width >= 2.5 for c in found) and any("thin vein" in r for r in reasons)
    return found


def rounds(clear: list[ClearCrossing], draws: int = 4, seed: int = 0) -> list[list]:
    return list(draw_rounds(clear, draws, np.random.default_rng(seed)))


def test_never_two_that_touch_in_one_photograph(clear: list[ClearCrossing]) -> None:
    near = [(a, b) for a in clear for b in clear if a is not b and touching(a, b)]
    assert near  # or the test would show nothing
    for members in rounds(clear):
        for i, one in enumerate(members):
            reach = one.crossing.window.av_map.shape[0]
            for other in members[:i]:
                apart = np.abs(np.subtract(one.crossing.center, other.crossing.center))
                assert apart.max() >= reach


def test_every_crossing_has_each_grade_once(clear: list[ClearCrossing]) -> None:
    drawn = [s for members in rounds(clear) for s in members]
    assert Counter(s.grade for s in drawn) == dict.fromkeys(range(4), len(clear))
    assert {(s.crossing.number, s.grade) for s in drawn} == {
        (c.number, grade) for c in clear for grade in range(4)
    }
    for chosen in drawn:  # what the widths say is the grade, with room for a reader's doubt
        assert Thresholds().grade(*chosen.ratios) == chosen.grade
    once = Counter(s.grade for members in rounds(clear, draws=1) for s in members)
    assert max(once.values()) - min(once.values()) <= 1


def test_same_seed_same_squeezes(clear: list[ClearCrossing]) -> None:
    def drawn(seed: int) -> list[tuple[int, int, float]]:
        return [
            (s.crossing.number, s.grade, s.ratios[0]) for r in rounds(clear, 4, seed) for s in r
        ]

    assert drawn(0) == drawn(0) != drawn(1)


def test_nothing_changes_outside_of_the_windows(
    pixels: np.ndarray, clear: list[ClearCrossing]
) -> None:
    members = max(rounds(clear, draws=1), key=len)
    squeezed = [squeezed_to(s.crossing, 3, np.random.default_rng(0)) for s in members]
    before = pixels.copy()
    after = squeeze_photograph(pixels, squeezed)
    assert np.array_equal(pixels, before)
    changed = (after != pixels).any(axis=2)
    for chosen in squeezed:
        (x, y), (height, width) = chosen.crossing.corner, chosen.crossing.window.av_map.shape
        inside = changed[y : y + height, x : x + width]
        assert inside.any()
        edge = np.ones_like(inside)
        edge[2:-2, 2:-2] = False
        assert not inside[edge].any()  # no seam
        # What the window shows is where the photograph has it.
        window = pixels[y : y + height, x : x + width]
        assert np.array_equal(window, chosen.crossing.window.photograph)
        changed[y : y + height, x : x + width] = False
    assert not changed.any()


def test_the_published_protocol_draws_what_it_drew_for_0_2_0(
    pixels: np.ndarray, clear: list[ClearCrossing]
) -> None:
    first = rounds(clear, 4, seed=7)[0]
    amounts = [(s.crossing.number, s.grade, round(s.drawn.amounts[0].length, 6)) for s in first]
    assert amounts == [  # of the commit that 0.2.0's figures were made with
        (7, 3, 7.670554),
        (5, 3, 9.320984),
        (13, 1, 11.933761),
        (6, 1, 6.263652),
        (15, 1, 11.503007),
        (8, 2, 7.48509),
    ]
    digest = hashlib.sha256(squeeze_photograph(pixels, first).tobytes()).hexdigest()
    assert digest.startswith("59b11ae5db54284a")


def test_other_protocols_are_drawn_into_photographs(pixels: np.ndarray, phantom: Phantom) -> None:
    protocol = PROTOCOLS["clinical"]
    centers = [(float(x), float(y)) for x, y in phantom.crossings]
    found, reasons = clear_crossings(phantom.image, phantom.av_map, centers, DRIVE_PX, protocol)
    assert found and len(found) + len(reasons) == len(centers)
    drawn = list(draw_rounds(found, 4, np.random.default_rng(0), protocol))
    for chosen in (s for members in drawn for s in members):
        assert Thresholds().grade(*chosen.ratios) == chosen.grade
        assert chosen.truth["visible_first"] == chosen.ratios[0]
    after = squeeze_photograph(pixels, max(drawn, key=len))
    assert (after != pixels).any()


def test_touching_crossings_are_refused(pixels: np.ndarray, clear: list[ClearCrossing]) -> None:
    rng = np.random.default_rng(0)
    twice: list[SqueezedCrossing] = [squeezed_to(clear[0], 3, rng), squeezed_to(clear[0], 1, rng)]
    with pytest.raises(ValueError, match="do not touch"):
        squeeze_photograph(pixels, twice)
