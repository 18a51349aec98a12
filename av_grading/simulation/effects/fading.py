"""A vein that fades beside the artery: it loses contrast, up to being hidden, as nicked veins do.

Narrowing alone is not what is seen in patients: beside the artery the vein often grows pale, and
may vanish for a stretch, so that the map of it breaks (Wong and Mitchell 2004 grade by both).
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from av_grading.formats.labels import BACKGROUND, VEIN
from av_grading.simulation.crossing_window import CrossingWindow
from av_grading.simulation.effects.effect import Column, Wanted
from av_grading.simulation.effects.squeeze import REST, Squeeze
from av_grading.simulation.vein import Field, Vein, along_vein

HIDDEN = 0.75
"""Share of its contrast from whose loss on a vein is no longer seen, and not labelled."""

MOST_FADED = (0.2, 0.5, 0.9, 0.9)
"""Greatest share of its contrast that a vein loses on a pressed side, by grade: real nicking fades
a vein as it narrows it. On sides that are not pressed it is grade 0's."""


@dataclass(frozen=True)
class Fading:
    """How much a vein fades on the two sides of the artery.

    Attributes:
        first, second: share of its contrast that is lost at the artery's edge, 0-1, on the side of
            the line's first and second arm.
        length: way along the vein, from the artery's edge, over which it comes back (DRIVE px).
    """

    first: float = 0.0
    second: float = 0.0
    length: float = 6.0

    def __post_init__(self) -> None:
        for name in ("first", "second"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name}: expected 0 to 1, found {getattr(self, name)}")
        if self.length <= 0:
            raise ValueError(f"length: expected more than 0 DRIVE px, found {self.length}")


class RandomFading:
    """Veins that fade where they are squeezed, the more the higher the grade; after the squeeze."""

    name = "fading"
    columns: tuple[Column, ...] = (
        Column("faded_first", "share", "Contrast that the vein loses at the artery, first arm."),
        Column("faded_second", "share", "The same on the second arm."),
    )

    def draw(self, rng: np.random.Generator, wanted: Wanted, window: CrossingWindow) -> Fading:
        """Draw how much each side loses.

        Raises:
            ValueError: no squeeze was drawn before.
        """
        if wanted.alone:
            return Fading()
        squeezed = [amount for amount in wanted.earlier if isinstance(amount, Squeeze)]
        if not squeezed:
            raise ValueError("fading: expected a squeeze before it, found none")
        widths = zip((squeezed[-1].first, squeezed[-1].second), window.vein.at_edge, strict=True)
        sides = [
            float(rng.uniform(0, MOST_FADED[wanted.grade if w * own < wanted.rule.pressed else 0]))
            for w, own in widths
        ]
        return Fading(sides[0], sides[1], float(rng.uniform(3.0, 9.0)))

    def apply(self, window: CrossingWindow, amount: Fading) -> CrossingWindow:
        """The crossing with its vein faded."""
        pixels = window.photograph, window.av_map
        photograph, av_map = fade(*pixels, window.vein, amount, window.drive_px)
        return replace(window, photograph=photograph, av_map=av_map)

    def truth(self, window: CrossingWindow, amount: Fading) -> dict[str, float]:
        """What was drawn."""
        return {"faded_first": amount.first, "faded_second": amount.second}


def fade(
    photograph: NDArray[np.uint8],
    av_map: NDArray[np.uint8],
    vein: Vein,
    amount: Fading,
    drive_px: float,
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Fade a vein in a photograph, and in its map where it is hidden.

    Args:
        photograph: RGB, (H, W, 3), 0-255.
        av_map: labels (H, W), 0-3, of the photograph as it is given.
        vein: the vein, in px of both.
        amount: how far.
        drive_px: length of one DRIVE px in px.

    Returns:
        The same two, faded; the artery stays as it is.
    """
    if amount.first == 0 and amount.second == 0:
        return photograph, av_map
    lost = _lost(av_map, vein, amount, drive_px)
    wide = cv2.dilate((av_map != BACKGROUND).astype(np.uint8), _disc(0.8 * drive_px))
    # What lies behind: the fundus beside, without its vessels, brought in from the sides.
    scale = min(1.0, 2.0 / drive_px)  # inpainting needs no more detail, and is slow
    small = cv2.resize(photograph, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    size = small.shape[1], small.shape[0]
    hole = cv2.resize(wide, size, interpolation=cv2.INTER_NEAREST)
    behind = cv2.inpaint(small, hole, 3, cv2.INPAINT_TELEA)
    behind = cv2.resize(behind, photograph.shape[1::-1], interpolation=cv2.INTER_CUBIC)
    seen = cv2.GaussianBlur(
        cv2.dilate((av_map == VEIN).astype(np.float32), _disc(0.8 * drive_px)),
        (0, 0),
        max(0.5, 0.5 * drive_px),
    )
    share = (lost * seen)[..., None]
    faded = photograph * (1 - share) + behind * share
    hidden = (av_map == VEIN) & (lost > HIDDEN)
    labels = np.where(hidden, np.uint8(BACKGROUND), av_map)
    return np.clip(np.rint(faded), 0, 255).astype(np.uint8), np.asarray(labels, np.uint8)


def _lost(av_map: NDArray[np.uint8], vein: Vein, amount: Fading, drive_px: float) -> Field:
    """Share of contrast that each pixel loses, (H, W)."""
    way, inside = along_vein(av_map.shape, vein, REST * vein.half_width + drive_px)
    lost = np.zeros(av_map.shape)
    for side, most, covered in zip(
        (-1, 1), (amount.first, amount.second), vein.covered, strict=True
    ):
        beyond = np.clip((side * way - covered) / (amount.length * drive_px), 0, 1)
        lost = np.where(side * way >= 0, most * (0.5 + 0.5 * np.cos(np.pi * beyond)), lost)
    return np.where(inside, lost, 0.0)


def _disc(radius: float) -> NDArray[np.uint8]:
    size = 2 * max(1, round(radius)) + 1
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)), np.uint8)
