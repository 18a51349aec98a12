"""No photograph on both sides of any split; grades balanced in what is drawn."""

import numpy as np
import pytest

from av_grading.data.sampling import balanced_order, plain_order
from av_grading.data.splits import SplitError, grouped_folds, grouped_holdout

RNG = np.random.default_rng(0)
GROUPS = [f"eye{i}" for i in RNG.integers(0, 25, 300)]
GRADES = RNG.choice(4, 300, p=[0.5, 0.2, 0.15, 0.15]).tolist()


def names(rows: np.ndarray) -> set[str]:
    return {GROUPS[i] for i in rows}


@pytest.mark.parametrize("seed", range(5))
def test_no_group_is_on_both_sides_and_every_row_is_tested_once(seed: int) -> None:
    folds = grouped_folds(GRADES, GROUPS, 5, seed)
    assert all(not names(a) & names(b) for a, b in folds)
    assert sorted(np.concatenate([b for _, b in folds])) == list(range(300))
    assert all(sorted(np.concatenate(f)) == list(range(300)) for f in folds)


def test_holdout_has_about_the_fraction_asked_for() -> None:
    train, held = grouped_holdout(GRADES, GROUPS, 0.2, 0)
    assert not names(train) & names(held) and len(train) + len(held) == 300
    assert 0.12 < len(held) / 300 < 0.28


def test_seed_decides() -> None:
    first, again = (grouped_folds(GRADES, GROUPS, 5, 1)[0][1] for _ in range(2))
    assert first.tolist() == again.tolist()
    assert first.tolist() != grouped_folds(GRADES, GROUPS, 5, 2)[0][1].tolist()


def test_fewer_groups_than_folds() -> None:
    with pytest.raises(SplitError, match="5 folds: expected .* as many groups, found 2"):
        grouped_folds([0, 1, 0, 1], ["a", "a", "b", "b"], 5, 0)


def test_fewer_patches_than_folds() -> None:
    with pytest.raises(SplitError, match="5 folds: expected as many patches of a grade, found 2"):
        grouped_folds([0, 0, 1, 2, 3], [*"abcde"], 5, 0)


def test_a_grade_that_is_absent_from_a_fold() -> None:
    with pytest.raises(SplitError, match="no (training|validation) patch of grade 3"):
        grouped_folds([0, 0, 0, 3], ["a", "b", "c", "d"], 2, 0)


def test_holdout_of_few_groups_has_every_grade_on_both_sides() -> None:
    groups, grades = [*"aabccdd"], [0, 1, 0, 0, 1, 0, 2]
    grades[2] = 2  # of b
    for seed in range(6):
        train, held = grouped_holdout(grades, groups, 0.2, seed)
        sides = [{groups[i] for i in side} for side in (train, held)]
        assert not sides[0] & sides[1] and sides[0] | sides[1] == {*"abcd"}
        assert {grades[i] for i in train} == {grades[i] for i in held} == {0, 1, 2}


def test_holdouts_that_cannot_be() -> None:
    with pytest.raises(SplitError, match="hold-out: expected at least 2 groups, found 1"):
        grouped_holdout([0, 1], ["a", "a"], 0.2, 0)
    with pytest.raises(SplitError, match=r"of 3 groups: no \w+ patch of grade 1; more groups"):
        grouped_holdout([0, 0, 1, 0, 0], [*"aabcc"], 0.2, 0)


def test_bad_fraction() -> None:
    with pytest.raises(SplitError, match="found 0.9"):
        grouped_holdout(GRADES, GROUPS, 0.9, 0)


def test_balanced_order_draws_grades_alike_and_repeats_as_little_as_it_can() -> None:
    grades = [0] * 90 + [1] * 6 + [2] * 3 + [3]
    order = balanced_order(grades, 80, seed=0, epoch=0)
    drawn = np.array(grades)[order]
    assert np.bincount(drawn).tolist() == [20, 20, 20, 20]
    common = order[drawn == 0]
    assert len(set(common)) == 20  # none of 90 twice
    assert set(np.bincount(order[drawn == 1])[90:]) <= {3, 4}


def test_orders_depend_on_seed_and_epoch_alone() -> None:
    for draw in (lambda s, e: balanced_order(GRADES, 64, s, e), lambda s, e: plain_order(64, s, e)):
        assert draw(0, 3).tolist() == draw(0, 3).tolist()
        assert draw(0, 3).tolist() != draw(0, 4).tolist() != draw(1, 4).tolist()
