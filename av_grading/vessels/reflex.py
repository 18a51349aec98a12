"""The light reflex along an artery's middle: how wide it is, from the vessel's mean profile.

The profile is that of a column of blood, round or a little flat, less a Gaussian reflex, both
blurred as the camera blurs. For every radius, width of the reflex and blur of a grid the depths
follow from least squares. Several widths fit a noisy profile nearly as well, with another radius or
blur beside them: what is told is their mean, each as likely as its fit makes it.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from av_grading.formats.errors import NotMeasurable

Array = NDArray[np.float64]

LEAST_WIDTH = 3.0
"""An artery narrower than this shows no reflex that could be measured (DRIVE px)."""
LEAST_HEIGHT = 0.08
"""A reflex that takes less than this share of the blood's density cannot be told from none."""
LEAST_GAIN = 1.3
"""By so much the fit has to be better with a reflex than without (ratio of squared errors)."""
_FULL_WIDTH = 2.3548  # of a Gaussian, at half its height, in standard deviations
_SIGMAS = np.linspace(0.10, 0.55, 15)  # standard deviation of the reflex over the radius
_BLURS = (0.25, 0.45)  # DRIVE px
_ROUND = (1.0, 0.8)  # 1 is a round column of blood, 0 one with a flat floor
_RADII = np.linspace(0.85, 1.25, 7)  # over half the width between the map's walls
_FINE = 3  # samples between two of a profile
_PRIOR = (0.34, 0.30)
"""What a reflex takes of an artery's width before its profile is seen, mean and standard deviation:
about a third in healthy eyes, over half in copper wires."""
_INDEPENDENT = 2.0
"""Samples of a profile a DRIVE px that count by themselves. Chosen with `_PRIOR` on validation
photographs: fewer than the blur leaves, since what no model has lies over several of them."""


def too_narrow(width: float) -> str:
    """Why the reflex of an artery of this width (DRIVE px) is not measured."""
    return f"the artery is {width:.1f} DRIVE px wide: its reflex is told from {LEAST_WIDTH:g} on"


def reflex_ratio(density: Array, offsets: Array, width: float) -> tuple[Array, Array]:
    """Width of the light reflex at half its height over the artery's width, and its height as a
    share of the blood's density, of R profiles; each (R,).

    Args:
        density: mean across the artery, (R, K).
        offsets: of its samples from the centreline, at even steps (DRIVE px), (K,).
        width: between the artery's walls in the map (DRIVE px).

    Raises:
        NotMeasurable: the artery is too narrow, or shows no reflex; says why.
    """
    if width < LEAST_WIDTH:
        raise NotMeasurable(too_narrow(width))
    step = float(offsets[1] - offsets[0])
    steps = 0.5  # DRIVE px of width: profiles of about the same width share their models
    rounded = max(round(width / steps), 1) * steps
    shown = np.abs(offsets) <= 0.5 * rounded + 1.0
    models, inverse, sigmas = _models(rounded, step, int(shown.sum()))
    error, depths = _fitted(models, inverse, density[:, shown])
    # A reflex is neither dark nor more than the blood: such fits do not count.
    height = depths[..., 1] / np.where(np.abs(depths[..., 0]) > 1e-9, -depths[..., 0], np.inf)
    sound = (depths[..., 0] > 0) & (height >= LEAST_HEIGHT / 2) & (height <= 1)
    error = np.where(sound, error, np.inf)
    best = error.argmin(axis=1)
    rows = np.arange(len(best))
    plain, depths = _fitted(*_without(rounded, step, int(shown.sum())), density[:, shown])
    gain = plain.min(axis=1) / np.maximum(error[rows, best], 1e-12)
    ratios = _FULL_WIDTH / 2 * sigmas
    chances = _chances(error, ratios, float(shown.sum()) * step * _INDEPENDENT)
    known = chances.sum(axis=1) > 0
    if not (known[0] and height[0, best[0]] >= LEAST_HEIGHT and gain[0] >= LEAST_GAIN):
        raise NotMeasurable("no light reflex is seen on the artery")
    return (
        np.where(known, chances @ ratios, np.nan),
        np.where(known, height[rows, best], np.nan),
    )


def _chances(error: Array, ratios: Array, count: float) -> Array:
    """How likely each fit is, rows sum to one; all are 0 where none counts.

    Args:
        error: squared, (R, G); inf where a fit does not count.
        ratios: width of the reflex over the artery's, (G,).
        count: independent samples of a profile.
    """
    least = error.min(axis=1, keepdims=True)
    with np.errstate(invalid="ignore"):  # of rows in which no fit counts
        over = np.where(np.isfinite(error), error / np.maximum(least, 1e-12) - 1, np.inf)
    mean, deviation = _PRIOR
    found = np.exp(-0.5 * (count * over + ((ratios - mean) / deviation) ** 2))
    return np.asarray(found / np.maximum(found.sum(axis=1, keepdims=True), 1e-300))


def _fitted(models: Array, inverse: Array, density: Array) -> tuple[Array, Array]:
    """Squared error (R, G) and depths (R, G, C) of models (G, C, K) on profiles (R, K)."""
    groups, parts, count = models.shape
    depths = density @ inverse.reshape(-1, count).T
    along = density @ models.reshape(-1, count).T
    explained = (depths * along).reshape(-1, groups, parts).sum(axis=2)
    error = (density**2).sum(axis=1, keepdims=True) - explained
    return error, depths.reshape(-1, groups, parts)


@lru_cache(maxsize=64)
def _without(width: float, step: float, count: int) -> tuple[Array, Array]:
    """The models without a reflex: (G, 2, K) and their inverses."""
    models = _models(width, step, count)[0]
    models = models.reshape(len(_BLURS), len(_SIGMAS), -1, 3, count)
    plain = models[:, 0].reshape(-1, 3, count)[:, [0, 2]]
    return plain, np.asarray(np.linalg.pinv(plain).transpose(0, 2, 1), np.float64)


@lru_cache(maxsize=64)
def _models(width: float, step: float, count: int) -> tuple[Array, Array, Array]:
    """Blood, reflex and background of every model (G, 3, K), the matrix (G, 3, K) that finds their
    depths, and the reflex's standard deviation over the radius (G,)."""
    fine = step / _FINE
    reach = (count * _FINE) // 2 + 4 * _FINE
    x = fine * np.arange(-reach, reach + 1)
    sigma, rounded, radius = (
        g.ravel()[:, None] for g in np.meshgrid(_SIGMAS, _ROUND, _RADII * width / 2, indexing="ij")
    )
    blood = rounded * np.sqrt(np.clip(1 - (x / radius) ** 2, 0, None))
    blood += (1 - rounded) * (np.abs(x) < radius)
    reflex = blood * np.exp(-0.5 * (x / (sigma * radius)) ** 2)
    found = []
    middle = np.arange(-(count // 2), count - count // 2) * _FINE + reach
    for blur in _BLURS:
        seen = ndimage.gaussian_filter1d(np.stack([blood, reflex], axis=1), blur / fine, axis=2)
        found.append(seen[..., middle])
    shown = np.concatenate(found)
    models = np.concatenate([shown, np.ones((len(shown), 1, count))], axis=1)
    inverse = np.asarray(np.linalg.pinv(models).transpose(0, 2, 1), np.float64)
    return models, inverse, np.tile(sigma[:, 0], len(_BLURS))
