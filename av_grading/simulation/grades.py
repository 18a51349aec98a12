"""Grades to be simulated: the thresholds between them.

`GradeRule`'s defaults are the definition of a grade, `formats/grade_definition.py`, which caliber
grades share; other numbers there change the simulation alone.
"""

from dataclasses import dataclass

from av_grading.formats.grade_definition import Thresholds


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
