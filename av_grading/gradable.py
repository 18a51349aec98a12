"""Whether a crossing can be graded at all, as reading centres see it, and if not, why.

They grade where both vessels go through, off the disc and its margin, the artery above, the vein
wide enough to lose width visibly, the picture sharp; everything else is left out (Hubbard 1999,
ARIC; Wong and Mitchell 2004). Every reason is a code in `REASONS`; the text that goes with it tells
that crossing's own number.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from av_grading.vessels.crossing_vessels import CrossingVessels


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
        Reason("no_artery", "{}", "the artery cannot be followed through the crossing"),
        Reason("no_vein", "{}", "the vein cannot be followed through the crossing"),
        Reason("shallow", "shallow angle: {:.0f} degrees", "the vessels meet at a shallow angle"),
        Reason("thin_vein", "thin vein: {:.1f} DRIVE px", "the vein has little width to lose"),
        Reason("thin_artery", "thin artery: {:.1f} DRIVE px", "the artery is too thin to press"),
        Reason(
            "vein_above",
            "vein above the artery: probability {:.2f}",
            "the vein lies above the artery",
        ),
        Reason(
            "unclear",
            "unclear: readers would grade it with probability {:.2f}",
            "readers would not grade it",
        ),
        Reason(
            "in_doubt",
            "in doubt: the grade has a standard deviation of {:.2f}",
            "the grades that it could have lie too far apart",
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
        vessels: that cross.
        artery_above: probability that the artery lies above the vein, 0-1; None where it is not
            known.
        clear: probability that readers would grade it, 0-1; None where it is not known.
        disc_distance: from the disc's centre (disc diameters); None without a disc.
        edge_distance: from where the field of view ends (DRIVE px); None where that is not known.
    """

    vessels: "CrossingVessels"
    artery_above: float | None = None
    clear: float | None = None
    disc_distance: float | None = None
    edge_distance: float | None = None


@dataclass(frozen=True)
class GradableRule:
    """What a crossing has to be like.

    Attributes:
        least_angle: between artery and vein (degrees).
        least_vein_width: (DRIVE px).
        least_artery_width: (DRIVE px).
        least_artery_above: probability that the artery lies above the vein.
        least_probability: that readers would grade it.
        least_disc_distance: from the disc's centre (disc diameters): the disc ends at 0.5.
        most_doubt: standard deviation of the grade, were all grades equally common: in more doubt
            readers would call it questionable.
        least_edge_distance: from where the field of view ends (DRIVE px): a vein is compared with
            itself on both sides.
    """

    least_angle: float = 25.0
    least_vein_width: float = 2.5
    least_artery_width: float = 1.5
    least_artery_above: float = 0.5
    least_probability: float = 0.5
    least_disc_distance: float = 0.6
    most_doubt: float = 0.88
    least_edge_distance: float = 12.0

    def why_not(self, known: KnownOfCrossing) -> NotGradable | None:
        """The first reason, in the order of `CHECKS`, for which a crossing is not gradable; None
        where it is."""
        for code, check in CHECKS.items():
            detail = check(known, self)
            if detail is not None:
                return NotGradable(code, detail)
        return None

    def why_doubtful(self, doubt: float) -> NotGradable | None:
        """The reason for which a graded crossing loses its grade; None where it keeps it.

        Args:
            doubt: standard deviation of the grade, were all grades equally common.
        """
        return NotGradable("in_doubt", doubt) if doubt > self.most_doubt else None


Check = Callable[[KnownOfCrossing, GradableRule], float | str | None]
"""What stands against grading a crossing, as the reason's text tells it; None for nothing."""


def _below(value: float | None, least: float) -> float | None:
    return value if value is not None and value < least else None


def _disc(known: KnownOfCrossing, rule: GradableRule) -> float | None:
    return _below(known.disc_distance, rule.least_disc_distance)


def _edge(known: KnownOfCrossing, rule: GradableRule) -> float | None:
    return _below(known.edge_distance, rule.least_edge_distance)


def _no_artery(known: KnownOfCrossing, rule: GradableRule) -> str | None:
    return known.vessels.why if known.vessels.artery is None else None


def _no_vein(known: KnownOfCrossing, rule: GradableRule) -> str | None:
    return known.vessels.why if known.vessels.vein is None else None


def _shallow(known: KnownOfCrossing, rule: GradableRule) -> float | None:
    return _below(known.vessels.angle, rule.least_angle)


def _thin_vein(known: KnownOfCrossing, rule: GradableRule) -> float | None:
    return _below(known.vessels.vein_width, rule.least_vein_width)


def _thin_artery(known: KnownOfCrossing, rule: GradableRule) -> float | None:
    return _below(known.vessels.artery_width, rule.least_artery_width)


def _vein_above(known: KnownOfCrossing, rule: GradableRule) -> float | None:
    low = _below(known.artery_above, rule.least_artery_above)
    return None if low is None else 1 - low


def _unclear(known: KnownOfCrossing, rule: GradableRule) -> float | None:
    return _below(known.clear, rule.least_probability)


CHECKS: dict[str, Check] = {
    "disc": _disc,
    "edge": _edge,
    "no_artery": _no_artery,
    "no_vein": _no_vein,
    "shallow": _shallow,
    "thin_vein": _thin_vein,
    "thin_artery": _thin_artery,
    "vein_above": _vein_above,
    "unclear": _unclear,
}
"""What is looked at before grading, by the reason's code; the first that fails is told."""
