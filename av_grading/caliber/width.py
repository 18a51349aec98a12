"""Width along a vessel, to a fraction of a px, from what the photograph shows.

Every profile is fitted with the model of `profile_model`: centre, radius, background and depths are
its own, roundness and blur are shared by the whole vessel. What the vessel has in common steadies
what a single profile cannot tell: a vessel thinner than the blur shows its width only by how dark
it is, given how dark it is where it is wide. No threshold is involved, and the reflex is part of
the model, so that it does not split a vessel in two.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from av_grading.caliber.profile_model import (
    BLUR,
    CENTER,
    DEPTH,
    LEVEL,
    RADIUS,
    ROUNDNESS,
    SHINE,
    SLOPE,
)
from av_grading.caliber.robust_fit import Fit, Prior, fit, fit_common, steadiness
from av_grading.formats.errors import NotMeasurable
from av_grading.vessels.centerline import Points, VesselLine
from av_grading.vessels.profiles import Profiles, sample_profiles

Array = NDArray[np.float64]

DEPTH_SPREAD = 0.15
"""How far the depth of the blood varies along a vessel (standard deviation, share)."""
SHINE_SPREAD = 0.12
"""How far the reflex varies along a vessel (standard deviation, share of the depth)."""
_BLOCKS = 16  # averages of neighbouring profiles that roundness and blur are told from
_FEWEST = 6  # profiles with both walls in sight, to measure a vessel at all
_SHINING = 2.0  # radius from which a vessel shows its reflex (DRIVE px)
_CENTER_SPREAD = 0.3  # of the middle around its smooth course (DRIVE px)
_LEVEL_SPREAD = 0.03  # of the background around its smooth course (darkness)
_RADIUS_SPREAD = 0.6  # of the log radius along a vessel
_ODD = 0.5  # log radius away from the vessel's own beyond which a first fit has failed
_SMOOTH = 2.5  # standard deviation of smoothing along the vessel (DRIVE px)
_LEAST_BLUR = 0.45  # px, of the pixels themselves
_USUAL = (0.9, 0.5)  # roundness and blur (DRIVE px) where the vessel is too thin to tell
_UNUSUAL = (0.15, 0.4)  # standard deviation of roundness and log blur among vessels


@dataclass(frozen=True)
class Widths:
    """Width at points of a vessel, from the end of its first arm to the end of its second.

    Attributes:
        points, normals: x and y (px) of the centreline and of the unit vector across, (N, 2).
        along: way along the vessel from the crossing, negative on the first arm (px), (N,).
        width: (px), (N,).
        error: standard error of the width (px), (N,), of this point against others of the vessel;
            what all share, roundness and blur, cancels where widths are compared.
        center: where the vessel's middle lies along the normal (px), (N,).
        covered: the artery lies over the vessel there: the width is not to be trusted, (N,).
        mask: width in the map (px), (N,); NaN where the centreline is not on the vessel or
            the artery hides a wall.
        roundness: of the vessel, 0 for a box to 1.
        blur: of the camera, standard deviation (px).
        reflex: depth of the reflex as a share of the blood's.
    """

    points: Points
    normals: Points
    along: Array
    width: Array
    error: Array
    center: Array
    covered: NDArray[np.bool_]
    mask: Array
    roundness: float
    blur: float
    reflex: float

    def reverse(self) -> "Widths":
        """The same widths, from the end of the second arm to the end of the first."""
        back = slice(None, None, -1)
        names = ("points", "normals", "width", "error", "center", "covered", "mask")
        changed = {name: getattr(self, name)[back] for name in names}
        return replace(self, along=-self.along[back], **changed)

    def edges(self) -> tuple[Points, Points]:
        """x and y of both walls at every point (px), each (N, 2)."""
        left, right = (self.center + s * self.width / 2 for s in (-1, 1))
        return (
            self.points + left[:, None] * self.normals,
            self.points + right[:, None] * self.normals,
        )


def measure_widths(
    photograph: NDArray[np.uint8], av_map: NDArray[np.uint8], line: VesselLine, drive_px: float
) -> Widths:
    """Measure the width along a vessel.

    Args:
        photograph: RGB, (H, W, 3), 0-255.
        av_map: labels (H, W), 0-3; says which other vessels to look past.
        line: the vessel's centreline, see `centerline.trace`.
        drive_px: length of one DRIVE px in px.

    Raises:
        NotMeasurable: nothing of it is dark against its background; says why.
    """
    profiles = sample_profiles(photograph, av_map, line, drive_px)
    free = ~profiles.covered & np.isfinite(profiles.walls)
    if free.sum() < _FEWEST:
        raise NotMeasurable("hidden: the artery or other vessels cover the vein all along")
    start = _start(profiles)
    shared, ratio = _common(profiles, start, free, drive_px)
    prior = _prior(start, drive_px)
    loose = fit(profiles.darkness, profiles.weights, profiles.offsets, start, shared, prior)
    depth = _depth_of_arms(profiles, loose.parameters, free)
    if not (depth > 0.02).all():
        raise NotMeasurable(
            f"no contrast: the vein is {depth.min():.3f} darker than its background"
        )
    strict = _strict_prior(profiles, loose, free, depth, ratio, drive_px)
    found = fit(profiles.darkness, profiles.weights, profiles.offsets, strict.mean, shared, strict)
    width = 2 * np.exp(found.parameters[:, RADIUS])
    return Widths(
        profiles.points,
        profiles.normals,
        profiles.along,
        width,
        width * found.errors[:, RADIUS] * steadiness(found),
        found.parameters[:, CENTER],
        profiles.covered,
        profiles.walls,
        float(shared[ROUNDNESS]),
        float(np.exp(shared[BLUR])),
        ratio,
    )


def _start(profiles: Profiles) -> Array:
    """Where the fit starts, (N, 6): the map's width, the darkness in the middle."""
    walls = np.where(np.isfinite(profiles.walls), profiles.walls, np.nanmedian(profiles.walls))
    radius = np.clip(walls, 0.5, 1.5 * np.nanmedian(profiles.walls)) / 2
    beside = np.abs(profiles.offsets)[None] > 1.2 * radius[:, None]
    start = np.zeros((len(radius), 6))
    start[:, RADIUS] = np.log(np.maximum(radius, 0.5))
    level = _mean(profiles.darkness, profiles.weights * beside)
    start[:, LEVEL] = level
    inner = (
        np.abs(profiles.offsets)[None] < np.maximum(0.7 * radius, profiles.offsets[1] / 2)[:, None]
    )
    start[:, DEPTH] = np.maximum(_mean(profiles.darkness, profiles.weights * inner) - level, 0.05)
    return start


def _mean(values: Array, weights: Array) -> Array:
    total = weights.sum(axis=1)
    sums = (values * weights).sum(axis=1)
    known = total > 0
    means = np.divide(sums, total, out=np.zeros_like(sums), where=known)
    return np.where(known, means, np.median(means[known]) if known.any() else 0.0)


def _prior(start: Array, drive_px: float) -> Prior:
    """What is known before: the centreline of the map is about right, the rest is open."""
    mean = np.zeros_like(start)
    mean[:, RADIUS] = start[:, RADIUS]
    mean[:, LEVEL], mean[:, DEPTH] = start[:, LEVEL], start[:, DEPTH]
    spread = np.empty_like(start)
    radius = np.exp(start[:, RADIUS])
    spread[:, CENTER] = 0.4 * radius + 0.5 * drive_px
    spread[:, RADIUS] = 1.0
    spread[:, LEVEL] = 0.5
    spread[:, SLOPE] = 0.02 / drive_px
    spread[:, DEPTH] = np.maximum(start[:, DEPTH], 0.1)
    # A thin vessel's reflex drowns in the blur and would only trade with its width.
    seen = np.minimum(1, (radius / (_SHINING * drive_px)) ** 2)
    spread[:, SHINE] = 0.6 * seen * np.maximum(start[:, DEPTH], 0.1)
    return Prior(mean, spread, 0.0)


def _common(
    profiles: Profiles, start: Array, free: NDArray[np.bool_], drive_px: float
) -> tuple[Array, float]:
    """Roundness and log blur of the vessel, (2,), and its reflex, from averaged profiles."""
    rows = np.flatnonzero(free)
    blocks = np.array_split(rows, max(1, min(_BLOCKS, len(rows) // 4)))
    darkness = np.stack([profiles.darkness[b].mean(axis=0) for b in blocks])
    weights = np.stack([profiles.weights[b].min(axis=0) for b in blocks])
    begin = np.stack([start[b].mean(axis=0) for b in blocks])
    prior = _prior(begin, drive_px)
    usual = np.array([_USUAL[0], np.log(max(_USUAL[1] * drive_px, _LEAST_BLUR))])
    shared, own = fit_common(
        darkness, weights, profiles.offsets, begin, prior, usual, np.array(_UNUSUAL)
    )
    shared[BLUR] = max(shared[BLUR], np.log(_LEAST_BLUR))
    ratio = np.median(own[:, SHINE] / np.maximum(own[:, DEPTH], 0.05))
    return shared, float(np.clip(ratio, 0, 0.8))


def _strict_prior(
    profiles: Profiles,
    loose: Fit,
    free: NDArray[np.bool_],
    depth: Array,
    ratio: float,
    drive_px: float,
) -> Prior:
    """What the vessel tells of each of its profiles; near the artery only one wall may be seen."""
    own, errors = loose.parameters, loose.errors
    mean = own.copy()
    usual = float(np.median(own[free, RADIUS]))
    trusted = free & (np.abs(own[:, RADIUS] - usual) < _ODD)
    trusted = trusted if trusted.sum() >= _FEWEST else free
    for column in (CENTER, LEVEL, SLOPE):
        steady = np.where(trusted, 1 / (errors[:, column] ** 2 + 1e-12), 0.0)
        mean[:, column] = _smooth(own[:, column], steady, profiles.along, _SMOOTH * drive_px)
    mean[:, RADIUS] = usual
    mean[:, DEPTH], mean[:, SHINE] = depth, ratio * depth
    spread = np.empty_like(mean)
    spread[:, CENTER] = _CENTER_SPREAD * drive_px
    spread[:, RADIUS] = _RADIUS_SPREAD
    spread[:, LEVEL] = _LEVEL_SPREAD
    spread[:, SLOPE] = _LEVEL_SPREAD / (6 * drive_px)
    spread[:, DEPTH] = DEPTH_SPREAD * depth
    spread[:, SHINE] = SHINE_SPREAD * depth
    return Prior(mean, spread, ratio)


def _smooth(values: Array, weights: Array, along: Array, sigma: float) -> Array:
    """Weighted means over neighbours, those at most as heavy as ten usual ones, (N,)."""
    usual = np.median(weights[weights > 0])
    kernel = np.exp(-0.5 * ((along[:, None] - along[None]) / sigma) ** 2)
    kernel = kernel * np.minimum(weights, 10 * usual)[None] + 1e-9 * usual
    return np.asarray(kernel @ values / kernel.sum(axis=1))


def _depth_of_arms(profiles: Profiles, parameters: Array, free: NDArray[np.bool_]) -> Array:
    """Depth of the blood, one value for each arm, (N,)."""
    depth = np.full(len(free), float(np.median(parameters[free, DEPTH])))
    for side in (profiles.along < 0, profiles.along >= 0):
        if (side & free).sum() >= _FEWEST:
            # The wider half tells the depth; a thin part trades depth for width.
            wide = parameters[:, RADIUS] >= np.median(parameters[side & free, RADIUS])
            depth[side] = np.median(parameters[side & free & wide, DEPTH])
    return depth
