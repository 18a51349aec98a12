"""What is to be seen of a vessel along its way: how dark and how wide it is, place by place.

The *visible width* is width times contrast: the darkness of a vessel above its own surroundings,
integrated across it. Where a vessel narrows, fades or is hidden, it falls. Density is the logarithm
of the background's light over the vessel's, so that it does not depend on how bright it is; the
background is told on both flanks, other vessels left out. A vein is seen in green, where it is
darkest; an artery, for its reflex, in luma, which JPEG files keep finer than any colour.

Everything is measured on the picture and on some copies of it, shifted by a part of a px, blurred
or noisy as the picture itself is: their spread is the standard error.
"""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from av_grading.formats.errors import NotMeasurable
from av_grading.formats.labels import ARTERY, OVERLAP, VEIN
from av_grading.vessels.centerline import VesselLine
from av_grading.vessels.copies import light_of_copies, median_known
from av_grading.vessels.follow import extended
from av_grading.vessels.profiles import even_points, sampled

Array = NDArray[np.float64]

STEP = 0.5
"""Between places along the vessel (DRIVE px)."""
ACROSS = 0.25
"""Between samples across it (DRIVE px)."""
REACH = 18.0
"""How far from the other vessel's edge it is looked at (DRIVE px)."""
EXTENDED = 19.0
"""How far from the crossing a vein is looked at, where the map shows it (DRIVE px): it may swell
beyond where it is followed to be sure of its two arms."""
AWAY = 4.0
"""From this distance to the other vessel's edge on, the vessel is as it is by itself (DRIVE px)."""
HIDDEN = 7.0
"""The other vessel's edge lies within this distance of the crossing (DRIVE px)."""
LUMA = np.array([0.299, 0.587, 0.114], np.float32)
"""Of red, green and blue, as JPEG has it (ITU-R BT.601)."""
_FLANK = (0.75, 4.0)  # where the background is, from the wall on (DRIVE px)
_BROAD = 1.5  # how far beyond its walls a swollen vessel reaches, and one that is aside (DRIVE px)
_NEAR_VESSEL = 0.3  # probability from which another vessel is in the way
_CLEAR = 0.5  # and how far around it, too (DRIVE px)
_BACKGROUND_ALONG = 1.5  # standard deviation of the background's smoothing (DRIVE px)
_ALONG_MIDDLE = 2.0  # and of the vessel's middle (DRIVE px)
_ALONG = 0.5  # and of what is measured (DRIVE px)
_LEAST_SEEN = 0.5  # share of the vessel's own profile that other vessels leave in sight
_FEWEST = 6  # places away from the other vessel, to know a vessel's own
_FAINTEST = 0.03  # density below which nothing can be compared
_MIDDLE = 2  # samples from the centreline that are of the vessel in any case
_LEAST_HEIGHT = 0.15  # probability below which there are no walls


@dataclass(frozen=True)
class VisibleVessel:
    """A vessel along its way. Lengths are DRIVE px. The first of R is the picture, the others are
    its copies (see `copies`); sides are in the order of the vessel's arms; places begin at the
    other vessel's edge.

    Attributes:
        away: distance of the M places from the other vessel's edge, (M,).
        visible: visible width over the vessel's own, (R, 2, M); NaN where it cannot be seen.
        swollen: as `visible`, of a broader stretch across, in which a swelling lies as a whole, (R,
            2, M).
        contrast: mean density over the vessel's own, (R, 2, M).
        width: of the vessel in the map, probabilities added up across, over the vessel's own,
            (2, M): it falls where the map loses the vessel.
        walls: between the walls in the map, where its probability is half of what it is between
            them, over the vessel's own, (2, M): it does not fall where the vessel only pales; NaN
            where no walls are seen.
        points: x and y of the places on the centreline (px), (2, M, 2); NaN beyond its end.
        normals: unit vectors across, the same way on both sides, (2, M, 2).
        shift: of the middle of what is dark, along the normals, (R, 2, M).
        own_width: between the walls, away from the other vessel.
        own_visible: visible width there, (R,).
        edges: distance of the other vessel's edges from the crossing, (2,).
        density: mean across the vessel away from the other one, (R, K), at `offsets` (K,).
    """

    away: Array
    visible: Array
    swollen: Array
    contrast: Array
    width: Array
    walls: Array
    points: Array
    normals: Array
    shift: Array
    own_width: float
    own_visible: Array
    edges: Array
    density: Array
    offsets: Array

    def between(self, first: float, last: float) -> NDArray[np.bool_]:
        """Places at these distances from the other vessel's edge, (M,)."""
        return np.asarray((self.away >= first) & (self.away <= last))


def see_vessel(
    patch: NDArray[np.uint8],
    fine_map: NDArray[np.float32],
    kind: int,
    line: VesselLine,
    drive_px: float,
) -> VisibleVessel:
    """Look at a vessel along its way through a crossing.

    Args:
        patch: RGB, (P, P, 3), 0-255.
        fine_map: probabilities of background, artery, vein and overlap, (4, P, P).
        kind: `ARTERY` or `VEIN`.
        line: its centreline (px).
        drive_px: length of one DRIVE px in px.

    Raises:
        NotMeasurable: too little of it is seen by itself, or it is not dark; says why.
    """
    name = {ARTERY: "artery", VEIN: "vein"}[kind]
    step = STEP * drive_px
    if kind == VEIN:
        line = extended(line, fine_map[kind] + fine_map[OVERLAP], drive_px, EXTENDED)
    points, normals, along = even_points(line, step, smooth=4.0)
    count = round((5.0 + _FLANK[1]) / ACROSS)
    offsets = ACROSS * np.arange(-count, count + 1, dtype=np.float64)
    x, y = (
        points[:, None, k] + drive_px * offsets[:, None].T * normals[:, None, k] for k in (0, 1)
    )
    other = sampled(fine_map[ARTERY if kind == VEIN else VEIN] + fine_map[OVERLAP], x, y)
    own = sampled(fine_map[kind] + fine_map[OVERLAP], x, y)
    edges = _edges(other[:, count], along / drive_px)
    first, last = np.searchsorted(along / drive_px, (-edges[0], edges[1]))
    beyond = np.maximum(-edges[0] - along / drive_px, along / drive_px - edges[1])
    width, walls = (found * ACROSS for found in _widths(own))
    apart = beyond >= AWAY
    if apart.sum() < _FEWEST:
        raise NotMeasurable(f"too little of the {name} is seen away from the crossing")
    own_width = float(np.median(width[apart]))
    if own_width < ACROSS:
        raise NotMeasurable(f"the {name} is not in the map away from the crossing")
    half = own_width / 2
    size = patch.shape[0]
    inside = (x >= 0) & (x <= size - 1) & (y >= 0) & (y <= size - 1)
    clear = round(_CLEAR / ACROSS)
    hidden = cv2.dilate(
        (other > _NEAR_VESSEL).astype(np.uint8), np.ones((3, 2 * clear + 1), np.uint8)
    )
    seen = inside & (hidden == 0)
    stray = (own > _NEAR_VESSEL) & (np.abs(offsets) > half + _FLANK[0])
    stray = cv2.dilate(stray.astype(np.uint8), np.ones((1, 2 * clear + 1), np.uint8)) > 0
    light = patch[..., 1].astype(np.float32) if kind == VEIN else patch @ LUMA
    density = _density(light_of_copies(light, x, y, drive_px), seen & ~stray, offsets, half)
    clear_of = seen & ~(stray & (np.abs(offsets) > half + _FLANK[0]))
    core, broad = (np.abs(offsets) <= half + beyond_wall for beyond_wall in (0.5, _BROAD))
    weights, broad_weights = clear_of & core, clear_of & broad  # (N, K)
    # The vessel's own profile, to make up for what another vessel hides of it.
    free = weights * apart[:, None]
    mean = (density * free).sum(axis=1) / np.maximum(free.sum(axis=0), 1e-9)
    template = np.maximum(mean, 0) * core
    if template[0].sum() * ACROSS < _FAINTEST * own_width:
        raise NotMeasurable(f"the {name} is hardly darker than its surroundings")
    share = np.einsum("nk,rk->rn", weights, template) / template.sum(axis=1, keepdims=True)
    total = (density * weights).sum(axis=2) * ACROSS
    positive = np.maximum(density, 0) * weights
    square = (positive**2).sum(axis=2)
    ok = (share > _LEAST_SEEN).astype(np.float64)
    smooth = _smoother(_ALONG / STEP)
    norm = smooth(ok * share)
    with np.errstate(invalid="ignore", divide="ignore"):
        visible = np.where(ok > 0, smooth(total * ok) / norm, np.nan)
        contrast = np.where(ok > 0, smooth(square * ok) / smooth(positive.sum(axis=2) * ok), np.nan)
        swollen = smooth((density * broad_weights).sum(axis=2) * ACROSS * ok) / norm
        swollen = np.where(ok > 0, swollen, np.nan)
        around = np.maximum(density, 0) * broad_weights
        centre = smooth((around @ offsets) * ok) / smooth(around.sum(axis=2) * ok)
        centre = np.where(ok > 0, centre, np.nan)
    # Where the line runs a little off the vessel's middle, its profile would be smeared.
    mean = _mean_across(density, free, np.nan_to_num(centre[0]) / ACROSS)
    own_visible = median_known(visible[:, apart])
    own_contrast = median_known(contrast[:, apart])
    if not own_visible[0] > _FAINTEST * own_width:
        raise NotMeasurable(f"the {name} is hardly darker than its surroundings")
    own_visible = np.maximum(own_visible, 1e-3)
    places = np.arange(round(REACH / STEP))
    index = np.stack([first - 1 - places, last + places])
    there = (index >= 0) & (index < len(along))
    index = np.clip(index, 0, len(along) - 1)

    def by_side(values: Array) -> Array:
        return np.asarray(np.where(there, values[..., index], np.nan))

    return VisibleVessel(
        np.asarray((places + 0.5) * STEP, np.float64),
        by_side(visible / own_visible[:, None]),
        by_side(swollen / np.maximum(median_known(swollen[:, apart]), 1e-3)[:, None]),
        by_side(contrast / np.maximum(own_contrast, 1e-3)[:, None]),
        by_side(width / own_width),
        by_side(walls / max(float(median_known(walls[apart])), ACROSS)),
        np.where(there[..., None], points[index], np.nan),
        normals[index],
        by_side(centre),
        own_width,
        own_visible,
        edges,
        mean,
        offsets,
    )


def _mean_across(density: NDArray[np.float32], weights: Array, off: Array) -> Array:
    """Mean across a vessel of densities (R, N, K) with weights (N, K), each moved by how far the
    vessel's middle lies off its line there (samples, (N,)); (R, K)."""
    off = ndimage.gaussian_filter1d(off, _ALONG_MIDDLE / STEP, mode="nearest")
    count = density.shape[-1]
    place = np.clip(np.arange(count) + off[:, None], 0, count - 1.001)
    low = place.astype(np.intp)
    part, rows = place - low, np.arange(len(off))[:, None]

    def moved(values: Array) -> Array:
        return np.asarray(
            values[..., rows, low] * (1 - part) + values[..., rows, low + 1] * part, np.float64
        )

    total = moved(density * weights).sum(axis=1)
    return np.asarray(total / np.maximum(moved(weights).sum(axis=0), 1e-9))


def _edges(other: NDArray[np.float32], along: Array) -> Array:
    """Distance of the other vessel's last edge near the crossing, on both sides (2,)."""
    over = (other >= 0.5) & (np.abs(along) <= HIDDEN)
    found = []
    for sign in (-1, 1):
        way = (sign * along)[over & (sign * along >= 0)]
        found.append(float(way.max()) + STEP / 2 if len(way) else 0.0)
    return np.array(found)


def _widths(own: NDArray[np.float32]) -> tuple[Array, Array]:
    """Of the probability across a vessel (N, K), in samples: the sum of what is joined to the
    middle, and the width at half its height, NaN where it is not seen; each (N,)."""
    middle = own.shape[1] // 2
    near = slice(middle - _MIDDLE, middle + _MIDDLE + 1)
    height = own[:, near].max(axis=1, keepdims=True)
    found = []
    for threshold in (np.full_like(height, 0.25), height / 2):
        vessel = own >= threshold
        vessel[:, near] = True
        joined = np.zeros(own.shape)
        joined[:, middle:] = np.cumprod(vessel[:, middle:], axis=1)
        joined[:, middle::-1] = np.cumprod(vessel[:, middle::-1], axis=1)
        found.append(joined)
    at_half = (found[1] * (own >= height / 2)).sum(axis=1)
    return (found[0] * own).sum(axis=1), np.where(height[:, 0] >= _LEAST_HEIGHT, at_half, np.nan)


def _density(
    light: NDArray[np.float32], seen: NDArray[np.bool_], offsets: Array, half: float
) -> NDArray[np.float32]:
    """Logarithm of background over vessel, (R, N, K)."""
    smooth = _smoother(_BACKGROUND_ALONG / STEP)
    levels, known = [], []
    for sign in (-1, 1):
        flank = (sign * offsets >= half + _FLANK[0]) & (sign * offsets <= half + _FLANK[1])
        weight = seen[:, flank].astype(np.float64)
        norm = smooth(weight.sum(axis=1))
        level = smooth((light[..., flank] * weight).sum(axis=2)) / np.maximum(norm, 1e-6)
        levels.append(level)
        known.append(np.minimum(norm / flank.sum(), 1))
    left, right = known
    weak = np.maximum(left + right, 1e-6)
    both = np.minimum(np.minimum(left, right) / 0.3, 1)  # a slope only where both flanks are seen
    mean = (levels[0] * left + levels[1] * right) / weak
    middle = np.where(both > 0, both * (levels[0] + levels[1]) / 2 + (1 - both) * mean, mean)
    slope = both * (levels[1] - levels[0]) / (2 * half + _FLANK[0] + _FLANK[1])
    background = middle[..., None] + slope[..., None] * offsets
    return np.asarray(background - light, np.float32)


def _smoother(sigma: float) -> Callable[[Array], Array]:
    def smooth(values: Array) -> Array:
        return np.asarray(ndimage.gaussian_filter1d(values, sigma, axis=-1, mode="constant"))

    return smooth
