"""The shipped weights, as they come."""

from pathlib import Path

import numpy as np
import pytest

from av_detectron import Predictor
from av_detectron.data.annotations import read_av_map
from av_detectron.data.crossing_rule import find_crossings
from av_detectron.evaluation.center_matching import match_centers
from av_detectron.predictor import DEFAULT_WEIGHTS


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    return Predictor(device="cpu")


def test_size_and_card() -> None:
    assert DEFAULT_WEIGHTS.stat().st_size <= 40 * 2**20
    assert DEFAULT_WEIGHTS.name in (DEFAULT_WEIGHTS.parent / "README.md").read_text()


def test_threshold_was_chosen(predictor: Predictor) -> None:
    assert 0.1 < predictor.threshold < 0.9


def test_finds_crossings_and_vessels_of_a_real_photograph(
    predictor: Predictor, av_data: Path
) -> None:
    folder = av_data / "drive" / "train"
    photograph = sorted((folder / "images").iterdir())[0]
    labels = read_av_map(sorted((folder / "av").iterdir())[0])
    found = predictor(photograph)
    unit = found.fov.drive_px
    hits = match_centers(
        found.centers / unit, found.scores, find_crossings(labels, unit) / unit, 10.0
    )
    assert len(hits) >= 8 and (hits >= 0).mean() > 0.6
    vessels, truth = found.av[0] < 0.5, labels > 0
    assert 2 * (vessels & truth).sum() / (vessels.sum() + truth.sum()) > 0.7


def test_texture_without_vessels_has_few_crossings(predictor: Predictor) -> None:
    """The weights' card says that it has some: noise is all that is left to normalise."""
    rows, columns = np.ogrid[:600, :600]
    disc = (columns - 300) ** 2 + (rows - 300) ** 2 < 280**2
    texture = np.random.default_rng(0).normal(150, 8, (600, 600, 3)).clip(60, 255)
    plain = (texture * disc[..., None]).astype(np.uint8)
    scores = predictor(plain).scores
    assert len(scores) <= 25 and (scores > 0.5).sum() <= 5
