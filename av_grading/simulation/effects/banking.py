"""A vein that is swollen beyond where it is nicked (Bonnet)."""

from dataclasses import dataclass, replace

import numpy as np

from av_grading.simulation.crossing_window import CrossingWindow
from av_grading.simulation.effects.effect import Column, Wanted
from av_grading.simulation.vein import Field

SHARE = 0.3
"""Of nicked crossings, those with banking."""
SWOLLEN = (0.08, 0.35)
"""By how much of its own width the vein is wider there."""
LENGTH = 2.0
"""Of the swelling (vein widths)."""


@dataclass(frozen=True)
class Banking:
    """How far a vein is swollen.

    Attributes:
        first, second: by how much of its own width it is wider, 0-0.6, on the side of the line's
            first and second arm.
        start: where the swelling begins, from the artery's edge (widths of the vein).
    """

    first: float = 0.0
    second: float = 0.0
    start: float = 1.5

    def __post_init__(self) -> None:
        for name in ("first", "second"):
            if not 0 <= getattr(self, name) <= 0.6:
                raise ValueError(f"{name}: expected 0 to 0.6, found {getattr(self, name)}")


class RandomBanking:
    """Now and then a swelling on one side of a nicked crossing, beyond its taper."""

    name = "banking"
    columns: tuple[Column, ...] = (
        Column("banking_first", "share", "By how much the vein is wider beyond, first arm."),
        Column("banking_second", "share", "The same on the second arm."),
    )

    def draw(self, rng: np.random.Generator, wanted: Wanted, window: CrossingWindow) -> Banking:
        """Draw a swelling, or none."""
        present, swollen = rng.random() < SHARE, float(rng.uniform(*SWOLLEN))
        sides = [i for i in (0, 1) if wanted.width[i] is not None]
        start = 0.7 * wanted.taper_vein_widths
        if not sides or not present:
            return Banking(start=start)
        side = sides[int(rng.integers(len(sides)))]
        first, second = (swollen if i == side else 0.0 for i in (0, 1))
        return Banking(first, second, start)

    def apply(self, window: CrossingWindow, amount: Banking) -> CrossingWindow:
        """The crossing with its vein swollen."""
        course = window.course
        width = course.width * self._widths(window, amount)
        return replace(window, course=replace(course, width=width))

    def truth(self, window: CrossingWindow, amount: Banking) -> dict[str, float]:
        """What was drawn."""
        return {"banking_first": amount.first, "banking_second": amount.second}

    @staticmethod
    def _widths(window: CrossingWindow, amount: Banking) -> Field:
        """Width of what it is there, along the vein."""
        way = window.beyond / (2 * window.vein.half_width) - amount.start
        swollen = np.where(window.course.along < 0, amount.first, amount.second)
        return np.asarray(1 + swollen * np.sin(np.pi * np.clip(way / LENGTH, 0, 1)) ** 2)
