"""What networks that learned from readings say decides what is gradable, and becomes members."""

from dataclasses import replace

import numpy as np
import pytest

from av_grading.close_ups.close_look import CloseLook
from av_grading.close_ups.cut import PIXELS
from av_grading.decision import SIGN_STRIP
from av_grading.formats.errors import NotMeasurable
from av_grading.gradable import ClearRule, GradableRule, NotGradable
from av_grading.models.reading_head import NAME as HEAD
from av_grading.models.reading_outputs import Answer, Answers
from av_grading.models.reading_strip import NAME as STRIP
from av_grading.models.reading_strip import load_strip_reader
from av_grading.models.registry import DEFAULT_SIGN_STRIP
from av_grading.models.sign_strip import load_sign_reader
from av_grading.signs.read_sides import OUTPUT
from av_grading.vessels.crossing_vessels import crossing_vessels
from av_grading.vessels.straighten import straighten_both
from av_screening.crossing import Crossing
from av_screening.steps import readers as step
from av_screening.steps.patches import CrossingPatch
from av_screening.steps.pipeline import read_sign_strips
from av_screening.steps.readers import HOPELESS, Readers, read_crossings
from tests.av_grading.close_ups.test_fine_map import phantom_shares


def answer(
    clear: float, above: float, grade: int = 0, sides: tuple[float, float] = (0, 0)
) -> Answer:
    return Answer(np.eye(4)[grade], clear, 0.25, above, np.array(sides, float))


class Says:
    """Stands for a network: it says the same of every crossing that it is asked."""

    def __init__(self, said: Answer) -> None:
        self.said, self.asked = said, 0
        self.mirrored: list[bool] = []

    def answers(self, count: int) -> Answers:
        self.asked += count
        one = self.said
        return Answers(
            np.tile(one.grade, (count, 1)),
            np.full(count, one.clear),
            np.full(count, one.bent),
            np.full(count, one.artery_above),
            np.tile(one.sides, (count, 1)),
        )

    def read(self, patches: object, rows: np.ndarray) -> Answers:
        return self.answers(len(rows))

    def answer(self, straightened: list, mirrored: list[bool]) -> Answers:
        self.mirrored += mirrored * len(straightened)
        return self.answers(len(straightened))


@pytest.fixture
def crossing() -> Crossing:
    """A drawn crossing close up."""
    photograph, shares = phantom_shares()
    middle = ((PIXELS - 1) / 2, (PIXELS - 1) / 2)
    vessels = crossing_vessels(photograph, shares, middle)
    patch = CrossingPatch(
        np.zeros((96, 96, 3), np.uint8),
        np.zeros((96, 96), np.uint8),
        2.0,
        1.0,
        np.zeros((3, 96, 96), np.uint8),
    )
    look = CloseLook(photograph, shares, middle, 4.0, vessels)
    return Crossing(0, (50.0, 50.0), (40, 40, 60, 60), {}, 0.9, patch, look, (50.0, 50.0))


MEAN = ClearRule({"another": 1.0}, 1.0, 0.0, 0.0)
"""Fits to no networks here: the mean decides."""


def test_the_mean_of_all_decides_on_clear_and_above(crossing: Crossing) -> None:
    grader, strip = Says(answer(0.9, 0.9, 2)), Says(answer(0.7, 0.5, 3, (2.5, 0.5)))
    readers = Readers({"mine": grader}, strip)  # type: ignore[dict-item,arg-type]
    given = replace(crossing, answers={HEAD: answer(0.2, 0.7)})
    (found,) = read_crossings(
        [given], readers, GradableRule(0.3, 0.45, clear=MEAN, above_weights={})
    )
    assert found.clear == pytest.approx(0.6) and found.gradable
    assert found.close_look.artery_above == pytest.approx(0.7)
    assert set(found.members) == {HEAD, "mine", STRIP}
    assert found.members[STRIP].tolist() == [0, 0, 0, 1]
    assert found.close_look.outputs[OUTPUT].tolist() == [2.5, 0.5, 0.25]
    (refused,) = read_crossings(
        [given], readers, GradableRule(0.3, 0.65, clear=MEAN, above_weights={})
    )
    assert refused.reason is not None and refused.reason.code == "unclear"
    (refused,) = read_crossings(
        [given], readers, GradableRule(0.75, 0.45, clear=MEAN, above_weights={})
    )
    assert refused.reason is not None and refused.reason.code == "vein_above"
    (found,) = read_crossings([given], readers, GradableRule(0.3, 0.45, clear=MEAN))
    assert found.close_look.artery_above == pytest.approx((0.7 + 0.9 + 3 * 0.5) / 5)


def test_a_nicked_vein_is_not_refused_for_what_it_shows(crossing: Crossing) -> None:
    rule = GradableRule(0.3, 0.5, clear=ClearRule({HEAD: 1.0, STRIP: 1.0}, 1.0, 0.5, -0.5))
    seen = {}
    for grade in (0, 3):
        said = answer(0.5, 0.9, grade)
        readers = Readers({"mine": Says(said)}, Says(said))  # type: ignore[dict-item,arg-type]
        (seen[grade],) = read_crossings([replace(crossing, answers={HEAD: said})], readers, rule)
    assert seen[3].gradable and not seen[0].gradable
    # A vein that could not be followed speaks against it.
    unseen = answer(float("nan"), float("nan"))
    unseen = replace(unseen, grade=np.full(4, np.nan))
    readers = Readers({"mine": Says(said)}, Says(unseen))  # type: ignore[dict-item,arg-type]
    (found,) = read_crossings([replace(crossing, answers={HEAD: said})], readers, rule)
    assert STRIP not in found.answers and not found.gradable


def test_what_is_hopeless_or_refused_already_is_not_asked(crossing: Crossing) -> None:
    grader = Says(answer(1, 1))
    readers = Readers({"mine": grader})  # type: ignore[dict-item]
    hopeless = replace(crossing, answers={HEAD: answer(HOPELESS / 2, 0.9)})
    on_disc = replace(crossing, answers={HEAD: answer(0.9, 0.9)}, reason=NotGradable("disc", 0.3))
    found = read_crossings([hopeless, on_disc], readers, GradableRule())
    assert grader.asked == 0
    assert [c.reason.code for c in found if c.reason] == ["unclear", "disc"]


RULE = ClearRule({HEAD: 1.0, STRIP: 1.0}, others=1.0, grade=0.0, bias=0.0)


@pytest.mark.parametrize(
    ("clear", "above", "grade", "asked", "code"),
    [
        (0.8, 0.9, 1, 1, None),
        (0.8, 0.4, 0, 1, None),  # the vein may lie above
        (0.8, 0.9, 0, 0, None),  # not nicked: whatever graders say changes little
        (0.3, 0.9, 1, 1, "unclear"),  # .95 of the grader would make it clear, .1 does not
        (0.15, 0.9, 1, 0, "unclear"),
        (0.8, 0.01, 1, 0, "vein_above"),
    ],
)
def test_graders_are_asked_what_they_can_decide(
    crossing: Crossing, clear: float, above: float, grade: int, asked: int, code: str | None
) -> None:
    said = answer(clear, above, grade)
    grader = Says(answer(0.1 if code else 0.9, 0.9))
    strip = Says(said)
    readers = Readers({"mine": grader}, strip, True)  # type: ignore[dict-item,arg-type]
    given = [replace(crossing, answers={HEAD: said})]
    (found,) = read_crossings(given, readers, GradableRule(0.35, 0.5, clear=RULE))
    assert strip.mirrored == [False, True][: 1 + asked]
    assert grader.asked == asked and ("mine" in found.answers) == bool(asked)
    assert (found.reason and found.reason.code) == code
    if not asked:  # as if the grader had said what the others say
        wanted = RULE(dict.fromkeys(("mine", HEAD, STRIP), clear), 0)
        assert found.clear == pytest.approx(wanted)


def test_what_the_strip_says_mirrored_counts_as_much(crossing: Crossing) -> None:
    class Strip(Says):
        def answer(self, straightened: list, mirrored: list[bool]) -> Answers:
            self.said = answer(0.9, 0.9, *((3, (2.0, 1.0)) if mirrored[0] else (1, (1.0, 0.0))))
            return super().answer(straightened, mirrored)

    strip = Strip(answer(0, 0))
    readers = Readers({"mine": Says(answer(0.9, 0.9, 1))}, strip)  # type: ignore[dict-item,arg-type]
    given = [replace(crossing, answers={HEAD: answer(0.9, 0.9, 1)})]
    (found,) = read_crossings(given, readers, GradableRule(clear=RULE))
    assert strip.mirrored == [False, True]
    assert found.members[STRIP].tolist() == [0, 0.5, 0, 0.5]
    assert found.close_look.outputs[OUTPUT].tolist() == [1.5, 0.5, 0.25]


def test_graders_that_decide_alone_are_asked_of_every_gradable_crossing(crossing: Crossing) -> None:
    said = answer(0.9, 0.9, 0)
    readers = Readers({"mine": Says(said)}, Says(said))  # type: ignore[dict-item,arg-type]
    (found,) = read_crossings(
        [replace(crossing, answers={HEAD: said})], readers, GradableRule(clear=RULE)
    )
    assert found.gradable and "mine" in found.members


def test_graders_that_the_rule_does_not_know_are_always_asked(crossing: Crossing) -> None:
    grader = Says(answer(0.9, 0.9))
    readers = Readers({"mine": grader})  # type: ignore[dict-item]
    given = [replace(crossing, answers={HEAD: answer(0.1, 0.1)})]
    read_crossings(given, readers, GradableRule(clear=MEAN))
    assert grader.asked == 1


def test_vessels_are_straightened_once_for_all_networks(
    crossing: Crossing, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []

    def counted(*given: object) -> object:
        made.append(given)
        return straighten_both(*given)  # type: ignore[arg-type]

    monkeypatch.setattr("av_grading.vessels.straighten.straighten_both", counted)
    readers = Readers({}, load_strip_reader())
    (found,) = read_crossings(
        [replace(crossing, answers={HEAD: answer(0.9, 0.9)})], readers, GradableRule(clear=MEAN)
    )
    (found,) = read_sign_strips([found], load_sign_reader(DEFAULT_SIGN_STRIP))
    assert len(made) == 1 and {STRIP, SIGN_STRIP} <= set(found.members)
    with pytest.raises(NotMeasurable, match="not followed"):
        _ = replace(crossing.close_look, vessels=None, _straightened=[]).straightened


def test_without_answers_nothing_is_decided(crossing: Crossing) -> None:
    bare = replace(crossing, answers={})
    assert read_crossings([bare], Readers(), GradableRule()) == [bare]
    assert step.HOPELESS < GradableRule().least_clear / 3
