"""Whether a crossing can be graded at all, as reading centres see it, and if not, why.

They grade off the disc and its margin, where the artery lies above and the crossing is clear
(Hubbard 1999, ARIC; Wong and Mitchell 2004). What is clear is learned from readings: no width,
angle or gap in the map refuses a crossing by itself, since a vein that vanishes beside the artery
is the disease. Doubt about the grade is told beside it. Every reason is a code in `REASONS`; the
text that goes with it tells that crossing's own number.
"""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Reason:
    """A reason for which crossings are not gradable.

    Attributes:
        code: one word, as tables and programs know it; it never changes.
        text: what people read, with a place for the crossing's own number or words.
        meaning: one line, for docs/FORMATS.md.
    """

    code: str
    text: str
    meaning: str


REASONS = {
    reason.code: reason
    for reason in (
        Reason(
            "disc",
            "on the disc or its margin: {:.2f} disc diameters from its centre",
            "on the optic disc or its margin",
        ),
        Reason(
            "edge",
            "at the edge of the field: {:.0f} DRIVE px from it",
            "too near to where the field of view ends",
        ),
        Reason(
            "vein_above",
            "vein above the artery: probability {:.2f}",
            "the vein lies above the artery",
        ),
        Reason(
            "unclear",
            "not clear: read as clear with probability {:.2f}",
            "not clear enough to be read as gradable",
        ),
    )
}
"""By code: all reasons, in the order in which they are looked at."""


@dataclass(frozen=True)
class NotGradable:
    """Why one crossing is not gradable.

    Attributes:
        code: of `REASONS`.
        detail: that crossing's own number or words.
    """

    code: str
    detail: float | str

    @property
    def text(self) -> str:
        """What people read."""
        return REASONS[self.code].text.format(self.detail)


@dataclass(frozen=True)
class KnownOfCrossing:
    """What is known of a crossing before it is graded.

    Attributes:
        artery_above: probability that the artery lies above the vein, 0-1; None where it is not
            known.
        clear: probability that the crossing is read as clear, 0-1; None where it is not known.
        disc_distance: from the disc's centre (disc diameters); None without a disc.
        edge_distance: from where the field of view ends (DRIVE px); None where that is not known.
    """

    artery_above: float | None = None
    clear: float | None = None
    disc_distance: float | None = None
    edge_distance: float | None = None


@dataclass(frozen=True)
class GradableRule:
    """What a crossing has to be like.

    Attributes:
        least_artery_above: probability that the artery lies above the vein.
        least_clear: probability that the crossing is read as clear.
        least_disc_distance: from the disc's centre (disc diameters): the disc ends at 0.5.
        least_edge_distance: from where the field of view ends (DRIVE px): a vein is compared with
            itself on both sides.
    """

    least_artery_above: float = 0.3
    least_clear: float = 0.63
    least_disc_distance: float = 0.6
    least_edge_distance: float = 12.0

    def why_not(self, known: KnownOfCrossing) -> NotGradable | None:
        """The first reason, in the order of `CHECKS`, for which a crossing is not gradable; None
        where it is."""
        for code, check in CHECKS.items():
            detail = check(known, self)
            if detail is not None:
                return NotGradable(code, detail)
        return None


Check = Callable[[KnownOfCrossing, GradableRule], float | str | None]
"""What stands against grading a crossing, as the reason's text tells it; None for nothing."""


def _below(value: float | None, least: float) -> float | None:
    return value if value is not None and value < least else None


def _disc(known: KnownOfCrossing, rule: GradableRule) -> float | None:
    return _below(known.disc_distance, rule.least_disc_distance)


def _edge(known: KnownOfCrossing, rule: GradableRule) -> float | None:
    return _below(known.edge_distance, rule.least_edge_distance)


def _vein_above(known: KnownOfCrossing, rule: GradableRule) -> float | None:
    low = _below(known.artery_above, rule.least_artery_above)
    return None if low is None else 1 - low


def _unclear(known: KnownOfCrossing, rule: GradableRule) -> float | None:
    return _below(known.clear, rule.least_clear)


CHECKS: dict[str, Check] = {
    "disc": _disc,
    "edge": _edge,
    "vein_above": _vein_above,
    "unclear": _unclear,
}
"""What is looked at before grading, by the reason's code; the first that fails is told."""
