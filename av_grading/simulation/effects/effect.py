"""What every effect has: it draws its amounts, applies them, and says what is true afterwards."""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from av_grading.simulation.crossing_window import CrossingWindow
from av_grading.simulation.grades import GradeRule


@dataclass(frozen=True)
class Column:
    """A column of truth.

    Attributes:
        name: with the unit where there is one.
        unit: in words; "share" where there is none.
        meaning: one sentence.
    """

    name: str
    unit: str
    meaning: str


@dataclass(frozen=True)
class Wanted:
    """What a draw is to come to, which its effects share among them.

    Attributes:
        grade: 0-3.
        rule: thresholds between grades.
        alone: only the protocol's first effect is drawn, the others leave the crossing as it is.
        width, contrast: that the vein is to keep beside the artery on the side of the first and
            second arm, of what it has there; None on a side that is to stay healthy.
        taper_vein_widths: way over which it comes back.
        above: the vessel that is to lie above, `ARTERY` or `VEIN`; None where that is not drawn.
        earlier: amounts of the effects before.
    """

    grade: int
    rule: GradeRule
    alone: bool = False
    width: tuple[float | None, float | None] = (None, None)
    contrast: tuple[float | None, float | None] = (None, None)
    taper_vein_widths: float = 2.0
    above: int | None = None
    earlier: tuple[Any, ...] = ()


class Effect(Protocol):
    """One thing that nicking does to a crossing.

    Attributes:
        name: of the effect.
        columns: what is true of a crossing after it.
    """

    name: str
    columns: tuple[Column, ...]

    def draw(self, rng: np.random.Generator, wanted: Wanted, window: CrossingWindow) -> Any:
        """Draw amounts, frozen."""

    def apply(self, window: CrossingWindow, amount: Any) -> CrossingWindow:
        """The crossing afterwards; an effect on the vein's course changes that, and what changes
        pixels the pixels."""

    def truth(self, window: CrossingWindow, amount: Any) -> dict[str, float]:
        """Values of `columns`, of the crossing before the effect."""
