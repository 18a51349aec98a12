"""Grades to be simulated: the thresholds between them, and squeezes drawn within them.

`GradeRule`'s defaults are the definition of a grade, `formats/grade_definition.py`, which caliber
grades share; other numbers there change the simulation alone.
"""

from dataclasses import dataclass, replace

import numpy as np

from av_grading.formats.grade_definition import Thresholds
from av_grading.simulation.fading import Fading
from av_grading.simulation.squeeze import Squeeze


@dataclass(frozen=True)
class GradeRule(Thresholds):
    """Thresholds that leave room for a squeeze of every grade; by default the definition's."""

    pressed: float = Thresholds.pressed
    moderate: float = Thresholds.moderate

    def __post_init__(self) -> None:
        if not 0.2 < self.moderate < self.pressed < 1:
            raise ValueError(
                f"expected 0.2 < moderate < pressed < 1, found moderate {self.moderate}, "
                f"pressed {self.pressed}"
            )


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


MOST_FADED = (0.2, 0.5, 0.9, 0.9)
"""Greatest share of its contrast that a vein loses on a pressed side, by grade: real nicking fades
a vein as it narrows it. On sides that are not pressed it is grade 0's."""


def draw_nicking(rng: np.random.Generator, grade: int, rule: GradeRule) -> tuple[Squeeze, Fading]:
    """Draw nicking of a grade as patients have it: narrowing with fading, now and then with a
    swelling beyond it or bent aside.

    A healthy crossing (grade 0) may fade a little or be bent, as unpressed veins are.
    """
    amount = draw_squeeze(rng, grade, rule)
    shares = [
        float(rng.uniform(0, MOST_FADED[grade if width < rule.pressed else 0]))
        for width in (amount.first, amount.second)
    ]
    fading = Fading(shares[0], shares[1], float(rng.uniform(3.0, 9.0)))
    swelling = float(rng.uniform(0, 0.3)) if rng.random() < 0.3 else 0.0
    bent = float(rng.uniform(-1.5, 1.5)) if rng.random() < 0.3 else 0.0
    return replace(amount, swelling=swelling, deflection=bent), fading
