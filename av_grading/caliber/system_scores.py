"""Scores of the classical systems and of graders on the same crossings, with intervals."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from av_grading.caliber.features import crossing_features, normalise, out_of_fold
from av_grading.caliber.measure import Measured
from av_grading.caliber.phantom_check import PhantomErrors, phantom_metrics
from av_grading.caliber.simulated_check import Ratios, caliber_grades, ratio_metrics
from av_grading.evaluation.metrics import interval, quadratic_kappa, resample_groups
from av_grading.formats.errors import InputFileError
from av_grading.formats.grade_definition import Thresholds
from av_grading.formats.predictions import read_predictions

Array = NDArray[np.float64]
Rows = NDArray[np.int64]


def given_grades(
    measured: Sequence[Measured], folder: Path, paths: dict[str, Path], folds: int, seed: int
) -> dict[str, Array]:
    """System → grade of every crossing (N,), NaN where it gives none.

    Raises:
        InputFileError: predictions that cannot be read, or of other patches.
        SplitError: too few photographs for the folds.
    """
    groups = [m.row.group for m in measured]
    truth = [m.row.grade for m in measured]
    graded = caliber_grades(measured, Thresholds())
    features = np.stack([crossing_features(m.widths, m.drive_px or 1.0) for m in measured])
    known = [g for g in truth if g is not None]
    roy = out_of_fold(normalise(features, groups), known, groups, folds, seed)
    found = {
        "nguyen": np.array([np.nan if g is None else g for g in graded]),
        "roy": roy.argmax(axis=1).astype(float),
    }
    for name, path in paths.items():
        table = read_predictions(path)
        grades = np.full(len(measured), np.nan)
        for number, m in enumerate(measured):
            key = m.row.name(folder)
            if key in table:
                grades[number] = int(np.argmax(table[key][2]))
        if np.isnan(grades).all():
            raise InputFileError(path, "expected predictions of the manifest's patches, found none")
        found[name] = grades
    return found


def grade_metrics(truth: Array, grades: dict[str, Array], rows: Rows) -> dict[str, float]:
    """QWK, accuracy and share graded of each system on some rows; those without a grade apart.

    `<system>_measured_qwk` is on the crossings that Nguyen's thresholds could grade, so that all
    systems stand beside each other.
    """
    found = {}
    easy = np.isfinite(grades["nguyen"][rows])
    for name, graded in grades.items():
        known = np.isfinite(graded[rows])
        found[f"{name}_qwk"] = quadratic_kappa(truth[rows][known], graded[rows][known])
        found[f"{name}_accuracy"] = float((truth[rows] == graded[rows])[known].mean())
        found[f"{name}_graded_share"] = float(known.mean())
        both = known & easy
        found[f"{name}_measured_qwk"] = quadratic_kappa(truth[rows][both], graded[rows][both])
    return found


def score(
    phantoms: Sequence[PhantomErrors],
    ratios: Ratios,
    grades: dict[str, Array],
    truth: Array,
    groups: Sequence[str],
    fresh: NDArray[np.bool_],
    draws: int,
    seed: int,
) -> tuple[dict[str, float], dict[str, list[float]]]:
    """All metrics and their 95 % intervals; phantoms are resampled one by one."""

    def crossings(rows: Rows) -> dict[str, float]:
        found = ratio_metrics(ratios, rows[fresh[rows]])
        everything = ratio_metrics(ratios, rows)
        found |= {f"{k}_with_tuned": v for k, v in everything.items() if k == "ratio_spearman"}
        return found | grade_metrics(truth, grades, rows)

    metrics = phantom_metrics(phantoms) | crossings(np.arange(len(truth)))
    rng = np.random.default_rng(seed)
    resampled = [
        phantom_metrics([phantoms[i] for i in rng.integers(len(phantoms), size=len(phantoms))])
        | crossings(rows)
        for rows in resample_groups(groups, draws, seed)
    ]
    return metrics, {name: interval([r[name] for r in resampled]) for name in metrics}
