"""The reading step: what networks that learned from readings say of crossings, and by that which
of them are gradable."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from av_grading.decision import expected_grade
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
"""No other network is asked about crossings that the reading head calls clear with a lower
probability: no mean of the three reaches a threshold from there."""
AT_BEST = 0.95
"""Crossings that would be refused even if graders called them clear with this probability, and the
artery above for certain, are looked at no further. Of crossings read as clear one in a thousand of
those that are graded goes, of those read 2 or more none (results/tried.md)."""
LEAST_GRADE, NEAR = 0.3, 0.1
"""Nor are those that get a lower expected grade so far, unless graders may change which vessel is
above: from so much below the least probability of the artery to so much above one half. No
agreement with readings is lost (results/tried.md)."""


@dataclass(frozen=True)
class Readers:
    """Networks that learned from readings, beside the reading head of the close-up network.

    Attributes:
        graders: by name; two-stream graders that read patch and map.
        strip: reads the straightened vein; None: not asked.
        others_decide: whether others than graders count in the grade: some crossings can do without
            graders.
    """

    graders: Mapping[str, Grader] = field(default_factory=dict)
    strip: StripReader | None = None
    others_decide: bool = False


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
    chosen = [
        number
        for number, crossing in enumerate(crossings)
        if crossing.gradable
        and (head := crossing.answers.get(HEAD)) is not None
        and head.clear >= HOPELESS
    ]
    found = _with_strip(crossings, chosen, readers, mirrored=False)
    undecided = [n for n in chosen if _undecided(found[n], readers, rule)]
    found = _with_strip(found, undecided, readers, mirrored=True)
    found = _with_graders(found, undecided, readers)
    return [_decided_on(crossing, readers, rule) for crossing in found]


def _with_strip(
    crossings: Sequence[Crossing], chosen: Sequence[int], readers: Readers, *, mirrored: bool
) -> list[Crossing]:
    """All crossings, the chosen ones with what the straightened vein says, where it is followed:
    as it is, or the mean of that and of what it says mirrored."""
    looks = [crossings[number].close_look for number in chosen]
    if not looks or readers.strip is None or any(look.vessels is None for look in looks):
        return list(crossings)
    followed = [look.vessels is not None and look.vessels.vein is not None for look in looks]
    straightened = [
        look.straightened if f else None for look, f in zip(looks, followed, strict=True)
    ]
    said = readers.strip.answer(straightened, [mirrored])
    return _with_answers(crossings, chosen, {STRIP: said})


def _with_graders(
    crossings: Sequence[Crossing], chosen: Sequence[int], readers: Readers
) -> list[Crossing]:
    """All crossings, the chosen ones with what graders say of their patches."""
    if not chosen or not readers.graders:
        return list(crossings)
    patches = patch_set([crossings[number].patch for number in chosen])
    rows = np.arange(len(chosen))
    said = {name: grader.read(patches, rows) for name, grader in readers.graders.items()}
    return _with_answers(crossings, chosen, said)


def _with_answers(
    crossings: Sequence[Crossing], chosen: Sequence[int], said: Mapping[str, Answers]
) -> list[Crossing]:
    """All crossings, the chosen ones with what networks say, or the mean of that and of what they
    have said already."""
    found = list(crossings)
    for row, number in enumerate(chosen):
        own = {name: answers.of_row(row) for name, answers in said.items()}
        before = found[number].answers
        known = {
            name: mean_answer({"before": before[name], "now": answer}) if name in before else answer
            for name, answer in own.items()
            if answer is not None
        }
        found[number] = replace(found[number], answers={**before, **known})
    return found


def _undecided(crossing: Crossing, readers: Readers, rule: GradableRule) -> bool:
    """Whether a crossing is gradable if graders speak for it, and may be nicked or its vein above;
    also where that is not known, since the rule is of other networks."""
    mean = mean_answer(crossing.answers)
    clear = max(AT_BEST, *(answer.clear for answer in crossing.answers.values()))
    best = replace(mean, clear=clear, artery_above=1.0)
    answers = {**crossing.answers, **dict.fromkeys(readers.graders, best)}
    if not rule.clear.fits(_clear_by_name(answers, readers)):
        return True
    if rule.why_not(_known(answers, readers, rule)) is not None:
        return False
    above = mean_answer(crossing.answers, rule.above_weights).artery_above
    in_doubt = rule.least_artery_above - NEAR <= above < 0.5 + NEAR
    return in_doubt or not readers.others_decide or float(expected_grade(mean.grade)) >= LEAST_GRADE


def _decided_on(crossing: Crossing, readers: Readers, rule: GradableRule) -> Crossing:
    if not crossing.answers:
        return crossing
    mean = mean_answer(crossing.answers)
    known = _known(crossing.answers, readers, rule)
    # Only the strip knows which side is which.
    strip = crossing.answers.get(STRIP)
    sides = np.full(2, np.nan) if strip is None else strip.sides
    look = crossing.close_look
    output = np.array([*sides, mean.bent])
    outputs = {**look.outputs, OUTPUT: output}
    return replace(
        crossing,
        close_look=replace(look, artery_above=known.artery_above, outputs=outputs),
        clear=known.clear,
        reason=crossing.reason or rule.why_not(known),
        members={name: answer.grade for name, answer in crossing.answers.items()},
    )


def _known(answers: Mapping[str, Answer], readers: Readers, rule: GradableRule) -> KnownOfCrossing:
    """What answers say together of whether a crossing is gradable. It is clear by the rule, where
    that is of the networks that there are, all of them asked or not; else by their mean."""
    mean = mean_answer(answers, rule.above_weights)
    asked = _clear_by_name(answers, readers)
    clear = mean.clear
    if rule.clear.fits(asked | dict.fromkeys(readers.graders)):
        clear = rule.clear(asked, float(expected_grade(mean.grade)))
    return KnownOfCrossing(mean.artery_above, clear)


def _clear_by_name(answers: Mapping[str, Answer], readers: Readers) -> dict[str, float | None]:
    """How clear each network says it is; None for the strip where the vein was not followed."""
    asked: dict[str, float | None] = {name: answer.clear for name, answer in answers.items()}
    if readers.strip is not None:
        asked.setdefault(STRIP, None)
    return asked
