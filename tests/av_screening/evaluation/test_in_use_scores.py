"""Figures of hand-made rows are scikit-learn's and SciPy's."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr
from sklearn.metrics import accuracy_score, cohen_kappa_score, roc_auc_score

from av_screening.evaluation.in_use_scores import in_use_scores, natural_scores, with_intervals


@pytest.fixture
def squeezed() -> pd.DataFrame:
    """300 rows of ten photographs of two sets: some not found, not gradable or not measured."""
    rng = np.random.default_rng(0)
    count = 300
    grade = rng.integers(0, 4, count)
    shares = rng.dirichlet(np.ones(4), count) + np.eye(4)[grade] * 0.4
    shares /= shares.sum(axis=1, keepdims=True)
    ratios = rng.uniform(0.3, 1, (count, 2))
    table = pd.DataFrame(
        {
            "photograph": [f"eye{i % 10}" for i in range(count)],
            "set": ["a" if i % 10 < 5 else "b" for i in range(count)],
            "true_vein_width_drive_px": rng.uniform(2.5, 8, count),
            "true_grade": grade,
            "true_ratio_first": ratios[:, 0],
            "true_ratio_second": ratios[:, 1],
            "found": (rng.random(count) < 0.8).astype(int),
            "gradable": (rng.random(count) < 0.7).astype(int),
            "measurable": (rng.random(count) < 0.6).astype(int),
            "grade": shares.argmax(axis=1),
            "grade_labelled_map": grade,
            "ratio_first": ratios[:, 0] + rng.normal(0, 0.1, count),
            "ratio_second": ratios[:, 1] + rng.normal(0, 0.1, count),
            **{f"p{k}": shares[:, k] for k in range(4)},
        }
    )
    answers = [
        "gradable",
        "measurable",
        "grade",
        "ratio_first",
        "ratio_second",
        "p0",
        "p1",
        "p2",
        "p3",
    ]
    table.loc[table["found"] == 0, answers] = np.nan
    return table


def test_scores_are_those_of_the_libraries(squeezed: pd.DataFrame) -> None:
    scores = in_use_scores({"in_use": squeezed})
    gradable = squeezed[(squeezed["found"] == 1) & (squeezed["gradable"] == 1)]
    for suffix, rows in {
        "": gradable,
        "_3to5": gradable[gradable["true_vein_width_drive_px"].between(3, 5, inclusive="left")],
        "_5up": gradable[gradable["true_vein_width_drive_px"] >= 5],
        "_b": gradable[gradable["set"] == "b"],
    }.items():
        truth, grade = rows["true_grade"], rows["grade"]
        kappa = cohen_kappa_score(truth, grade.astype(int), weights="quadratic")
        assert scores[f"qwk{suffix}"] == pytest.approx(kappa)
        assert scores[f"accuracy{suffix}"] == pytest.approx(accuracy_score(truth, grade))
        auc = roc_auc_score(truth >= 2, rows["p2"] + rows["p3"])
        assert scores[f"auc_grade2{suffix}"] == pytest.approx(auc)
        measured = rows[rows["measurable"] == 1]
        correlation = spearmanr(
            measured[["true_ratio_first", "true_ratio_second"]].min(axis=1),
            measured[["ratio_first", "ratio_second"]].min(axis=1),
        ).statistic
        assert scores[f"ratio_spearman{suffix}"] == pytest.approx(correlation)
        assert scores[f"measured_share{suffix}"] == pytest.approx(len(measured) / len(rows))
    assert scores["found_share"] == pytest.approx(squeezed["found"].mean())
    assert scores["gradable_share"] == pytest.approx(len(gradable) / len(squeezed))
    assert scores["qwk_labelled_map"] == 1


def test_what_rows_do_not_define_is_absent(squeezed: pd.DataFrame) -> None:
    squeezed["gradable"] = 0
    scores = in_use_scores({"in_use": squeezed})
    assert scores["gradable_share"] == 0 and scores["found_share"] > 0
    assert not {"qwk", "accuracy", "auc_grade2", "ratio_spearman", "measured_share"} & set(scores)


def test_intervals_resample_photographs(squeezed: pd.DataFrame) -> None:
    scores, ci95 = with_intervals(in_use_scores, {"in_use": squeezed}, 15, 0)
    assert set(ci95) == set(scores)
    low, high = ci95["qwk"]
    assert low < scores["qwk"] < high and 0.02 < high - low < 0.5
    squeezed["photograph"] = "one"  # nothing to resample
    scores, ci95 = with_intervals(in_use_scores, {"in_use": squeezed}, 5, 0)
    assert ci95["qwk"] == pytest.approx([scores["qwk"]] * 2)


def test_photographs_as_they_are() -> None:
    natural = pd.DataFrame(
        {
            "photograph": ["a", "a", "a", "b", "b", "b"],
            "gradable": [1, 1, 1, 1, 0, 0],
            "grade": [0, 1, 2, 0, 3, ""],
            "read_above": ["artery", "vein", "artery", "vein", "unclear", np.nan],
            "read_gradable_votes": [3, 2, 1, 3, 0, np.nan],
        }
    )
    eyes = pd.DataFrame(
        {
            "photograph": ["a", "b", "a", "a", "b"],
            "severe_crossing": ["", "", 3, 7, 1],
            "flagged": [1, 0, 1, 1, 0],
        }
    )
    scores = natural_scores({"natural": natural, "eyes": eyes})
    assert scores == pytest.approx(
        {
            "grade1_share": 0.5,
            "grade2_share": 0.25,
            "eyes_flagged_share": 0.5,
            "eye_sensitivity_severe": 2 / 3,
            "gradable_per_eye": 2,
            "crossings_per_eye": 3,
        }
    )
    natural["above_artery_probability"] = [0.9, 0.2, 0.4, 0.3, 0.1, 0.5]
    natural["gradable_probability"] = [0.9, 0.2, 0.4, 0.8, 0.1, 0.5]
    more = natural_scores({"natural": natural, "eyes": eyes})
    assert more["order_auc"] == roc_auc_score([1, 0, 1, 0], [0.9, 0.2, 0.4, 0.3]) == 1
    assert more["order_accuracy"] == 0.75
    assert more["gradable_auc"] == pytest.approx(
        roc_auc_score([1, 1, 0, 1, 0], [0.9, 0.2, 0.4, 0.8, 0.1])
    )
