"""A team of graders: several losses and depths, stacked by a small head (in MDTNet's manner).

What the graders agree on and where they differ is weighed by a logistic regression on their
probabilities, with the caliber's ratios beside them where these are given. It learns from
predictions out of fold alone, and grades each photograph by a head that never saw it.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from av_grading.data.splits import grouped_folds
from av_grading.decision import expected_grade
from av_grading.formats.grade_definition import GRADES

Array = NDArray[np.float64]

STRENGTHS = (0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
"""Inverse strengths of the head's regularisation to choose from, inside the folds."""
_LEAST = 1e-4  # probability whose logarithm is taken


def stacking_features(
    probabilities: Sequence[Array], caliber: NDArray[np.float64] | None = None
) -> Array:
    """What the head sees of N patches.

    Args:
        probabilities: of each grader, (N, 4).
        caliber: more columns (N, F), NaN where they are not known.

    Returns:
        log probabilities and expected grade of each grader, how far the expected grades spread,
        then the caliber's columns.
    """
    expected = np.stack([expected_grade(p) for p in probabilities], axis=1)
    logs = [np.log(np.clip(p, _LEAST, 1)) for p in probabilities]
    columns = [*logs, expected, expected.std(axis=1, keepdims=True)]
    return np.concatenate(columns if caliber is None else [*columns, caliber], axis=1)


def make_head(strength: float) -> Pipeline:
    """Multinomial logistic regression on standardised features; missing ones are marked."""
    return make_pipeline(
        SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True),
        StandardScaler(),
        LogisticRegression(C=strength, max_iter=2000, class_weight="balanced"),
    )


def stack(
    features: Array, grades: Sequence[int], groups: Sequence[str], folds: int, seed: int
) -> tuple[Array, list[float]]:
    """Probabilities by heads that never saw the patch's photograph.

    The outer folds are those that the graders were trained on when folds and seed are theirs. The
    strength of the regularisation is chosen on inner grouped folds of the other photographs.

    Args:
        features: see `stacking_features`, (N, F).
        grades: 0-3, (N,).
        groups: photograph of each patch.
        folds: outer and inner.
        seed: of the splits.

    Returns:
        probabilities (N, 4) and the strength chosen in each outer fold.

    Raises:
        SplitError: too few photographs, or a grade that a fold lacks.
    """
    y, names = np.asarray(grades), np.asarray(groups)
    if len(y) != len(features) or len(names) != len(features):
        raise ValueError(
            f"expected {len(features)} grades and groups, found {len(y)} and {len(names)}"
        )
    found = np.zeros((len(features), len(GRADES)))
    strengths = []
    for rest, held in grouped_folds(y.tolist(), list(groups), folds, seed):
        inner = grouped_folds(y[rest].tolist(), names[rest].tolist(), folds, seed)
        search = GridSearchCV(
            make_head(1.0),
            {"logisticregression__C": list(STRENGTHS)},
            scoring="neg_log_loss",
            cv=inner,
        )
        search.fit(features[rest], y[rest])
        strengths.append(float(search.best_params_["logisticregression__C"]))
        found[np.ix_(held, search.classes_)] = search.predict_proba(features[held])
    return found, strengths
