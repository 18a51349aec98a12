"""From probabilities to a grade, in one place: weights of the members, prevalence, doubt, rounding.

    decision = decide({"fine": fine, "sign_strip": strip}, DecisionRule({"sign_strip": 0.8}))
    decision.grade, decision.expected, decision.doubt

A member is whatever gives probabilities of the grades 0-3 that take all grades to be equally
common: a grader, the sign strip. `screen`, `grade`, `evaluate` and trainings decide here.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from av_grading.formats.grade_definition import GRADES

Array = NDArray[np.float64]
Prevalence = tuple[float, float, float, float]

EQUAL: Prevalence = (0.25, 0.25, 0.25, 0.25)
"""Prevalence of the grades that members have learned from."""
SIGN_STRIP = "sign_strip"
"""The sign strip's name as a member."""
IN_USE: Prevalence = (0.55, 0.15, 0.15, 0.15)
"""Grades are rarer than what graders have learned from. How rare depends on who is photographed
(2-8 % of people in populations have nicking at all: Beaver Dam, ARIC, CHS); this was chosen on 31
photographs held back from training, where 6 % of ordinary gradable crossings get one above 0."""


@dataclass(frozen=True)
class DecisionRule:
    """How members' probabilities become a grade.

    Attributes:
        weights: of members by name, above 0; those that are not named share what is left to one
            equally. A name that no member has is passed over: the weights of the others are
            brought to a sum of one.
        prevalence: how common the grades 0-3 are taken to be, four shares above 0 that sum to one;
            probabilities are brought to it by Bayes' rule.
        stretch: expected grades are spread about `center` by this factor, see `spread_out`:
            regression draws them together. 1 leaves them as they are.
        center: the grade that `stretch` leaves where it is.

    Raises:
        ValueError: a value that is none of these; says which, what was expected and found.
    """

    weights: Mapping[str, float] = field(default_factory=dict, hash=False)
    prevalence: Prevalence = EQUAL
    stretch: float = 1.0
    center: float = 1.5

    def __post_init__(self) -> None:
        if len(self.prevalence) != len(GRADES) or (
            min(self.prevalence) <= 0 or abs(sum(self.prevalence) - 1) > 1e-6
        ):
            raise ValueError(
                "prevalence: expected four shares above 0 that sum to one, found "
                f"{', '.join(map(str, self.prevalence))}"
            )
        for name, weight in self.weights.items():
            if not 0 < weight <= 1:
                raise ValueError(f"weights: {name}: expected above 0 to 1, found {weight:g}")
        if not 0 < self.center < GRADES[-1]:
            raise ValueError(f"center: expected between 0 and 3, found {self.center:g}")
        if not self.stretch > 0:
            raise ValueError(f"stretch: expected above 0, found {self.stretch:g}")

    def weights_of(self, members: Iterable[str]) -> dict[str, float]:
        """Weight of each member; they sum to one.

        Raises:
            ValueError: no members, or the named ones leave nothing to the others.
        """
        names = list(members)
        if not names:
            raise ValueError("expected members that give probabilities, found none")
        own = {name: self.weights[name] for name in names if name in self.weights}
        others = [name for name in names if name not in own]
        rest = 1 - sum(own.values())
        if others and rest <= 1e-9:
            raise ValueError(
                f"weights: expected less than one in all, so that {', '.join(others)} count too, "
                f"found {sum(own.values()):g}"
            )
        own |= {name: rest / len(others) for name in others}
        total = sum(own.values())
        return {name: own[name] / total for name in names}


QUESTIONABLE = 0.88
"""Standard deviation of a grade above which the answer is questionable, whatever the grade."""
SHIPPED = DecisionRule({"reading_strip": 0.5, "reading_head": 0.2}, stretch=2.0, center=0.7)
"""How the shipped networks decide: the straightened vein, the reading head, and what is left to the
two-stream grader. Chosen on photographs left out, see `av_grading.command_line.fit_decision`."""


@dataclass(frozen=True)
class Decided:
    """The decision at one crossing; attributes as `Decision`."""

    probabilities: Array
    expected: float
    grade: int
    doubt: float
    spread: float | None

    @property
    def answer(self) -> str:
        """As a reading centre's form has it: absent, questionable or present."""
        if self.doubt > QUESTIONABLE:
            return "questionable"
        return "present" if self.grade > 0 else "absent"


@dataclass(frozen=True)
class Decision:
    """The decisions at N crossings.

    Attributes:
        probabilities: of the grades under the rule's prevalence, (N, 4); rows sum to one.
        expected: mean grade under these, spread by the rule's `stretch`, (N,), 0-3.
        grade: the expected grade, rounded (see `round_grade`), (N,), 0-3.
        doubt: standard deviation of the grade, all grades taken to be equally common, (N,).
        spread: standard deviation of the expected grade between members, (N,); None with one.
    """

    probabilities: Array
    expected: Array
    grade: NDArray[np.int64]
    doubt: Array
    spread: Array | None

    def of(self, number: int) -> Decided:
        """The decision at one crossing."""
        return Decided(
            self.probabilities[number],
            float(self.expected[number]),
            int(self.grade[number]),
            float(self.doubt[number]),
            None if self.spread is None else float(self.spread[number]),
        )


def decide(
    members: Mapping[str, Array], rule: DecisionRule, spread_of: Sequence[str] | None = None
) -> Decision:
    """Decide on the grades of N crossings.

    Args:
        members: probabilities of the grades by member, (N, 4) each, grades taken to be equally
            common. Where a member says nothing its row is NaN, and the others share its weight.
        rule: weights, prevalence and stretch.
        spread_of: members whose `spread` is told; all by default.

    Raises:
        ValueError: no members, their shapes differ, or none says anything of a crossing.

    >>> sure, unsure = np.array([[0, 0, 0, 1.0]]), np.full((1, 4), 0.25)
    >>> decide({"a": sure, "b": unsure}, DecisionRule({"a": 0.9})).grade.tolist()
    [3]
    """
    shapes = {name: np.shape(shares) for name, shares in members.items()}
    if any(len(s) != 2 or s[1] != len(GRADES) for s in shapes.values()) or (
        len(set(shapes.values())) > 1
    ):
        raise ValueError(f"members: expected probabilities (N, 4) of the same N, found {shapes}")
    weights = rule.weights_of(members)
    each = np.stack([np.asarray(members[name], float) for name in weights])  # (members, N, 4)
    known = np.isfinite(each).all(axis=2)
    if not known.any(axis=0).all():
        row = int(np.flatnonzero(~known.any(axis=0))[0])
        raise ValueError(f"members: row {row}: expected probabilities of one at least, found none")
    share = known * np.array(list(weights.values()))[:, None]  # (members, N)
    share = share / share.sum(axis=0)
    equal = (share[..., None] * np.where(known[..., None], each, 0)).sum(axis=0)
    off = np.arange(len(GRADES)) - expected_grade(equal)[:, None]
    doubt = np.sqrt((off**2 * equal).sum(axis=1))
    common = equal * np.asarray(rule.prevalence)
    probabilities = common / common.sum(axis=1, keepdims=True)
    expected = expected_grade(probabilities)
    expected = spread_out(expected, rule.stretch, rule.center)
    told = [members[name] for name in (members if spread_of is None else spread_of)]
    spread = np.nanstd([expected_grade(p) for p in told], axis=0) if len(told) > 1 else None
    return Decision(probabilities, expected, round_grade(expected), doubt, spread)


def spread_out(expected: Array, stretch: float, center: float) -> Array:
    """Expected grades, (N,), spread about a center: by the factor `stretch` near it, less and less
    towards 0 and 3, which stay, so that no two grades become the same.

    >>> spread_out(np.array([0.0, 0.5, 1.0, 2.0, 3.0]), 2.0, 1.0).tolist()
    [0.0, 0.25, 1.0, 2.5, 3.0]
    """
    most = GRADES[-1]
    below = center * (np.minimum(expected, center) / center) ** stretch
    above = (most - center) * ((most - np.maximum(expected, center)) / (most - center)) ** stretch
    return np.where(expected <= center, below, most - above)


def expected_grade(probabilities: Array) -> Array:
    """Mean grade of probabilities (..., 4): (...), 0-3."""
    return np.asarray(probabilities @ np.arange(probabilities.shape[-1]))


def round_grade(expected: Array) -> NDArray[np.int64]:
    """Grades of expected grades, (N,): rounded, halves up.

    That has the least expected squared error, by which quadratic kappa judges too; the likeliest
    grade would be 0 as long as 0 is likelier than each of the others.

    >>> round_grade(np.array([0.49, 0.5, 2.5])).tolist()
    [0, 1, 3]
    """
    return np.floor(np.asarray(expected) + 0.5).astype(np.int64)


def grade_of(probabilities: Array) -> NDArray[np.int64]:
    """Grades of probabilities (N, 4) as they are, (N,): the expected grade, rounded."""
    return round_grade(expected_grade(probabilities))


def member_names(paths: Sequence[Path]) -> list[str]:
    """Names of members for their files: the stem, with as many folders as tell it from the others.

    >>> member_names([Path("a/fold0/grader.st"), Path("a/fold1/grader.st"), Path("a/other.st")])
    ['fold0/grader', 'fold1/grader', 'other']
    """
    names = []
    for number, path in enumerate(paths):
        parts = path.with_suffix("").parts
        others = [p.with_suffix("").parts for i, p in enumerate(paths) if i != number]
        count = 1
        while count < len(parts) and any(o[-count:] == parts[-count:] for o in others):
            count += 1
        name = "/".join(parts[-count:])
        names.append(name if name not in names else f"{name} ({number + 1})")
    return names
