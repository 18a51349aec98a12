"""Widths of drawn veins are what they were drawn with."""

import numpy as np
import pytest

from av_grading.caliber.profile_model import predict
from av_grading.caliber.vein_phantom import VeinPhantom, draw_vein
from av_grading.caliber.width import Widths, measure_widths
from av_grading.formats.errors import NotMeasurable
from av_grading.formats.labels import VEIN
from av_grading.vessels.centerline import trace

UNIT = 2.0


def measure(made: VeinPhantom) -> Widths:
    line = trace(made.av_map, VEIN, made.center, UNIT)
    return measure_widths(made.photograph, made.av_map, line, UNIT)


@pytest.mark.parametrize("width", [4.0, 8.0, 14.0, 20.0])
def test_width_of_a_vein(width: float) -> None:
    found = [measure(draw_vein(np.random.default_rng(seed), width)) for seed in (0, 1)]
    off = np.concatenate([f.width for f in found]) - width
    assert np.abs(off).mean() <= 0.35
    assert all(0.5 < np.median(f.mask) / width < 1.5 for f in found)


@pytest.mark.parametrize("width", [6.0, 10.0, 16.0])
def test_a_reflex_does_not_move_the_walls(width: float) -> None:
    off = [
        measure(draw_vein(np.random.default_rng(seed), width, reflex=0.4)).width.mean() - width
        for seed in (0, 1, 2)
    ]
    assert abs(np.mean(off)) <= 0.3


def test_errors_say_how_noisy_it_is() -> None:
    quiet, loud = (
        measure(draw_vein(np.random.default_rng(3), 8.0, noise=n)) for n in (0.004, 0.03)
    )
    assert np.median(loud.error) > 2 * np.median(quiet.error)
    spread = loud.width.std() / np.median(loud.error)
    assert 0.4 < spread < 2.5
    assert np.isfinite(quiet.error).all() and (quiet.error > 0).all()


def test_a_vein_thinner_than_the_blur_shows_its_width_by_its_darkness() -> None:
    thin = measure(
        draw_vein(np.random.default_rng(1), 8.0, artery=6.0, ratios=(0.3, 1.0), blur=1.3)
    )
    left = ~thin.covered & (thin.points[:, 0] < 48) & (np.abs(thin.along) < 10)
    assert 1.5 < np.median(thin.width[left]) < 5.0


def test_another_vein_beside_it_is_looked_past() -> None:
    made = draw_vein(np.random.default_rng(5), 8.0)
    other = np.roll(np.array(made.photograph), 16, axis=0)
    labels = np.roll(made.av_map, 16, axis=0)
    both = np.minimum(made.photograph, other)
    av_map = np.maximum(made.av_map, labels)
    line = trace(made.av_map, VEIN, made.center, UNIT)
    alone = measure_widths(made.photograph, made.av_map, line, UNIT)
    beside = measure_widths(both, av_map, line, UNIT)
    inner = np.abs(alone.along) < 30
    assert np.median(np.abs(beside.width - alone.width)[inner]) < 0.6


def test_under_the_artery_nothing_is_claimed() -> None:
    made = draw_vein(np.random.default_rng(2), 8.0, artery=10.0)
    found = measure(made)
    assert found.covered.any() and np.isnan(found.mask[found.covered]).all()
    assert np.abs(found.along[found.covered]).max() < 12
    left, right = found.edges()
    assert np.allclose(np.linalg.norm(left - right, axis=1), found.width)


def test_no_contrast_is_said() -> None:
    made = draw_vein(np.random.default_rng(0), 8.0)
    blank = np.full_like(made.photograph, 120)
    line = trace(made.av_map, VEIN, made.center, UNIT)
    with pytest.raises(NotMeasurable, match="no contrast"):
        measure_widths(blank, made.av_map, line, UNIT)


def test_slopes_of_the_model() -> None:
    parameters = np.array([[0.3, np.log(4.0), 0.2, 0.01, 0.8, 0.3]])
    shared, offsets = np.array([0.6, np.log(0.9)]), np.linspace(-10, 10, 41)
    _, own, common = predict(parameters, shared, offsets)
    for column in range(6):
        step = np.zeros((1, 6))
        step[0, column] = 1e-5
        up, down = (predict(parameters + s * step, shared, offsets)[0] for s in (1, -1))
        assert np.allclose((up - down) / 2e-5, own[:, column], atol=1e-6)
    for column in range(2):
        step = np.zeros(2)
        step[column] = 1e-5
        up, down = (predict(parameters, shared + s * step, offsets)[0] for s in (1, -1))
        assert np.allclose((up - down) / 2e-5, common[:, column], atol=1e-6)
