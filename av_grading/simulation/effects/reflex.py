"""An artery with a light reflex of a known width (Scheie), in place of its own.

The artery's mean darkness across is taken off along its way, and that of a column of blood with a
bright streak in its middle is put there instead, as dark in all. What is left of the photograph, its
grain and the artery's own changes along its way included, stays.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from av_grading.formats.labels import BACKGROUND
from av_grading.simulation.crossing_window import CrossingWindow
from av_grading.simulation.effects.effect import Column, Wanted
from av_grading.simulation.vein import Field, dense_line, nearest_points

RATIO = (0.2, 0.6)
"""Width of the reflex at half its height over the artery's."""
HEIGHT = (0.25, 0.6)
"""Share of the blood's darkness that the reflex takes in its middle."""
BLUR = 0.35
"""Of the camera, standard deviation (DRIVE px)."""
FULL_WIDTH = 2.3548
"""Of a Gaussian at half its height (standard deviations)."""
_STEP = 0.25  # px, across
_FLANK = (0.8, 4.0)  # DRIVE px beyond the wall, where the retina is looked at
_EDGE = 1.2  # DRIVE px beyond the wall, where the artery's darkness has ended


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
        was = _mean_darkness(window, offsets)
        shape = profile(offsets, half, amount, BLUR * drive_px)
        near = np.abs(offsets) <= half + _EDGE * drive_px
        wanted = was[near].sum(axis=0) / max(float(shape[near].sum()), 1e-9) * shape[:, None]
        end = np.clip((half + _EDGE * drive_px - np.abs(offsets)) / (0.4 * drive_px) + 1, 0, 1)
        change = (wanted - was) * end[:, None]  # (K, 3)
        points, along, normals = dense_line(window.artery.line)
        size = window.av_map.shape
        pixels, nearest, inside = nearest_points(size, points, reach)
        inside &= (nearest > 0) & (nearest < len(points) - 1)
        across = np.einsum("ij,ij->i", pixels - points[nearest], normals[nearest])
        light = np.stack([np.interp(across, offsets, change[:, c]) for c in range(3)], axis=-1)
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


def _mean_darkness(window: CrossingWindow, offsets: Field) -> Field:
    """Logarithm of the artery's light over the retina's across it, mean along its way away from
    other vessels, (K, 3); negative is darker."""
    points, along, normals = dense_line(window.artery.line)
    half, drive_px = window.artery.half_width, window.drive_px
    every = max(1, round(1 / (along[1] - along[0])))
    points, normals = points[::every], normals[::every]
    places = points[:, None] + offsets[None, :, None] * normals[:, None]
    where = places[..., 1], places[..., 0]
    light = np.log(window.photograph.astype(np.float64) + 2)
    sampled = np.stack(
        [ndimage.map_coordinates(light[..., c], where, order=1, mode="nearest") for c in range(3)],
        axis=-1,
    )
    away = np.abs(offsets)
    vessel = (window.av_map != BACKGROUND).astype(np.uint8)
    taken = ndimage.map_coordinates(vessel, where, order=0, mode="constant", cval=1) > 0
    flank = (away > half + _FLANK[0] * drive_px) & (away < half + _FLANK[1] * drive_px)
    free: NDArray[np.bool_] = flank & ~taken
    level = np.full((len(points), 2, 3), np.nan)
    for number, sign in enumerate((-1, 1)):
        here = (free & (sign * offsets > 0)).astype(np.float64)
        count = here.sum(axis=1)
        mean = np.einsum("nk,nkc->nc", here, sampled) / np.maximum(count, 1)[:, None]
        level[:, number] = np.where(count[:, None] >= 0.5 * flank.sum() / 2, mean, np.nan)
    both = np.isfinite(level).all(axis=(1, 2))
    if not both.any():
        return np.zeros((len(offsets), 3))
    middle = half + (_FLANK[0] + _FLANK[1]) / 2 * drive_px
    slope = (level[both, 1] - level[both, 0]) / (2 * middle)
    beside = level[both].mean(axis=1)[:, None] + slope[:, None] * offsets[None, :, None]
    return np.asarray((sampled[both] - beside).mean(axis=0), np.float64)
