"""How well grades are predicted, with intervals from resampling groups.

Grades are ordered: quadratic weighted kappa (QWK) counts an error by the square of its distance.
"""

import warnings
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from av_grading.decision import grade_of
from av_grading.formats.grade_definition import GRADES

Array = NDArray[np.float64]


def calibration_error(y_true: Array, probabilities: Array, *, bins: int = 10) -> float:
    """Expected calibration error (Guo 2017): how far confidence is from accuracy, 0-1.

    Args:
        y_true: grades (N,).
        probabilities: (N, 4), rows sum to one.
        bins: equal parts of confidence.
    """
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == y_true
    part = np.minimum((confidence * bins).astype(int), bins - 1)
    count = np.bincount(part, minlength=bins)
    gap = np.bincount(part, weights=confidence - right, minlength=bins)
    return float(np.abs(gap).sum() / max(count.sum(), 1))


def quadratic_kappa(y_true: Array, predicted: Array) -> float:
    """Quadratic weighted kappa of grades (N,), 0-3; NaN where there are none, or one grade only."""
    # As scikit-learn's, in a hundredth of its time: a thousand resamples ask for several each.
    grades = len(GRADES)
    pairs = grades * np.asarray(y_true, int) + np.asarray(predicted, int)
    counts = np.bincount(pairs, minlength=grades**2).reshape(grades, grades)
    penalty = (np.arange(grades)[:, None] - np.arange(grades)) ** 2
    by_chance = counts.sum(axis=1)[:, None] * counts.sum(axis=0)  # times the number of rows
    worst = float((penalty * by_chance).sum())
    found = float((penalty * counts).sum()) * len(pairs)
    return 1 - found / worst if worst else float("nan")


def grade_scores(y_true: Array, probabilities: Array) -> dict[str, float]:
    """All scores of one set of predictions; NaN for those that need both classes and have one.

    Args:
        y_true: grades (N,), 0-3.
        probabilities: (N, 4), rows sum to one.

    Returns:
        accuracy, kappa, qwk, macro_f1 of the grade (`decision.grade_of`: the expected grade,
        rounded); qwk_expected, which is qwk again (results of 0.2.0 had qwk of the likeliest
        grade); auc and ap of grade 0 against 1-3; ece, of the likeliest grade.

    Raises:
        ValueError: the shapes do not fit.
    """
    if probabilities.shape != (len(y_true), len(GRADES)):
        raise ValueError(
            f"expected probabilities {(len(y_true), len(GRADES))}, found {probabilities.shape}"
        )
    from sklearn import metrics as sk  # here: a second, which grading alone does not need

    predicted = grade_of(probabilities).astype(float)
    qwk = quadratic_kappa(y_true, predicted)
    nicked, score = np.asarray(y_true) > 0, 1 - probabilities[:, 0]
    both = bool(nicked.any() and not nicked.all())
    with warnings.catch_warnings():  # a resample may hold one grade only: the scores are NaN then
        warnings.simplefilter("ignore")
        kappa = sk.cohen_kappa_score(y_true, predicted, labels=list(GRADES))
    return {
        "accuracy": float(sk.accuracy_score(y_true, predicted)),
        "kappa": float(kappa),
        "qwk": qwk,
        "qwk_expected": qwk,
        "macro_f1": float(sk.f1_score(y_true, predicted, average="macro", zero_division=0)),
        "auc": float(sk.roc_auc_score(nicked, score)) if both else float("nan"),
        "ap": float(sk.average_precision_score(nicked, score)) if both else float("nan"),
        "ece": calibration_error(y_true, probabilities),
    }


def resample_groups(groups: Sequence[str], draws: int, seed: int) -> Iterator[NDArray[np.int64]]:
    """Indices of `draws` resamples: whole groups with replacement, all of their rows.

    Patches of one photograph are alike; resampling patches would make intervals too narrow.
    """
    names, numbers = np.unique(np.asarray(groups), return_inverse=True)
    rows = [np.flatnonzero(numbers == i) for i in range(len(names))]
    rng = np.random.default_rng(seed)
    for _ in range(draws):
        yield np.concatenate([rows[i] for i in rng.integers(len(names), size=len(names))])


def interval(values: Sequence[float]) -> list[float]:
    """Central 95 % of resampled values, [low, high]; NaN are left out."""
    low, high = np.nanpercentile(np.asarray(values, float), [2.5, 97.5])
    return [float(low), float(high)]


def scores_with_intervals(
    y_true: Array, predictions: dict[str, Array], groups: Sequence[str], draws: int, seed: int
) -> tuple[dict[str, float], dict[str, list[float]]]:
    """Scores of several models on the same rows, and of their paired differences.

    Args:
        y_true: grades (N,).
        predictions: model → probabilities (N, 4); the first is compared with each of the others.
        groups: of the rows (N,).
        draws: resamples of the groups, the same for all models.
        seed: of the resampling.

    Returns:
        `<model>_<score>` and `<first>_minus_<model>_<score>`, and their 95 % intervals.
    """
    everything = np.arange(len(y_true))
    metrics = _scores(y_true, predictions, everything)
    resampled = [
        _scores(y_true, predictions, rows) for rows in resample_groups(groups, draws, seed)
    ]
    return metrics, {name: interval([r[name] for r in resampled]) for name in metrics}


def _scores(
    y_true: Array, predictions: dict[str, Array], rows: NDArray[np.int64]
) -> dict[str, float]:
    found = {name: grade_scores(y_true[rows], p[rows]) for name, p in predictions.items()}
    values = {f"{name}_{score}": v for name, scores in found.items() for score, v in scores.items()}
    first, *others = found
    for other in others:
        for score in found[first]:
            difference = found[first][score] - found[other][score]
            values[f"{first}_minus_{other}_{score}"] = difference
    return values
