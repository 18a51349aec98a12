"""Normalised contrast: the vessels stay, the camera and the light go."""

import numpy as np
import pytest

from av_detectron.data.contrast import MIDDLE, SPREAD, normalise_contrast

SIZE, CENTER = 160, (80.0, 80.0)


@pytest.fixture
def eye() -> np.ndarray:
    """A grey disc of 140 px with texture and a dark vessel, black around."""
    rng = np.random.default_rng(0)
    image = rng.normal(120, 3, (SIZE, SIZE, 3))
    image[78:82, 20:140] -= 30
    rows, columns = np.ogrid[:SIZE, :SIZE]
    outside = (columns - 80) ** 2 + (rows - 80) ** 2 > 70**2
    image[outside] = 0
    return image.clip(0, 255).astype(np.uint8)


def test_mean_spread_and_surroundings(eye: np.ndarray) -> None:
    found = normalise_contrast(eye, 10.0, CENTER, 140.0)
    assert found.shape == eye.shape and found.dtype == np.uint8
    inside = eye.max(axis=2) > 0
    assert abs(found[inside].mean() - MIDDLE) < 8
    assert found[inside].std() == pytest.approx(SPREAD, rel=0.2)
    assert (found[~inside] == MIDDLE).all()
    assert found[79, 60].max() < 60 < 100 < found[60, 60].min()


def test_light_and_exposure_do_not_matter(eye: np.ndarray) -> None:
    slope = np.linspace(0.6, 1.0, SIZE)[None, :, None]
    darker = (eye * slope * (0.9, 0.7, 0.5)).astype(np.uint8)
    a, b = (normalise_contrast(x, 10.0, CENTER, 140.0)[30:130, 30:130] for x in (eye, darker))
    assert np.corrcoef(a.ravel(), b.ravel())[0, 1] > 0.9
    assert abs(float(a.mean()) - float(b.mean())) < 4


def test_rim_makes_no_halo(eye: np.ndarray) -> None:
    found = normalise_contrast(eye, 10.0, CENTER, 140.0).astype(float)
    assert abs(found[14:18, 75:85].mean() - MIDDLE) < 25  # just inside the black surroundings


def test_black_photograph_stays_finite() -> None:
    black = np.zeros((SIZE, SIZE, 3), np.uint8)
    assert (normalise_contrast(black, 10.0, CENTER, 140.0) == MIDDLE).all()
