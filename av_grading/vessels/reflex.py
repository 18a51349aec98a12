"""The light reflex along an artery's middle: how wide it is, from the vessel's mean profile.

The profile is that of a round column of blood, less a Gaussian reflex, both blurred as the camera
blurs. For every radius, width of the reflex and blur of a grid the depths follow from least
squares; the best fit is kept.
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
_FULL_WIDTH = 2.3548  # of a Gaussian, at half its height, in standard deviations
_SIGMAS = np.linspace(0.12, 0.6, 17)  # standard deviation of the reflex over the radius
_BLURS = (0.2, 0.35, 0.5)  # DRIVE px
_RADII = np.linspace(0.8, 1.3, 11)  # over half the width between the map's walls
_FINE = 5  # samples between two of a profile


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
        raise NotMeasurable(
            f"the artery is {width:.1f} DRIVE px wide: its reflex is told from {LEAST_WIDTH:g} on"
        )
    step = float(offsets[1] - offsets[0])
    steps = 0.25  # DRIVE px of width: profiles of about the same width share their models
    rounded = max(round(width / steps), 1) * steps
    shown = np.abs(offsets) <= 0.5 * rounded + 1.0
    models, inverse, sigmas = _models(rounded, step, int(shown.sum()))
    depths = np.einsum("gik,rk->rgi", inverse, density[:, shown])
    fitted = np.einsum("rgi,gik->rgk", depths, models)
    error = ((fitted - density[:, None, shown]) ** 2).sum(axis=2)
    # A reflex is neither dark nor more than the blood: such fits do not count.
    height = depths[..., 1] / np.where(np.abs(depths[..., 0]) > 1e-9, -depths[..., 0], np.inf)
    error = np.where((depths[..., 0] > 0) & (height >= 0) & (height <= 1), error, np.inf)
    if not np.isfinite(error[0]).any():
        raise NotMeasurable("no light reflex is seen on the artery")
    best = error.argmin(axis=1)
    rows = np.arange(len(best))
    known = np.isfinite(error[rows, best]) & (height[rows, best] >= LEAST_HEIGHT / 2)
    if height[0, best[0]] < LEAST_HEIGHT:
        raise NotMeasurable("no light reflex is seen on the artery")
    ratio = _FULL_WIDTH / 2 * sigmas[best]
    return np.where(known, ratio, np.nan), np.where(known, height[rows, best], np.nan)


@lru_cache(maxsize=64)
def _models(width: float, step: float, count: int) -> tuple[Array, Array, Array]:
    """Blood, reflex and background of every model (G, 3, K), the matrix (G, 3, K) that finds their
    depths, and the reflex's standard deviation over the radius (G,)."""
    fine = step / _FINE
    reach = (count * _FINE) // 2 + 4 * _FINE
    x = fine * np.arange(-reach, reach + 1)
    radius, sigma = (g.ravel()[:, None] for g in np.meshgrid(_RADII * width / 2, _SIGMAS))
    blood = np.sqrt(np.clip(1 - (x / radius) ** 2, 0, None))
    reflex = blood * np.exp(-0.5 * (x / (sigma * radius)) ** 2)
    found = []
    middle = np.arange(-(count // 2), count - count // 2) * _FINE + reach
    for blur in _BLURS:
        seen = ndimage.gaussian_filter1d(np.stack([blood, reflex], axis=1), blur / fine, axis=2)
        found.append(seen[..., middle])
    shown = np.concatenate(found)
    models = np.concatenate([shown, np.ones((len(shown), 1, count))], axis=1)
    return models, np.linalg.pinv(models).transpose(0, 2, 1), np.tile(sigma[:, 0], len(_BLURS))
