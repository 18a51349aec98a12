"""Scores, and intervals from whole groups."""

import numpy as np
import pytest

from av_grading.decision import expected_grade
from av_grading.evaluation.metrics import (
    calibration_error,
    grade_scores,
    resample_groups,
    scores_with_intervals,
)


def sure(grades: list[int], certainty: float = 0.97) -> np.ndarray:
    return np.eye(4)[grades] * (certainty - (1 - certainty) / 3) + (1 - certainty) / 3


def test_perfect_and_hand_worked_scores() -> None:
    y = np.array([0, 1, 2, 3])
    perfect = grade_scores(y, sure([0, 1, 2, 3]))
    assert all(perfect[k] == 1 for k in ("accuracy", "kappa", "qwk", "macro_f1", "auc", "ap"))
    assert perfect["ece"] == pytest.approx(0.03)
    found = grade_scores(y, sure([1, 1, 2, 3]))
    assert found["accuracy"] == 0.75
    # observed cost 1; chance cost sum_ij n_i m_j (i-j)^2 / 4 = (1*2 + 4 + 9 + 0 + ...) / 4
    truth, said = np.ones(4), np.array([0, 2, 1, 1])
    chance = sum(truth[i] * said[j] * (i - j) ** 2 for i in range(4) for j in range(4)) / 4
    assert found["qwk"] == pytest.approx(1 - 1 / chance)
    torn = np.array([[0.5, 0.0, 0.0, 0.5]])  # between 0 and 3: 2 is never far off
    torn = np.concatenate([torn, sure([1, 2, 3])])
    # expected 1.5 is rounded to 2: cost 4 of sum_ij (i-j)^2 over y and (2, 1, 2, 3), by 4
    said = np.array([0, 1, 2, 1])
    chance = sum(truth[i] * said[j] * (i - j) ** 2 for i in range(4) for j in range(4)) / 4
    assert grade_scores(y, torn)["qwk"] == pytest.approx(1 - 4 / chance)


def test_one_grade_alone_has_no_auc() -> None:
    assert np.isnan(grade_scores(np.zeros(3, int), sure([0, 0, 1]))["auc"])


def test_wrong_shape() -> None:
    with pytest.raises(ValueError, match=r"expected probabilities \(2, 4\), found \(2, 3\)"):
        grade_scores(np.zeros(2, int), np.ones((2, 3)) / 3)


def test_expected_grade_and_calibration() -> None:
    assert expected_grade(np.array([[0.5, 0, 0, 0.5]])) == pytest.approx([1.5])
    overconfident = calibration_error(np.array([0, 1]), sure([0, 0], 0.95))
    assert overconfident == pytest.approx(0.45)


def test_resamples_take_whole_groups() -> None:
    groups = ["a", "a", "b", "c", "c", "c"]
    for rows in resample_groups(groups, 20, seed=0):
        counts = np.bincount(rows, minlength=6)
        assert counts[0] == counts[1] and counts[3] == counts[4] == counts[5]
        assert counts[0] + counts[2] + counts[3] == 3


def test_paired_difference_of_equal_models_is_zero_and_of_a_better_one_is_not() -> None:
    rng = np.random.default_rng(0)
    y = rng.integers(4, size=200)
    groups = [f"g{i // 5}" for i in range(200)]
    noisy = np.where(rng.random(200) < 0.6, y, rng.integers(4, size=200))
    predictions = {
        "full": sure(y.tolist()),
        "same": sure(y.tolist()),
        "noisy": sure(noisy.tolist()),
    }
    metrics, ci95 = scores_with_intervals(y, predictions, groups, draws=50, seed=0)
    assert ci95["full_minus_same_qwk"] == [0, 0]
    assert ci95["full_minus_noisy_qwk"][0] > 0
    low, high = ci95["noisy_qwk"]
    assert low < metrics["noisy_qwk"] < high
