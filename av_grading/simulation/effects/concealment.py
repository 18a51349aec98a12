"""A vein that is hidden beside the artery by its opaque wall, and pale where it comes out of it."""

from dataclasses import dataclass, replace

import numpy as np

from av_grading.simulation.crossing_window import CrossingWindow
from av_grading.simulation.effects.effect import Column, Wanted
from av_grading.simulation.vein import Field

GAP = (0.14, 0.40)
"""Between artery and vein where there is a gap (vein widths; adaptive optics: .14-.37)."""
GAP_SHARE = 0.6
"""Of veins that fade, those with a gap."""
SOFT = 0.7
"""Way over which a vein comes out of the gap (DRIVE px)."""


@dataclass(frozen=True)
class Concealment:
    """How far a vein is hidden.

    Attributes:
        first, second: share of its contrast that is lost at the artery's edge, or where the gap
            ends, 0-1, on the side of the line's first and second arm.
        vein_widths: way over which it comes back (widths of the vein).
        gap_first, gap_second: hidden altogether beside the artery (widths of the vein).
    """

    first: float = 0.0
    second: float = 0.0
    vein_widths: float = 2.0
    gap_first: float = 0.0
    gap_second: float = 0.0

    def __post_init__(self) -> None:
        for name in ("first", "second"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name}: expected 0 to 1, found {getattr(self, name)}")
        for name in ("gap_first", "gap_second"):
            if not 0 <= getattr(self, name) <= 2:
                raise ValueError(f"{name}: expected 0 to 2, found {getattr(self, name)}")
        if self.vein_widths <= 0:
            raise ValueError(f"vein_widths: expected more than 0, found {self.vein_widths}")


class RandomConcealment:
    """Concealments that leave the contrast that is wanted beside the artery."""

    name = "concealment"
    columns: tuple[Column, ...] = (
        Column("contrast_first", "share", "The vein's contrast beside the artery, first arm."),
        Column("contrast_second", "share", "The same on the second arm."),
        Column("gap_vein_widths", "vein widths", "The longer stretch without vein at the artery."),
    )

    def draw(self, rng: np.random.Generator, wanted: Wanted, window: CrossingWindow) -> Concealment:
        """Draw a concealment."""
        asked = float(rng.uniform(*GAP)) if rng.random() < GAP_SHARE else 0.0
        lost, gaps = [0.0, 0.0], [0.0, 0.0]
        length = wanted.taper_vein_widths
        for i, (side, kept) in enumerate(zip((-1, 1), wanted.contrast, strict=True)):
            if kept is None or kept >= 1:
                continue
            # No longer gap than leaves what is wanted.
            for gap in np.linspace(asked, 0, 9):
                bare, full = (
                    window.measured.mean_beside(
                        side, self._kept(window, Concealment(f, f, length, gap, gap))
                    )
                    for f in (0.0, 1.0)
                )
                if bare >= kept or gap == 0:
                    break
            lost[i] = float(np.clip((bare - kept) / max(bare - full, 1e-6), 0, 1))
            gaps[i] = float(gap)
        return Concealment(lost[0], lost[1], length, gaps[0], gaps[1])

    def apply(self, window: CrossingWindow, amount: Concealment) -> CrossingWindow:
        """The crossing with its vein hidden."""
        course = window.course
        contrast = course.contrast * self._kept(window, amount)
        return replace(window, course=replace(course, contrast=contrast))

    def truth(self, window: CrossingWindow, amount: Concealment) -> dict[str, float]:
        """Mean contrast beside the artery, as a share of the vein's own, and the longer gap."""
        kept = self._kept(window, amount)
        return {
            "contrast_first": window.measured.mean_beside(-1, kept),
            "contrast_second": window.measured.mean_beside(1, kept),
            "gap_vein_widths": max(amount.gap_first, amount.gap_second),
        }

    @staticmethod
    def _kept(window: CrossingWindow, amount: Concealment) -> Field:
        """Contrast of what it is there, along the vein."""
        width, first = 2 * window.vein.half_width, window.course.along < 0
        gap = np.where(first, amount.gap_first, amount.gap_second) * width
        lost = np.where(first, amount.first, amount.second)
        beyond = window.beyond - gap
        falling = 0.5 + 0.5 * np.cos(np.pi * np.clip(beyond / (amount.vein_widths * width), 0, 1))
        out = np.clip(0.5 + beyond / (SOFT * window.drive_px), 0, 1)
        seen = np.where(gap > 0, 0.5 - 0.5 * np.cos(np.pi * out), 1.0)
        return np.asarray(seen * (1 - lost * falling), np.float64)
