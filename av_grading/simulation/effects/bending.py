"""A vein that changes its course at the crossing (Salus): drawn aside, in a bow.

Both arms are drawn to the same side and meet under the artery, so that there is no sideways step.
"""

from dataclasses import dataclass, replace

import numpy as np

from av_grading.simulation.crossing_window import CrossingWindow
from av_grading.simulation.darkness import MOST_ASIDE
from av_grading.simulation.effects.effect import Column, Wanted
from av_grading.simulation.vein import Field, dense_line

SHARE = (0.1, 0.25, 0.45, 0.45)
"""Of crossings that are bent more than they are by nature, by grade."""
SHIFT = (0.7, 2.2)
"""How far aside (DRIVE px)."""
LENGTH = (8.0, 14.0)
"""Way over which it comes back to its course, beyond the artery's edge (DRIVE px)."""
COURSE = 6.0
"""Way beside the artery over which a course is told (DRIVE px)."""


@dataclass(frozen=True)
class Bending:
    """How far a vein is bent.

    Attributes:
        shift: how far its middle is drawn aside at the crossing (DRIVE px; the sign says to which
            side).
        length: way over which it comes back, beyond the artery's edge (DRIVE px).
    """

    shift: float = 0.0
    length: float = 10.0

    def __post_init__(self) -> None:
        if abs(self.shift) > MOST_ASIDE:
            raise ValueError(
                f"shift: expected {-MOST_ASIDE:g} to {MOST_ASIDE:g} DRIVE px, found {self.shift}"
            )
        if self.length <= 0:
            raise ValueError(f"length: expected more than 0 DRIVE px, found {self.length}")


class RandomBending:
    """Bows to either side, the more often the higher the grade."""

    name = "bending"
    columns: tuple[Column, ...] = (
        Column("bend_degrees", "degrees", "Angle between the vein's courses on both sides."),
        Column("shift_drive_px", "DRIVE px", "How far the vein is drawn aside at the crossing."),
    )

    def draw(self, rng: np.random.Generator, wanted: Wanted, window: CrossingWindow) -> Bending:
        """Draw a bow, or none."""
        present = rng.random() < SHARE[wanted.grade]
        shift = float(rng.uniform(*SHIFT)) * float(rng.choice((-1, 1)))
        return Bending(shift if present else 0.0, float(rng.uniform(*LENGTH)))

    def apply(self, window: CrossingWindow, amount: Bending) -> CrossingWindow:
        """The crossing with its vein bent."""
        course = window.course
        aside = course.aside + self._aside(window, amount)
        return replace(window, course=replace(course, aside=aside))

    def truth(self, window: CrossingWindow, amount: Bending) -> dict[str, float]:
        """Angle between the courses afterwards, 0 straight on, and how far it was drawn."""
        points, along, normals = dense_line(window.vein.line)
        aside = np.interp(along, window.course.along, self._aside(window, amount))
        beyond = np.interp(along, window.course.along, window.beyond)
        drawn = points + aside[:, None] * normals
        ways = []
        for side in (-1, 1):
            near = (side * along > 0) & (beyond >= 0) & (beyond <= COURSE * window.drive_px)
            part = drawn[near][::side]
            ways.append(part[-1] - part[0])
        cosine = -float(ways[0] @ ways[1]) / float(
            np.linalg.norm(ways[0]) * np.linalg.norm(ways[1])
        )
        degrees = float(np.degrees(np.arccos(np.clip(cosine, -1, 1))))
        return {"bend_degrees": degrees, "shift_drive_px": abs(amount.shift)}

    @staticmethod
    def _aside(window: CrossingWindow, amount: Bending) -> Field:
        """How far aside along the vein (px)."""
        along, beyond = window.course.along, window.beyond
        covered = np.abs(along) - beyond
        reach = covered + amount.length * window.drive_px
        share = np.clip(np.abs(along) / np.maximum(reach, 1e-6), 0, 1)
        bow = 0.5 + 0.5 * np.cos(np.pi * share)
        return np.asarray(amount.shift * window.drive_px * bow, np.float64)
