"""From how far a vein is pressed to a grade, and back: the study's definition.

0 none; 1 mild, pressed on one side of the crossing; 2 moderate, still one side; 3 severe, pressed
on both sides.
"""

from dataclasses import dataclass

import numpy as np

from av_grading.simulation.squeeze import Squeeze


@dataclass(frozen=True)
class GradeRule:
    """Thresholds between grades, as shares of the vein's own width.

    Attributes:
        pressed: a side is pressed when its width is less than this.
        moderate: one pressed side is moderate when its width is less than this.
    """

    pressed: float = 0.85
    moderate: float = 0.60

    def __post_init__(self) -> None:
        if not 0.2 < self.moderate < self.pressed < 1:
            raise ValueError(
                f"expected 0.2 < moderate < pressed < 1, found moderate {self.moderate}, "
                f"pressed {self.pressed}"
            )

    def grade(self, first: float, second: float) -> int:
        """Grade of the widths on both sides.

        >>> [GradeRule().grade(*r) for r in ((1, 0.9), (0.7, 1), (1, 0.5), (0.8, 0.8))]
        [0, 1, 2, 3]
        """
        narrower, wider = min(first, second), max(first, second)
        if wider < self.pressed:
            return 3
        if narrower < self.moderate:
            return 2
        return int(narrower < self.pressed)


MARGIN = 0.03
"""Drawn widths stay this far from a threshold: no reader could tell them apart."""
NARROWEST = 0.35
LENGTH = (6.0, 12.0)
"""Shortest and longest narrowing (DRIVE px)."""


def draw_squeeze(rng: np.random.Generator, grade: int, rule: GradeRule) -> Squeeze:
    """Draw a squeeze of a grade: widths evenly within the grade, on either side.

    Half of grade 0 are crossings as they are, so that moving pixels is no sign of nicking.
    """
    length = float(rng.uniform(*LENGTH))
    free = float(rng.uniform(rule.pressed + MARGIN, 1.0))
    if grade == 0:
        if rng.random() < 0.5:
            return Squeeze(1.0, 1.0, length)
        return Squeeze(free, float(rng.uniform(rule.pressed + MARGIN, 1.0)), length)
    if grade == 3:
        both = rng.uniform(NARROWEST, rule.pressed - MARGIN, 2)
        return Squeeze(float(both[0]), float(both[1]), length)
    low, high = (rule.moderate, rule.pressed) if grade == 1 else (NARROWEST, rule.moderate)
    pressed = float(rng.uniform(low + (MARGIN if grade == 1 else 0), high - MARGIN))
    return Squeeze(pressed, free, length) if rng.random() < 0.5 else Squeeze(free, pressed, length)
