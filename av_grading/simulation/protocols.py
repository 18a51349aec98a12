"""Protocols: named lists of effects, and at which crossings they may be drawn.

`PROTOCOLS` has them by name, so that what is trained on, what is tested and what a figure was made
with is one word.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from av_grading.formats.errors import NotMeasurable
from av_grading.formats.grade_definition import GRADES
from av_grading.simulation.crossing_window import CrossingWindow
from av_grading.simulation.effects.banking import RandomBanking
from av_grading.simulation.effects.bending import RandomBending
from av_grading.simulation.effects.concealment import RandomConcealment
from av_grading.simulation.effects.effect import Column, Effect, Wanted
from av_grading.simulation.effects.fading import RandomFading
from av_grading.simulation.effects.order import RandomOrder
from av_grading.simulation.effects.squeeze import RandomSqueeze
from av_grading.simulation.effects.taper import LEAST, RandomTaper
from av_grading.simulation.grades import MARGIN, GradeRule

LEAST_ARTERY = 1 / 3
"""An artery presses a vein where it is at least this share of the vein's width."""
NATURAL = (0.88, 1.25)
"""What is seen of a vein that can be nicked, beside the artery, as a share of its own: less is
pressed as it is, more branches or has another vessel beside it."""
FAINTEST = 0.08
"""Least that is left to see of a nicked vein beside the artery."""
PURE = (0.3, 0.2)
"""Shares of nicked crossings that are narrowed alone and hidden alone; the others are both."""
TAPER = (1.0, 3.0)
"""Way over which a nicked vein comes back (vein widths)."""
_TRIES = 40


@dataclass(frozen=True)
class Drawn:
    """What is to be done to a crossing.

    Attributes:
        protocol: it was drawn by.
        grade: that comes of it.
        amounts: of each effect of the protocol.
    """

    protocol: "Protocol"
    grade: int
    amounts: tuple[Any, ...]

    def apply(self, window: CrossingWindow) -> CrossingWindow:
        """The crossing after all effects."""
        for effect, amount in zip(self.protocol.effects, self.amounts, strict=True):
            window = effect.apply(window, amount)
        return window.redrawn()

    def truth(self, window: CrossingWindow) -> dict[str, float]:
        """Values of the protocol's columns, of the crossing as it is before."""
        values: dict[str, float] = {}
        asked = window
        for effect, amount in zip(self.protocol.effects, self.amounts, strict=True):
            values |= effect.truth(window, amount)
            asked = effect.apply(asked, amount) if self.protocol.visible else asked
        if self.protocol.visible:
            first, second = visible_widths(asked)
            values = {"visible_first": first, "visible_second": second, **values}
        return values

    def shares(self, window: CrossingWindow) -> tuple[float, float]:
        """What the grade was told from: of either side, as a share of the vein's own."""
        values = self.truth(window)
        name = "visible" if self.protocol.visible else "ratio"
        return values[f"{name}_first"], values[f"{name}_second"]


Want = Callable[[np.random.Generator, int, GradeRule], Wanted]


@dataclass(frozen=True)
class Protocol:
    """A named list of effects.

    Attributes:
        name: of it.
        meaning: one sentence.
        effects: in the order in which they are drawn and applied.
        want: draws what a draw of a grade is to come to.
        visible: truth is what is left to see of the vein, its width times its contrast; else its
            width.
        rule: thresholds between grades.
    """

    name: str
    meaning: str
    effects: tuple[Effect, ...]
    want: Want
    visible: bool = False
    rule: GradeRule = field(default_factory=GradeRule)

    @property
    def columns(self) -> tuple[Column, ...]:
        """Columns of truth."""
        own = VISIBLE if self.visible else ()
        return (*own, *(column for effect in self.effects for column in effect.columns))

    def prepare(self, window: CrossingWindow) -> CrossingWindow:
        """A crossing, ready for its effects.

        Raises:
            NotMeasurable: they may not be drawn there; says why.
        """
        if not self.visible:
            return window
        artery, vein = window.artery.half_width, window.vein.half_width
        if artery < LEAST_ARTERY * vein:
            raise NotMeasurable(f"thin artery: {artery / vein:.2f} of the vein's width")
        window = window.measure()
        if not window.measured.artery_above():
            raise NotMeasurable("the vein lies above")
        seen = window.natural
        if min(seen) < NATURAL[0]:
            raise NotMeasurable(f"pressed as it is: {min(seen):.2f} of the vein is seen")
        if max(seen) > NATURAL[1]:
            raise NotMeasurable(f"branches: {max(seen):.2f} of the vein's own darkness")
        return window

    def draw(
        self,
        rng: np.random.Generator,
        grade: int,
        window: CrossingWindow,
        above: int | None = None,
    ) -> Drawn:
        """Draw what gives a crossing a grade.

        Args:
            rng: of it.
            grade: 0-3.
            window: the crossing, as `prepare` returns it.
            above: the vessel that is to lie above, where order is an effect.

        Raises:
            NotMeasurable: the grade cannot be drawn there.
        """
        for _ in range(_TRIES):
            wanted = replace(self.want(rng, grade, self.rule), above=above)
            for effect in self.effects:
                amount = effect.draw(rng, wanted, window)
                wanted = replace(wanted, earlier=(*wanted.earlier, amount))
            drawn = Drawn(self, grade, wanted.earlier)
            if not self.visible or self._comes_to(drawn, window):
                return drawn
        raise NotMeasurable(f"grade {grade} cannot be drawn there")

    def _comes_to(self, drawn: Drawn, window: CrossingWindow) -> bool:
        """Whether what is left to see is the grade's, clear of thresholds."""
        found = np.array(drawn.shares(window))
        off = min(np.abs(found - t).min() for t in (self.rule.pressed, self.rule.moderate))
        return self.rule.grade(*found.tolist()) == drawn.grade and off >= 0.005

    def with_rule(self, rule: GradeRule) -> "Protocol":
        """The same with other thresholds."""
        return replace(self, rule=rule)


VISIBLE = (
    Column("visible_first", "share", "Width times contrast left beside the artery, first arm."),
    Column("visible_second", "share", "The same on the second arm."),
)


def visible_widths(window: CrossingWindow) -> tuple[float, float]:
    """What is left to see of the vein beside the artery on either side, of its own."""
    course, measured = window.course, window.measured
    first, second = (
        has * measured.mean_beside(side, course.width * course.contrast)
        for side, has in zip((-1, 1), window.natural, strict=True)
    )
    return first, second


def _of_grade(rng: np.random.Generator, grade: int, rule: GradeRule) -> Wanted:
    """The grade, and nothing more."""
    return Wanted(grade, rule)


def _half_alone(rng: np.random.Generator, grade: int, rule: GradeRule) -> Wanted:
    """The grade; half of them squeezed alone."""
    return Wanted(grade, rule, alone=bool(rng.random() >= 0.5))


def _as_seen(rng: np.random.Generator, grade: int, rule: GradeRule) -> Wanted:
    """What is to be left to see on either side, and what of it by width and by contrast."""
    low, high = {
        0: (rule.pressed, 1.0),
        1: (rule.moderate + MARGIN, rule.pressed - MARGIN),
        2: (FAINTEST, rule.moderate - MARGIN),
        3: (FAINTEST, rule.pressed - MARGIN),
    }[grade]
    seen = rng.uniform(low, high, 2)
    kind, share = rng.random(), float(rng.uniform(0.3, 0.7))
    taper = float(rng.uniform(*TAPER))
    sides = [grade == 3] * 2
    if grade in (1, 2):
        sides[int(rng.integers(2))] = True
    width: list[float | None] = [None, None]
    contrast: list[float | None] = [None, None]
    for i in range(2):
        if not sides[i]:
            continue
        left = float(seen[i])
        if kind < PURE[0]:
            width[i] = max(left, LEAST + MARGIN)
        elif kind < sum(PURE):
            width[i], contrast[i] = 1.0, left
        else:
            wide = max(left**share, LEAST + MARGIN)
            width[i], contrast[i] = wide, left / wide
    return Wanted(grade, rule, False, (width[0], width[1]), (contrast[0], contrast[1]), taper)


PROTOCOLS = {
    protocol.name: protocol
    for protocol in (
        Protocol(
            "in_use_0_2_0",
            "Veins squeezed by moving pixels, as published for 0.2.0.",
            (RandomSqueeze(),),
            _of_grade,
        ),
        Protocol(
            "training",
            "The same; half of them also faded, and now and then swollen or bent.",
            (RandomSqueeze(swollen_share=0.3, bent_share=0.3), RandomFading()),
            _half_alone,
        ),
        Protocol(
            "clinical",
            "Veins tapered, hidden, swollen and bent as in patients; truth is what is seen.",
            (RandomTaper(), RandomConcealment(), RandomBanking(), RandomBending()),
            _as_seen,
            visible=True,
        ),
        Protocol("order", "Either vessel drawn above.", (RandomOrder(),), _of_grade),
    )
}
"""All that there are, by name."""


def grades_in_turn(rng: np.random.Generator, draws: int) -> list[int]:
    """Grades of the draws of a crossing: each once in any order, then each again."""
    rounds = -(-draws // len(GRADES))
    orders: Sequence[list[int]] = [rng.permutation(len(GRADES)).tolist() for _ in range(rounds)]
    return [grade for order in orders for grade in order][:draws]
