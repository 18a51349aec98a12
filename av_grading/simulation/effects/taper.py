"""A vein that tapers towards the artery on either side (Gunn), over one to three of its widths.

Healthy veins do a little: beside the artery they keep 80-90 % of their width.
"""

from dataclasses import dataclass, replace

import numpy as np

from av_grading.simulation.crossing_window import CrossingWindow
from av_grading.simulation.effects.effect import Column, Wanted
from av_grading.simulation.vein import Field

HEALTHY = (0.80, 0.90)
"""Width that a healthy vein keeps at the artery's edge, as a share of its own."""
ROOM = 0.01
"""A healthy vein's mean width beside the artery stays this far above the threshold."""
LEAST = 0.22
"""Nicked veins keep at least this share of their width (adaptive optics: 23-60 %)."""


@dataclass(frozen=True)
class Taper:
    """How far a vein tapers.

    Attributes:
        first, second: width at the artery's very edge, of what it is there, 0.2-1, on the side of
            the line's first and second arm.
        vein_widths: way over which it comes back (widths of the vein).
    """

    first: float = 1.0
    second: float = 1.0
    vein_widths: float = 2.0

    def __post_init__(self) -> None:
        for name in ("first", "second"):
            if not 0.2 <= getattr(self, name) <= 1:
                raise ValueError(f"{name}: expected 0.2 to 1, found {getattr(self, name)}")
        if self.vein_widths <= 0:
            raise ValueError(f"vein_widths: expected more than 0, found {self.vein_widths}")


class RandomTaper:
    """Tapers to the width that is wanted beside the artery; healthy sides taper a little."""

    name = "taper"
    columns: tuple[Column, ...] = (
        Column("width_first", "share", "The vein's mean width beside the artery, first arm."),
        Column("width_second", "share", "The same on the second arm."),
        Column("taper_vein_widths", "vein widths", "Way over which the vein's width comes back."),
    )

    def draw(self, rng: np.random.Generator, wanted: Wanted, window: CrossingWindow) -> Taper:
        """Draw a taper."""
        edges = []
        for side, width, has in zip((-1, 1), wanted.width, window.natural, strict=True):
            narrow = Taper(0.5, 0.5, wanted.taper_vein_widths)
            rise = 2 * window.measured.mean_beside(side, self._widths(window, narrow)) - 1
            if width is None:
                least = float(rng.uniform(*HEALTHY)) / has
                kept = (wanted.rule.pressed + ROOM) / has
            else:
                least, kept = LEAST, width
            # Beside the artery the mean is least + (1 - least) * rise.
            needed = (kept - rise) / max(1 - rise, 1e-6)
            edges.append(float(np.clip(max(least, needed), LEAST, 1)))
        return Taper(edges[0], edges[1], wanted.taper_vein_widths)

    def apply(self, window: CrossingWindow, amount: Taper) -> CrossingWindow:
        """The crossing with its vein tapered."""
        course = window.course
        width = course.width * self._widths(window, amount)
        return replace(window, course=replace(course, width=width))

    def truth(self, window: CrossingWindow, amount: Taper) -> dict[str, float]:
        """Mean widths beside the artery, as shares of the vein's own."""
        kept = self._widths(window, amount)
        first, second = (
            has * window.measured.mean_beside(side, kept)
            for side, has in zip((-1, 1), window.natural, strict=True)
        )
        return {
            "width_first": first,
            "width_second": second,
            "taper_vein_widths": amount.vein_widths,
        }

    @staticmethod
    def _widths(window: CrossingWindow, amount: Taper) -> Field:
        """Width of what it is there, along the vein."""
        length = amount.vein_widths * 2 * window.vein.half_width
        rising = 0.5 - 0.5 * np.cos(np.pi * np.clip(window.beyond / length, 0, 1))
        least = np.where(window.course.along < 0, amount.first, amount.second)
        return np.asarray(least + (1 - least) * rising, np.float64)
