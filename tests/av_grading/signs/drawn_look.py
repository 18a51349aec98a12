"""Close looks at drawn crossings, for the tests of signs."""

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from av_grading.caliber.vein_phantom import VeinPhantom, draw_vein
from av_grading.close_ups.close_look import CloseLook, one_hot
from av_grading.vessels.crossing_vessels import crossing_vessels

SCALE = 4.0
"""px a DRIVE px."""


def look_at(phantom: VeinPhantom, disc: tuple[float, float] | None = None) -> CloseLook:
    """A close look at a drawn crossing, 4 px a DRIVE px; its vein was drawn from left to right.

    Args:
        phantom: of 192 px or so.
        disc: where the optic disc lies as seen from the crossing, x and y.
    """
    fine_map = one_hot(phantom.av_map)
    direction: NDArray[np.float64] | None = None
    if disc is not None:
        direction = np.asarray(disc, float) / np.hypot(*disc)
    vessels = crossing_vessels(phantom.photograph, fine_map, phantom.center, direction)
    return CloseLook(
        phantom.photograph, fine_map, phantom.center, SCALE, vessels, direction, artery_above=1.0
    )


def drawn_look(seed: int = 0, *, width: float = 5.0, artery: float = 4.0, **more: object):
    """A close look at a crossing that is drawn: widths in DRIVE px, `more` as `draw_vein` takes it
    (lengths in px)."""
    rng = np.random.default_rng(seed)
    return look_at(draw_vein(rng, width * SCALE, size=193, artery=artery * SCALE, **more))


def look_along(
    *,
    course: Callable[[NDArray], NDArray] = np.zeros_like,
    width: Callable[[NDArray], NDArray] = np.ones_like,
    contrast: Callable[[NDArray], NDArray] = np.ones_like,
    own: float = 5.0,
    artery: float = 4.0,
    disc: tuple[float, float] | None = None,
    seed: int = 0,
) -> CloseLook:
    """A close look at a vein that is drawn from left to right beneath an upright artery.

    Args:
        course: how far below the middle it lies (DRIVE px), from the way from the crossing,
            negative on the left (DRIVE px).
        width, contrast: as shares of its own, from the same.
        own: its own width (DRIVE px).
        artery: the artery's width (DRIVE px).
        disc: as `look_at`.
        seed: of the noise.
    """
    size, rng = 193, np.random.default_rng(seed)
    middle = size // 2
    way = np.arange(-26, 26, 0.05)
    y, x = np.mgrid[:size, :size]
    places = np.stack([x - middle, y - middle], axis=-1) / SCALE
    off, nearest = cKDTree(np.stack([way, course(way)], axis=1)).query(places)
    radius, strength = own * width(way) / 2, contrast(way)
    inside = np.clip(1 - (off / np.maximum(radius[nearest], 1e-6)) ** 2, 0, None)
    density = 0.5 * strength[nearest] * np.sqrt(inside)
    artery_inside = np.sqrt(np.clip(1 - (places[..., 0] / (artery / 2)) ** 2, 0, None))
    over = np.abs(places[..., 0]) < artery / 2
    density = np.where(over, 0.35 * artery_inside, density)
    green = cv2.GaussianBlur(120 * np.exp(-density), (0, 0), 1.2)
    picture = np.stack([1.6 * green, green, 0.6 * green], axis=-1)
    picture = np.clip(picture + rng.normal(0, 2, picture.shape), 0, 255).round().astype(np.uint8)
    # A map shows a vein as far as it is to be seen.
    vein = (inside > 0) * np.clip(1.5 * strength[nearest], 0, 1)
    shares = np.stack([(1 - over) * (1 - vein), over * (1 - vein), (1 - over) * vein, over * vein])
    fine_map = np.stack([cv2.GaussianBlur(s, (0, 0), 1.2) for s in shares.astype(np.float32)])
    center = (float(middle), float(middle))
    direction = None if disc is None else np.asarray(disc, float) / np.hypot(*disc)
    vessels = crossing_vessels(picture, fine_map, center)
    return CloseLook(picture, fine_map, center, SCALE, vessels, direction, artery_above=0.9)


def dip(depth: float, artery: float = 4.0, reach: float = 3.0) -> Callable[[NDArray], NDArray]:
    """1 away from the artery, less by `depth` beside it, over `reach` DRIVE px."""

    def share(way: NDArray) -> NDArray:
        beyond = np.clip((np.abs(way) - artery / 2) / reach, 0, 1)
        return 1 - depth * (0.5 + 0.5 * np.cos(np.pi * beyond))

    return share
