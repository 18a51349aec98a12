"""Crossings turned so that the vein runs level."""

import math

import pytest
import torch

from av_grading.models.align_vein import align, aligned_side, turn, vein_angles

SIDE = 90


def crossing(degrees: float) -> torch.Tensor:
    """Map (1, 3, SIDE, SIDE) with a vein at an angle from x towards y, an artery across it."""
    y, x = torch.meshgrid(*[torch.arange(SIDE) - (SIDE - 1) / 2] * 2, indexing="ij")
    angle = math.radians(degrees)
    vein = (y * math.cos(angle) - x * math.sin(angle)).abs() < 5
    artery = (x * math.cos(angle) + y * math.sin(angle)).abs() < 3
    return torch.stack([artery & ~vein, vein & ~artery, artery & vein]).float()[None]


@pytest.mark.parametrize("degrees", [-80.0, -30.0, 0.0, 17.0, 45.0, 88.0])
def test_direction_of_the_vein(degrees: float) -> None:
    assert math.degrees(float(vein_angles(crossing(degrees)))) == pytest.approx(degrees, abs=1)


@pytest.mark.parametrize("degrees", [-80.0, 17.0, 45.0])
def test_aligned_patches_are_alike_whatever_their_direction_was(degrees: float) -> None:
    found = align(crossing(degrees), crossing(degrees))
    side = aligned_side(SIDE)
    assert side == 64
    expected = align(crossing(0), crossing(0))
    for one, other in zip(found, expected, strict=True):
        assert one.shape == (1, 3, side, side)
        assert (one - other).abs().mean() < 0.02


def test_back_where_it_was() -> None:
    whole = crossing(30)
    angles = vein_angles(whole)
    back = turn(turn(whole, angles, 64), -angles, SIDE)
    middle = slice(SIDE // 2 - 20, SIDE // 2 + 20)
    assert back.shape == whole.shape
    assert (back - whole)[..., middle, middle].abs().mean() < 0.05


def test_a_map_without_vein_stays_as_it_is() -> None:
    assert float(vein_angles(torch.zeros(1, 3, 64, 64))) == 0
    with pytest.raises(ValueError, match="at least 17 px"):
        aligned_side(8)
