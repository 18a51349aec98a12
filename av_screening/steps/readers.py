"""The reading step: what networks that learned from readings say of crossings, and by that which
of them are gradable."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from av_grading.formats.grade_definition import GRADES
from av_grading.gradable import GradableRule, KnownOfCrossing
from av_grading.grader import Grader
from av_grading.models.reading_head import NAME as HEAD
from av_grading.models.reading_outputs import Answer, Answers, mean_answer
from av_grading.models.reading_strip import NAME as STRIP
from av_grading.models.reading_strip import StripReader
from av_grading.signs.read_sides import OUTPUT
from av_screening.crossing import Crossing
from av_screening.steps.grading import patch_set

HOPELESS = 0.05
"""Crossings that the reading head calls clear with a lower probability are asked no other network:
no mean of the three reaches a threshold from there."""


@dataclass(frozen=True)
class Readers:
    """Networks that learned from readings, beside the reading head of the close-up network.

    Attributes:
        graders: by name; two-stream graders that read patch and map.
        strip: reads the straightened vein; None: not asked.
    """

    graders: Mapping[str, Grader] = field(default_factory=dict)
    strip: StripReader | None = None


def read_crossings(
    crossings: Sequence[Crossing], readers: Readers, rule: GradableRule
) -> list[Crossing]:
    """The same crossings with what the networks say, the probabilities of grades of each as a
    member of the decision, and the reason for which some are not gradable.

    Args:
        crossings: close up, with what the reading head says.
        readers: that are asked.
        rule: what a crossing has to be like to be graded.
    """
    found = list(crossings)
    chosen = [
        i
        for i, crossing in enumerate(found)
        if crossing.gradable
        and (head := crossing.answers.get(HEAD)) is not None
        and head.clear >= HOPELESS
    ]
    for name, answers in _ask([found[i] for i in chosen], readers).items():
        for row, number in enumerate(chosen):
            answer = answers.of_row(row)
            if answer is not None:
                said = {**found[number].answers, name: answer}
                found[number] = replace(found[number], answers=said)
    return [_decided_on(crossing, readers, rule) for crossing in found]


def _ask(crossings: Sequence[Crossing], readers: Readers) -> dict[str, Answers]:
    """What each network says of crossings that may be clear."""
    said: dict[str, Answers] = {}
    if not crossings:
        return said
    if readers.graders:
        patches = patch_set([crossing.patch for crossing in crossings])
        rows = np.arange(len(crossings))
        said = {name: grader.read(patches, rows) for name, grader in readers.graders.items()}
    looks = [crossing.close_look for crossing in crossings]
    if readers.strip is not None and all(look.vessels is not None for look in looks):
        followed = [look.vessels is not None and look.vessels.vein is not None for look in looks]
        said[STRIP] = readers.strip.answer(
            [look.straightened if f else None for look, f in zip(looks, followed, strict=True)]
        )
    return said


def _decided_on(crossing: Crossing, readers: Readers, rule: GradableRule) -> Crossing:
    if not crossing.answers:
        return crossing
    mean = mean_answer(crossing.answers)
    # Only the strip knows which side is which.
    strip = crossing.answers.get(STRIP)
    sides = np.full(2, np.nan) if strip is None else strip.sides
    look = crossing.close_look
    output = np.array([*sides, mean.bent])
    look = replace(look, artery_above=mean.artery_above, outputs={**look.outputs, OUTPUT: output})
    clear = _clear(crossing.answers, readers, rule, mean)
    known = KnownOfCrossing(mean.artery_above, clear)
    return replace(
        crossing,
        close_look=look,
        clear=clear,
        reason=crossing.reason or rule.why_not(known),
        members={name: answer.grade for name, answer in crossing.answers.items()},
    )


def _clear(
    answers: Mapping[str, Answer], readers: Readers, rule: GradableRule, mean: Answer
) -> float:
    """Probability that a crossing is clear: by the rule, where all were asked that it knows."""
    asked: dict[str, float | None] = {name: answer.clear for name, answer in answers.items()}
    if readers.strip is not None and len(asked) > 1:
        asked.setdefault(STRIP, None)  # asked, and its vein was not followed
    if not rule.clear.fits(asked):
        return mean.clear
    return rule.clear(asked, float(mean.grade @ np.arange(len(GRADES))))
