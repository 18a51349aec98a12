"""Least squares over many profiles at once, deaf to outliers, with standard errors."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from av_grading.caliber.profile_model import DEPTH, RADIUS, ROUNDNESS, SHINE, predict

Array = NDArray[np.float64]

_STEPS = 11
_COMMON_STEPS = 18
_FAR = 2.5  # residuals beyond this many times the noise count ever less (Cauchy's weights)
_LONGEST_STEP = 0.35  # change of the log radius in one step


@dataclass(frozen=True)
class Prior:
    """What is known before a profile is seen.

    Attributes:
        mean, spread: of every parameter, (N, 6).
        shine: the reflex's depth is about this share of the blood's.
    """

    mean: Array
    spread: Array
    shine: float

    @cached_property
    def scaling(self) -> Array:
        """What takes parameters' distance from the mean to units of its spread, (N, 6, 6)."""
        scaling = np.broadcast_to(np.eye(6), (*self.spread.shape, 6)).copy()
        scaling[:, SHINE, DEPTH] = -self.shine
        return np.asarray(scaling / self.spread[:, :, None])

    @cached_property
    def normal(self) -> Array:
        """Its part of the normal matrices, (N, 6, 6)."""
        return np.asarray(self.scaling.transpose(0, 2, 1) @ self.scaling)


@dataclass(frozen=True)
class Fit:
    """What was found.

    Attributes:
        parameters: (N, 6).
        errors: standard errors of them if samples were independent, (N, 6).
        residuals: (N, K), 0 where a sample does not count.
    """

    parameters: Array
    errors: Array
    residuals: Array


def fit(
    darkness: Array, weights: Array, offsets: Array, start: Array, shared: Array, prior: Prior
) -> Fit:
    """Fit every profile by itself (Levenberg-Marquardt, iteratively reweighted).

    Args:
        darkness, weights: (N, K).
        offsets: (K,), px.
        start: parameters to begin with, (N, 6).
        shared: roundness and log blur, (2,).
        prior: of the parameters.
    """
    trial, kept = start, start
    damping = np.full(len(start), 1e-2)
    cost = np.full(len(start), np.inf)
    noise = 1.0
    residuals, slopes = np.empty_like(darkness), np.empty((*start.shape, darkness.shape[1]))
    for step in range(_STEPS):
        model, tried, _ = predict(trial, shared, offsets, by_shared=False)
        left = darkness - model
        if step in (0, 3, 6):  # a new noise level changes what cost means
            noise = _noise(left, weights)
            cost = np.full(len(start), np.inf)
        now = _cost(left, weights, noise) + _penalty(trial, prior)
        better = now <= cost * (1 + 1e-9)
        damping = np.where(better, damping / 4, damping * 8).clip(1e-8, 1e6)
        kept = np.where(better[:, None], trial, kept)
        cost = np.where(better, now, cost)
        residuals[better], slopes[better] = left[better], tried[better]
        normal, gradient = _normal(residuals, slopes, weights, noise, kept, prior)
        trial = kept + _solve(normal, gradient, damping)
    own = np.maximum(noise, _noise_of_each(residuals, weights))[:, None]
    normal, _ = _normal(residuals, slopes, weights, own, kept, prior)
    errors = np.sqrt(np.maximum(np.einsum("nii->ni", np.linalg.inv(normal)), 0))
    return Fit(kept, errors, residuals * weights)


def fit_common(
    darkness: Array,
    weights: Array,
    offsets: Array,
    start: Array,
    prior: Prior,
    usual: Array,
    spread: Array,
) -> tuple[Array, Array]:
    """Fit profiles of one vessel together: their own parameters, and what they share.

    Args:
        darkness, weights, offsets, start, prior: as in `fit`.
        usual, spread: what is known of the shared parameters before, (2,).

    Returns:
        the shared parameters (2,), and the profiles' own (N, 6).
    """
    shared, own = usual.copy(), fit(darkness, weights, offsets, start, usual, prior).parameters
    best, damping, cost, noise = (shared, own), 1e-2, np.inf, 1.0
    residuals = slopes = common = np.empty(0)  # of the best so far; the first is
    for step in range(_COMMON_STEPS):
        model, *tried = predict(own, shared, offsets)
        left = darkness - model
        if step in (0, 4, 8):
            noise, cost = _noise(left, weights), np.inf
        now = float((_cost(left, weights, noise) + _penalty(own, prior)).sum())
        now += float((((shared - usual) / spread) ** 2).sum())
        if now <= cost * (1 + 1e-9):
            best, cost, damping = (shared, own), now, max(damping / 4, 1e-8)
            residuals, (slopes, common) = left, tried
        else:
            damping *= 8
        normal, gradient = _normal(residuals, slopes, weights, noise, best[1], prior)
        use = _counted(residuals, weights, noise)
        weighted = (common * use[:, None]).transpose(0, 2, 1)
        mixed = slopes @ weighted  # (N, 6, 2)
        top = (common @ weighted).sum(axis=0)
        top += np.diag(1 / spread**2)
        pull = np.einsum("nik,nk->i", common, use * residuals) - (best[0] - usual) / spread**2
        stiff = _stiffer(normal, np.full(len(normal), damping))
        inner = np.linalg.solve(stiff, mixed)  # what the own parameters do for the shared ones
        reduced = top - np.einsum("nij,nik->jk", mixed, inner)
        pull = pull - np.einsum("nij,ni->j", inner, gradient)
        change = np.linalg.solve(reduced + damping * np.diag(np.diag(top)), pull)
        change *= min(1.0, 0.4 / max(float(np.abs(change).max()), 1e-12))
        shared = best[0] + change
        shared[ROUNDNESS] = min(max(shared[ROUNDNESS], 0.0), 1.0)
        moved = gradient - mixed @ (shared - best[0])
        own = best[1] + _solve(normal, moved, np.full(len(own), damping))
    return best


def steadiness(found: Fit) -> float:
    """How much larger errors are because neighbouring samples err alike: 1 or more.

    For residuals whose correlation falls off evenly, the number of independent samples is
    (1 - c) / (1 + c) of all, with c the correlation of neighbours.
    """
    r = found.residuals
    both = (r[:, 1:] != 0) & (r[:, :-1] != 0)
    total = float((r[:, 1:] ** 2)[both].sum())
    c = float((r[:, 1:] * r[:, :-1])[both].sum()) / total if total > 0 else 0.0
    c = min(max(c, 0.0), 0.9)
    return float(np.sqrt((1 + c) / (1 - c)))


def _noise(residuals: Array, weights: Array) -> float:
    """Noise level of all profiles, from the median of absolute residuals."""
    counted = np.abs(residuals[weights > 0])
    return max(1.4826 * float(np.median(counted)), 2e-3) if len(counted) else 1.0


def _noise_of_each(residuals: Array, weights: Array) -> Array:
    """Root mean square of each profile's residuals, (N,)."""
    freedom = np.maximum(weights.sum(axis=1) - 4, 1)
    return np.asarray(np.sqrt((weights * residuals**2).sum(axis=1) / freedom))


def _cost(residuals: Array, weights: Array, noise: float) -> Array:
    scaled = residuals / (_FAR * noise)
    return np.asarray((weights * np.log1p(scaled**2)).sum(axis=1) * _FAR**2)


def _counted(residuals: Array, weights: Array, noise: float | Array) -> Array:
    return weights / (1 + (residuals / (_FAR * noise)) ** 2) / noise**2


def _off(parameters: Array, prior: Prior) -> Array:
    """Distance from the prior in units of its spread, (N, 6)."""
    off = parameters - prior.mean
    off[:, SHINE] = parameters[:, SHINE] - prior.shine * parameters[:, DEPTH]
    return np.asarray(off / prior.spread)


def _penalty(parameters: Array, prior: Prior) -> Array:
    return np.asarray((_off(parameters, prior) ** 2).sum(axis=1))


def _normal(
    residuals: Array,
    slopes: Array,
    weights: Array,
    noise: float | Array,
    parameters: Array,
    prior: Prior,
) -> tuple[Array, Array]:
    """Normal matrices (N, 6, 6) and gradients (N, 6) of data and prior."""
    use = _counted(residuals, weights, noise)
    normal = (slopes * use[:, None]) @ slopes.transpose(0, 2, 1) + prior.normal
    gradient = (slopes @ (use * residuals)[:, :, None])[:, :, 0]
    gradient -= np.einsum("nai,na->ni", prior.scaling, _off(parameters, prior))
    return normal, gradient


def _stiffer(normal: Array, damping: Array) -> Array:
    """Normal matrices (N, 6, 6) whose diagonals are larger by shares (N,)."""
    stiff = normal.copy()
    np.einsum("nii->ni", stiff)[:] *= 1 + damping[:, None]
    return stiff


def _solve(normal: Array, gradient: Array, damping: Array) -> Array:
    """Damped step of every profile, (N, 6), the radius's kept short."""
    change = np.linalg.solve(_stiffer(normal, damping), gradient[..., None])[..., 0]
    longest = np.maximum(np.abs(change[:, RADIUS]), 1e-12)
    return np.asarray(np.minimum(1, _LONGEST_STEP / longest)[:, None] * change)
