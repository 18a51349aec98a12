"""What is known of a screened photograph."""

from dataclasses import dataclass

from av_detectron import Prediction
from av_screening.crossing import Crossing

MAIN_VEIN = 2.5
"""A vein thinner than this (DRIVE px) does not count towards the eye: reading centres grade vessels
of first and second order (Hubbard 1999), and a close-up shows no profile of thinner ones."""


@dataclass(frozen=True, eq=False)
class Screened:
    """A screened photograph: what the detector found, and a record of each crossing.

    Attributes:
        found: the detector's answer: artery/vein map, field of view, optic disc.
        crossings: the highest score first.
        graders: names of the graders that were asked; empty for none.
        second_look: crossings were looked at close up, and can be not gradable.
        measured: names of the signs that were measured.
        flag_above: `severity` above which an eye is flagged.
    """

    found: Prediction
    crossings: list[Crossing]
    graders: tuple[str, ...] = ()
    second_look: bool = False
    measured: tuple[str, ...] = ()
    flag_above: float = 3.0

    @property
    def graded(self) -> list[Crossing]:
        """Crossings that have a grade."""
        return [crossing for crossing in self.crossings if crossing.decision is not None]

    def severity(self) -> float:
        """Expected grade, 0-3, at the graded crossing of a main vein where it is highest; 0 with
        none."""
        return max(
            (c.decision.expected for c in self.crossings if c.decision and has_main_vein(c)),
            default=0.0,
        )

    @property
    def flagged(self) -> bool:
        """Whether it is more severe than all but a few ordinary eyes."""
        return self.severity() > self.flag_above

    def order(self) -> list[int]:
        """Numbers of crossings by severity: expected grade, without grades severity index, then
        score; those that are not gradable come last."""

        def key(crossing: Crossing) -> tuple[float, float, float]:
            expected = crossing.decision.expected if crossing.decision else -1.0
            severity = crossing.value("caliber", "severity_index") or 0.0
            return -expected, -severity, -crossing.score

        return [crossing.number for crossing in sorted(self.crossings, key=key)]


def has_main_vein(crossing: Crossing) -> bool:
    """Whether the vein is not known to be thinner than `MAIN_VEIN`."""
    vessels = crossing.close_look.vessels
    return vessels is None or vessels.vein is None or vessels.vein_width >= MAIN_VEIN
