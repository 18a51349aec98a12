"""Right or left eye from disc, field of view and vessels."""

from pathlib import Path

import numpy as np
import pytest

from av_screening.eyes.laterality import guess_eye, vessel_asymmetry

FOV = (500.0, 500.0, 1000.0)
BY_EYE = {"OD": "111 15 33 42 49 53 90", "OS": "119 12 34 37"}
"""Photographs of LES-AV, disc-centred but for 34, by the macula's side as it was seen in them."""


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


def test_disc_centred_photographs(av_data: Path) -> None:
    from PIL import Image

    from av_detectron.data.annotations import read_mask
    from av_detectron.data.disc import read_discs
    from av_detectron.data.fov import measure_fov

    discs = read_discs(av_data / "discs.csv")
    for eye, stems in BY_EYE.items():
        for stem in stems.split():
            disc = discs[("les_av", "train", f"{stem}.png")]
            assert disc is not None
            folder = av_data / "les_av" / "train"
            fov = measure_fov(read_mask(next((folder / "fov").glob(f"{stem}[._]*"))))
            vessels = np.asarray(Image.open(folder / "av" / f"{stem}.png")) > 0
            place = (disc.x, disc.y, disc.diameter), (fov.x, fov.y, fov.diameter)
            assert guess_eye(*place, vessels).eye == eye, stem
            assert (guess_eye(*place).sure_eye == eye) == (stem == "34"), stem
