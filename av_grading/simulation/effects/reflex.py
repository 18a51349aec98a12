"""An artery with a light reflex of a known width (Scheie), in place of its own.

The artery's mean darkness across is taken off along its way, and that of a column of blood with a
bright streak in its middle is put there instead, as dark in all. What is left of the photograph,
its grain and the artery's own changes along its way included, stays.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy import ndimage

from av_grading.formats.labels import BACKGROUND
from av_grading.simulation.crossing_window import CrossingWindow
from av_grading.simulation.effects.effect import Column, Wanted
from av_grading.simulation.vein import Field, dense_line, nearest_points

RATIO = (0.2, 0.5)
"""Width of the reflex at half its height over the artery's."""
HEIGHT = (0.5, 0.9)
"""Share of the blood's darkness that the reflex takes in its middle: wide arteries show as much."""
BLUR = 0.35
"""Of the camera, standard deviation (DRIVE px)."""
FULL_WIDTH = 2.3548
"""Of a Gaussian at half its height (standard deviations)."""
_STEP = 0.25  # px, across
_FLANK = (0.8, 4.0)  # DRIVE px beyond the wall, where the retina is looked at
_EDGE = 0.8  # DRIVE px beyond the wall, where the artery's darkness has ended
_ALONG = 0.75  # DRIVE px, standard deviation of the darkness's smoothing along the artery


@dataclass(frozen=True)
class Reflex:
    """A light reflex.

    Attributes:
        ratio: its width at half its height over the artery's; 0 leaves the artery as it is.
        height: share of the blood's darkness that it takes in the middle, 0-1.
    """

    ratio: float = 0.0
    height: float = 0.0

    def __post_init__(self) -> None:
        for name in ("ratio", "height"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name}: expected 0 to 1, found {getattr(self, name)}")


class RandomReflex:
    """Reflexes of any width, on every artery."""

    name = "reflex"
    columns: tuple[Column, ...] = (
        Column("reflex_ratio", "share", "Width of the artery's light reflex over the artery's."),
        Column("reflex_height", "share", "Share of its darkness that the reflex takes."),
    )

    def draw(self, rng: np.random.Generator, wanted: Wanted, window: CrossingWindow) -> Reflex:
        """Draw a reflex."""
        return Reflex(float(rng.uniform(*RATIO)), float(rng.uniform(*HEIGHT)))

    def apply(self, window: CrossingWindow, amount: Reflex) -> CrossingWindow:
        """The crossing with its artery redrawn."""
        if amount.ratio == 0:
            return window
        half, drive_px = window.artery.half_width, window.drive_px
        reach = half + _FLANK[1] * drive_px
        offsets = np.arange(-np.ceil(reach / _STEP), np.ceil(reach / _STEP) + 1) * _STEP
        points, along, normals = dense_line(window.artery.line)
        was = _darkness(window, points, normals, along, offsets)  # (N, K, 3)
        near = np.abs(offsets) <= half + _EDGE * drive_px
        total = was[:, near].sum(axis=1)  # (N, 3)
        smooth = 2 * drive_px / float(along[1] - along[0])
        weight = np.clip(-was[:, near, 1], 0, None)
        middle = ndimage.gaussian_filter1d(weight @ offsets[near], smooth)
        middle = middle / np.maximum(ndimage.gaussian_filter1d(weight.sum(axis=1), smooth), 1e-6)
        middle = np.clip(middle, -0.5 * drive_px, 0.5 * drive_px)
        shape = profile(offsets, half, amount, BLUR * drive_px)
        shape = shape / max(float(shape.sum()), 1e-9)
        moved = np.stack([np.interp(offsets - at, offsets, shape) for at in middle])
        total = ndimage.gaussian_filter1d(total, smooth, axis=0, mode="nearest")
        end = np.clip((half + _EDGE * drive_px - np.abs(offsets)) / (0.4 * drive_px) + 1, 0, 1)
        change = (total[:, None] * moved[..., None] - was) * end[:, None]
        size = window.av_map.shape
        pixels, nearest, inside = nearest_points(size, points, reach)
        inside &= (nearest > 0) & (nearest < len(points) - 1)
        across = np.einsum("ij,ij->i", pixels - points[nearest], normals[nearest])
        column = (across - offsets[0]) / _STEP
        light = np.stack(
            [
                ndimage.map_coordinates(change[..., c], (nearest, column), order=1, mode="nearest")
                for c in range(3)
            ],
            axis=-1,
        )
        light = np.where(inside[:, None], light, 0).reshape(*size, 3)
        drawn = (window.photograph.astype(np.float64) + 2) * np.exp(light) - 2
        drawn = np.where(np.abs(light) > 1e-6, drawn, window.photograph)
        return replace(window, photograph=np.clip(np.rint(drawn), 0, 255).astype(np.uint8))

    def truth(self, window: CrossingWindow, amount: Reflex) -> dict[str, float]:
        """What was drawn."""
        return {"reflex_ratio": amount.ratio, "reflex_height": amount.height}


def profile(offsets: Field, half: float, amount: Reflex, blur: float) -> Field:
    """Darkness across a round column of blood with a reflex, as a camera blurs it, (K,).

    Args:
        offsets: from the middle, in even steps (px), (K,).
        half: half of the column's width (px).
        amount: of the reflex.
        blur: standard deviation (px).
    """
    blood = np.sqrt(np.clip(1 - (offsets / half) ** 2, 0, None))
    sigma = amount.ratio * 2 * half / FULL_WIDTH
    streak = amount.height * np.exp(-0.5 * (offsets / max(sigma, 1e-6)) ** 2)
    step = float(offsets[1] - offsets[0])
    return np.asarray(ndimage.gaussian_filter1d(blood * (1 - streak), blur / step), np.float64)


def _darkness(
    window: CrossingWindow, points: Field, normals: Field, along: Field, offsets: Field
) -> Field:
    """Logarithm of the artery's light over the retina's along and across it, (N, K, 3), smoothed
    along its way; negative is darker."""
    half, drive_px = window.artery.half_width, window.drive_px
    step = float(along[1] - along[0])
    places = points[:, None] + offsets[None, :, None] * normals[:, None]
    where = places[..., 1], places[..., 0]
    light = np.log(window.photograph.astype(np.float64) + 2)
    sampled = np.stack(
        [ndimage.map_coordinates(light[..., c], where, order=1, mode="nearest") for c in range(3)],
        axis=-1,
    )
    vessel = (window.av_map != BACKGROUND).astype(np.uint8)
    taken = ndimage.map_coordinates(vessel, where, order=0, mode="constant", cval=1) > 0
    away = np.abs(offsets)
    flank = (away > half + _FLANK[0] * drive_px) & (away < half + _FLANK[1] * drive_px)
    levels = []
    for sign in (-1, 1):
        free = (flank & (sign * offsets > 0) & ~taken).astype(np.float64)
        light_there = np.einsum("nk,nkc->nc", free, sampled)
        means, counts = [], []
        for sigma in (3.0 * drive_px / step, 12.0 * drive_px / step):
            counts.append(ndimage.gaussian_filter1d(free.sum(axis=1), sigma))
            total = ndimage.gaussian_filter1d(light_there, sigma, axis=0)
            means.append(total / np.maximum(counts[-1], 1e-9)[:, None])
        # From farther along only where nothing is seen beside.
        levels.append(np.where((counts[0] > 1)[:, None], means[0], means[1]))
    middle = half + (_FLANK[0] + _FLANK[1]) / 2 * drive_px
    share = np.clip(0.5 + offsets / (2 * middle), 0, 1)[None, :, None]
    beside = levels[0][:, None] * (1 - share) + levels[1][:, None] * share
    return np.asarray(
        ndimage.gaussian_filter1d(sampled - beside, _ALONG * drive_px / step, axis=0), np.float64
    )
