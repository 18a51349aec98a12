"""Whether a crossing can be graded at all, as reading centres see it, and if not, why.

They grade off the disc and its margin, where the artery lies above and the crossing is clear
(Hubbard 1999, ARIC; Wong and Mitchell 2004). What is clear is learned from readings: no width,
angle or gap in the map refuses a crossing by itself, since a vein that vanishes beside the artery
is the disease. Doubt about the grade is told beside it. Every reason is a code in `REASONS`; the
text that goes with it tells that crossing's own number.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


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
class ClearRule:
    """One probability that a crossing is clear, from what several networks say: a logistic
    regression on readings.

    It knows the expected grade, since a vein that vanishes looks less clear than others, and must
    not be refused for it. `command_line.fit_decision` fits it.

    Attributes:
        weights: of the log odds that a network gives, by its name.
        others: of the mean log odds of the networks that are not named, or of all networks where
            none of those was asked.
        grade: of the expected grade, the mean of all networks'.
        bias: what is added.
    """

    weights: Mapping[str, float] = field(hash=False)
    others: float
    grade: float
    bias: float

    def fits(self, asked: Mapping[str, float | None]) -> bool:
        """Whether these are the networks it was fitted to: the named ones and another."""
        return self.weights.keys() < asked.keys()

    def __call__(self, asked: Mapping[str, float | None], expected: float) -> float:
        """Probability, 0-1.

        Args:
            asked: the networks' own probabilities by name, at least one; None where one could not
                look.
            expected: grade, 0-3.

        >>> rule = ClearRule({"a": 1.0}, 1.0, 0.0, 0.0)
        >>> round(rule({"a": 0.5, "b": 0.7}, 1.0), 3)
        0.7
        """
        odds = {name: log_odds(UNSEEN if p is None else p) for name, p in asked.items()}
        rest = [value for name, value in odds.items() if name not in self.weights]
        rest = rest or list(odds.values())
        total = self.bias + self.grade * expected + self.others * sum(rest) / len(rest)
        total += sum(weight * odds[name] for name, weight in self.weights.items())
        return 1 / (1 + math.exp(-total))


UNSEEN = 0.1
"""Probability that a network gives of a crossing that it cannot look at: most are not clear."""
_SUREST = 1e-3  # probabilities nearer to 0 or 1 are taken for this


def log_odds(probability: float) -> float:
    """Of a probability, 0-1; at most some 7 either way."""
    inner = min(max(probability, _SUREST), 1 - _SUREST)
    return math.log(inner / (1 - inner))


CLEAR = ClearRule(
    {"reading_strip": 0.509, "reading_head": 0.518}, others=0.409, grade=0.544, bias=-0.448
)
"""Of the shipped networks."""


ABOVE_WEIGHTS = {"reading_strip": 3.0}
"""How much a shipped network's answer counts in which vessel is above, 1 unless it is named: along
the straightened vein the artery's walls are seen to go on, or not (results/tried.md)."""


@dataclass(frozen=True)
class GradableRule:
    """What a crossing has to be like.

    Attributes:
        least_artery_above: probability that the artery lies above the vein.
        least_clear: probability that the crossing is read as clear.
        least_disc_distance: from the disc's centre (disc diameters): the disc ends at 0.5.
        least_edge_distance: from where the field of view ends (DRIVE px): a vein is compared with
            itself on both sides.
        clear: how that probability follows from what networks say, where these are the ones that
            the rule was fitted to; of others it is their mean.
        above_weights: how much a network's answer counts in the probability that the artery lies
            above, 1 for those that are not named.
    """

    least_artery_above: float = 0.3
    least_clear: float = 0.64
    least_disc_distance: float = 0.6
    least_edge_distance: float = 12.0
    clear: ClearRule = CLEAR
    above_weights: Mapping[str, float] = field(
        default_factory=lambda: dict(ABOVE_WEIGHTS), hash=False
    )

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
