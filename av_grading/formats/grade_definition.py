"""From how far a vein is pressed on either side of an artery to a grade: the study's definition.

0 none; 1 mild, pressed on one side of the crossing; 2 moderate, still one side; 3 severe, pressed
on both sides.
"""

from dataclasses import dataclass

GRADES = (0, 1, 2, 3)
"""All that there are."""
MEANING = {0: "none", 1: "mild, one side", 2: "moderate, one side", 3: "severe, both sides"}
"""Of each, in a few words."""


@dataclass(frozen=True)
class Thresholds:
    """Widths as shares of the vein's own below which a side counts.

    Attributes:
        pressed: a side is pressed when its width is less than this.
        moderate: one pressed side is moderate when its width is less than this.
    """

    pressed: float = 0.85
    moderate: float = 0.60

    def grade(self, first: float, second: float) -> int:
        """Grade of the widths on both sides.

        Examples:
            >>> [Thresholds().grade(*r) for r in ((1, 0.9), (0.7, 1), (1, 0.5), (0.8, 0.8))]
            [0, 1, 2, 3]
        """
        narrower, wider = min(first, second), max(first, second)
        if wider < self.pressed:
            return 3
        if narrower < self.moderate:
            return 2
        return int(narrower < self.pressed)
