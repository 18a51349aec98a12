"""Right or left eye from disc, field of view and vessels."""

import numpy as np
import pytest

from av_screening.eyes.laterality import guess_eye, vessel_asymmetry

FOV = (500.0, 500.0, 1000.0)


def test_the_disc_lies_towards_the_nose() -> None:
    right, left = guess_eye((850, 500, 150), FOV), guess_eye((150, 500, 150), FOV)
    assert (right.eye, left.eye) == ("OD", "OS") and right.score == left.score == 1
    assert guess_eye((675, 500, 150), FOV).score == pytest.approx(0.5)


def test_disc_in_the_middle_says_nothing_without_vessels() -> None:
    for x in (410, 500, 590):
        guess = guess_eye((x, 500, 150), FOV)
        assert guess.score == 0 and guess.sure_eye == ""


def test_vessels_tell_the_maculas_side() -> None:
    vessels = np.zeros((1000, 1000), bool)
    vessels[480:500, 700:900] = True  # right of the disc: the macula is left
    disc = (520.0, 500.0, 120.0)
    assert vessel_asymmetry(disc, FOV, vessels) == 1
    guess = guess_eye(disc, FOV, vessels)
    assert guess.sure_eye == "OD" and guess.score == pytest.approx(0.6)
    assert guess_eye(disc, FOV, vessels[:, ::-1]).sure_eye == "OS"
    assert guess_eye(disc, FOV, np.zeros_like(vessels)).score == 0
    # Where one side lies beyond the field of view there is nothing to compare.
    assert vessel_asymmetry((850.0, 500.0, 120.0), FOV, vessels) == 0
