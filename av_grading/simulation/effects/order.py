"""Which vessel lies above, redrawn: one of the two is carried through the crossing over the other.

What it looks like beside the crossing is drawn on, pixel by pixel across it, so that both orders
come of one real crossing with the same traces of the drawing.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from av_grading.formats.labels import ARTERY, OVERLAP, VEIN
from av_grading.simulation.crossing_window import CrossingWindow
from av_grading.simulation.effects.effect import Column, Wanted
from av_grading.vessels.centerline import VesselLine
from av_grading.vessels.profiles import even_points

BESIDE = 1.5
"""How far beyond the other vessel's edge its looks are taken from (DRIVE px)."""


@dataclass(frozen=True)
class Order:
    """Which vessel lies above.

    Attributes:
        above: `ARTERY` or `VEIN`.
        opacity: how much of the other shows through no longer, 0-1.
    """

    above: int
    opacity: float


class RandomOrder:
    """The vessel that is wanted above, drawn above."""

    name = "order"
    columns: tuple[Column, ...] = (
        Column("opacity", "share", "How far the vessel below is covered."),
    )

    def draw(self, rng: np.random.Generator, wanted: Wanted, window: CrossingWindow) -> Order:
        """Draw how opaque the vessel above is.

        Raises:
            ValueError: no vessel is wanted above.
        """
        if wanted.above is None:
            raise ValueError("order: expected the vessel that is to lie above, found none")
        return Order(wanted.above, float(rng.uniform(0.6, 0.95)))

    def apply(self, window: CrossingWindow, amount: Order) -> CrossingWindow:
        """The crossing with that vessel above."""
        line = window.vein.line if amount.above == VEIN else window.artery.line
        drawn = draw_above(
            window.photograph, window.av_map, line, amount.above, window.drive_px, amount.opacity
        )
        return replace(window, photograph=drawn)

    def truth(self, window: CrossingWindow, amount: Order) -> dict[str, float]:
        """What was drawn."""
        return {"opacity": amount.opacity}


def draw_above(
    photograph: NDArray[np.uint8],
    av_map: NDArray[np.uint8],
    line: VesselLine,
    kind: int,
    drive_px: float,
    opacity: float,
) -> NDArray[np.uint8]:
    """The photograph (H, W, 3) with a vessel carried through its crossing, above the other.

    Args:
        photograph: RGB, (H, W, 3), 0-255.
        av_map: labels (H, W), 0-3.
        line: centreline of the vessel.
        kind: of it: `ARTERY` or `VEIN`.
        drive_px: length of one DRIVE px in px.
        opacity: how much of the other shows through no longer, 0-1.
    """
    other = ARTERY if kind == VEIN else VEIN
    points, normals, along = even_points(line, 0.5)
    rows, columns = np.mgrid[: av_map.shape[0], : av_map.shape[1]]
    pixels = np.stack([columns.ravel(), rows.ravel()], axis=1).astype(float)
    own = (av_map == kind) | (av_map == OVERLAP)
    grown = cv2.dilate(own.astype(np.uint8), np.ones((3, 3), np.uint8))
    hidden = _labels(av_map, points)
    covered = np.isin(hidden, (other, OVERLAP)) & (np.abs(along) < 12 * drive_px)
    if not covered.any():
        return photograph
    margin = BESIDE * drive_px
    first, last = along[covered].min() - margin, along[covered].max() + margin
    nearest = cKDTree(points).query(pixels)[1]
    way = along[nearest]
    across = np.einsum("ij,ij->i", pixels - points[nearest], normals[nearest])
    inside = (way > first) & (way < last) & (grown.ravel() > 0)
    share = np.clip((way - first) / max(last - first, 1e-6), 0, 1)[:, None]
    sampled = []
    for end in (first, last):
        index = int(np.argmin(np.abs(along - end)))
        place = points[index] + across[:, None] * normals[index]
        grid = place.reshape(*av_map.shape, 2).astype(np.float32)
        x, y = grid[..., 0].copy(), grid[..., 1].copy()
        sampled.append(cv2.remap(photograph, x, y, cv2.INTER_LINEAR).reshape(-1, 3))
    drawn = sampled[0] * (1 - share) + sampled[1] * share
    weight = cv2.GaussianBlur(
        inside.reshape(av_map.shape).astype(np.float32), (0, 0), max(0.5, 0.35 * drive_px)
    )
    weight = (opacity * weight)[..., None]
    blended = photograph * (1 - weight) + drawn.reshape(photograph.shape) * weight
    return np.asarray(np.clip(np.rint(blended), 0, 255), np.uint8)


def _labels(av_map: NDArray[np.uint8], points: NDArray[np.float64]) -> NDArray[np.uint8]:
    height, width = av_map.shape
    columns = np.clip(points[:, 0].round().astype(int), 0, width - 1)
    rows = np.clip(points[:, 1].round().astype(int), 0, height - 1)
    return np.asarray(av_map[rows, columns])
