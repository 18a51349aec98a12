"""From members' probabilities to a grade."""

from pathlib import Path

import numpy as np
import pytest

from av_grading.decision import (
    EQUAL,
    IN_USE,
    DecisionRule,
    decide,
    expected_grade,
    grade_of,
    member_names,
    round_grade,
)

SURE = np.eye(4)


def some(seed: int, count: int = 50) -> np.ndarray:
    return np.random.default_rng(seed).dirichlet(np.ones(4), count)


def test_members_without_a_weight_share_the_rest() -> None:
    rule = DecisionRule({"strip": 0.8})
    assert rule.weights_of(["a", "b", "strip"]) == pytest.approx({"a": 0.1, "b": 0.1, "strip": 0.8})
    assert rule.weights_of(["a", "b"]) == {"a": 0.5, "b": 0.5}
    assert rule.weights_of(["strip"]) == {"strip": 1.0}
    with pytest.raises(ValueError, match="so that b count too, found 1"):
        DecisionRule({"a": 1.0}).weights_of(["a", "b"])
    with pytest.raises(ValueError, match="expected members"):
        rule.weights_of([])


def test_probabilities_are_the_weighted_mean_brought_to_the_prevalence() -> None:
    a, b = some(0), some(1)
    even = decide({"a": a, "b": b}, DecisionRule({"a": 0.75}))
    assert even.probabilities == pytest.approx(0.75 * a + 0.25 * b)
    rare = decide({"a": a, "b": b}, DecisionRule({"a": 0.75}, IN_USE))
    odds = rare.probabilities / even.probabilities
    assert odds[:, 0] / odds[:, 1] == pytest.approx(IN_USE[0] / IN_USE[1])
    assert rare.probabilities.sum(axis=1) == pytest.approx(1)
    # Doubt is of grades equally common, whatever they are taken to be in the end.
    assert rare.doubt == pytest.approx(even.doubt)


def test_grade_doubt_and_spread_by_hand() -> None:
    torn = np.array([[0.5, 0, 0, 0.5]])
    found = decide({"a": torn, "b": SURE[[2]], "c": SURE[[2]]}, DecisionRule({"a": 0.5}))
    assert found.expected == pytest.approx([1.75]) and found.grade.tolist() == [2]
    # Grades 0, 2, 3 with .25, .5, .25: variance .25 * 0 + .5 * 4 + .25 * 9 - 1.75²
    assert found.doubt == pytest.approx([np.sqrt(4.25 - 1.75**2)])
    assert found.spread == pytest.approx([np.std([1.5, 2, 2])])
    alone = decide({"a": torn}, DecisionRule())
    assert alone.spread is None and alone.of(0).spread is None and alone.of(0).grade == 2
    two = decide({"a": torn, "b": SURE[[2]]}, DecisionRule(), spread_of=["b"])
    assert two.spread is None


def test_where_a_member_says_nothing_the_others_share_its_weight() -> None:
    a, b = some(2, 3), some(3, 3)
    b[1] = np.nan
    found = decide({"a": a, "b": b}, DecisionRule({"b": 0.8}))
    assert found.probabilities[1] == pytest.approx(a[1])
    assert found.probabilities[0] == pytest.approx(0.2 * a[0] + 0.8 * b[0])
    a[1] = np.nan
    with pytest.raises(ValueError, match="row 1: expected probabilities of one at least"):
        decide({"a": a, "b": b}, DecisionRule())


def test_stretch_spreads_grades_about_the_center() -> None:
    shares = some(4)
    plain = decide({"a": shares}, DecisionRule())
    wide = decide({"a": shares}, DecisionRule(stretch=1.3, center=1.0))
    low = plain.expected < 1
    assert (wide.expected[low] < plain.expected[low]).all()
    high = (plain.expected > 1) & (plain.expected < 3)
    assert (wide.expected[high] > plain.expected[high]).all()
    assert wide.expected.argsort().tolist() == plain.expected.argsort().tolist()
    assert wide.grade.tolist() == round_grade(wide.expected).tolist()
    far = decide({"a": SURE}, DecisionRule(stretch=5))
    assert far.expected[[0, 3]].tolist() == [0, 3]
    assert far.expected[1] < 0.2 and far.expected[2] > 2.8
    assert wide.probabilities == pytest.approx(plain.probabilities)


def test_grades_are_expected_grades_rounded_halves_up() -> None:
    assert round_grade(np.array([0.0, 0.49, 0.5, 1.5, 2.5, 3.0])).tolist() == [0, 0, 1, 2, 3, 3]
    shares = some(5)
    assert grade_of(shares).tolist() == decide({"a": shares}, DecisionRule()).grade.tolist()
    assert expected_grade(SURE).tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ({"prevalence": (0.5, 0.5, 0.5, 0.5)}, "prevalence: expected four shares"),
        ({"prevalence": (1.0, 0.0, 0.0, 0.0)}, "prevalence: expected four shares"),
        ({"weights": {"a": 0.0}}, "weights: a: expected above 0 to 1, found 0"),
        ({"stretch": 0.0}, "stretch: expected above 0, found 0"),
    ],
)
def test_a_rule_that_means_nothing_is_refused(values: dict[str, object], found: str) -> None:
    with pytest.raises(ValueError, match=found):
        DecisionRule(**values)
    assert hash(DecisionRule({"a": 0.5})) == hash(DecisionRule(prevalence=EQUAL))


def test_shapes_that_differ_are_refused() -> None:
    with pytest.raises(ValueError, match=r"expected probabilities \(N, 4\) of the same N"):
        decide({"a": SURE, "b": SURE[:2]}, DecisionRule())


def test_members_are_named_by_their_files() -> None:
    paths = [Path("x/a.safetensors"), Path("x/b.safetensors"), Path("y/a.safetensors")]
    assert member_names(paths) == ["x/a", "b", "y/a"]
    assert member_names([paths[0], paths[0]])[0] != member_names([paths[0], paths[0]])[1]
