"""Caliber as features, and a classifier on them in the manner of Roy: no threshold of a vessel map,
widths relative to those of the same photograph.

A crossing's features describe its narrower and its wider side, so that mirrored crossings have the
same. What is not known is NaN, which the classifier can take.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestClassifier

from av_grading.caliber.narrowing import fit_narrowing
from av_grading.caliber.severity import SOURCES, arms
from av_grading.caliber.width import Widths
from av_grading.data.splits import grouped_folds
from av_grading.formats.errors import NotMeasurable
from av_grading.formats.grade_definition import GRADES

Array = NDArray[np.float64]

ZONES = ((1.0, 3.0), (3.0, 5.0), (5.0, 8.0), (8.0, 12.0))
"""Ways beyond the artery's edge whose mean width is a feature (DRIVE px)."""
_SIDE = ("ratio", "error", "least", *(f"zone{i}" for i in range(len(ZONES))))
NAMES = (
    *(f"{s}_{place}_{name}" for s in SOURCES for place in ("narrow", "wide") for name in _SIDE),
    "own_drive_px",
    "covered_drive_px",
    "blur_drive_px",
    "reflex",
)
"""Names of the features: per source of widths and side, logs of the fitted ratio, its error, the
least width and mean widths of zones, all as shares of the vein's own width; then that width, the
way that the artery covers, the blur (DRIVE px) and the reflex."""


def crossing_features(widths: Widths | None, drive_px: float) -> Array:
    """Features of one crossing, in the order of `NAMES`; all NaN where it was not followed.

    Args:
        widths: along the vein.
        drive_px: length of one DRIVE px in px.
    """
    found = np.full(len(NAMES), np.nan)
    if widths is None:
        return found
    values: list[float] = []
    own = np.nan
    for source in SOURCES:
        chosen, edges, _ = arms(widths, drive_px, source)
        try:
            sides = fit_narrowing(*chosen, drive_px)
        except NotMeasurable:
            values += [np.nan] * 2 * len(_SIDE)
            continue
        rows = []
        for (way, width, _), side in zip(chosen, sides, strict=True):
            share = np.log(width / side.own)
            zones = [_mean(share, way / drive_px, *zone) for zone in ZONES]
            near = share[way < ZONES[-1][1] * drive_px]
            least = float(np.quantile(near, 0.1)) if len(near) else np.nan
            rows.append([float(np.log(side.ratio)), side.log_error, least, *zones])
        rows.sort(key=lambda row: row[0])
        values += rows[0] + rows[1]
        if source == SOURCES[0]:
            own = float(np.mean([s.own for s in sides])) / drive_px
    covered = sum(edges) / drive_px
    return np.array([*values, own, covered, widths.blur / drive_px, widths.reflex])


def normalise(features: Array, groups: Sequence[str]) -> Array:
    """Features and, beside them, their difference from the photograph's median, (N, 2 * F).

    Args:
        features: (N, F), in the order of `NAMES`.
        groups: photograph of each crossing.
    """
    names = np.asarray(groups)
    usual = np.empty_like(features)
    for name in np.unique(names):
        rows = names == name
        known = np.isfinite(features[rows]).any(axis=0)
        middle = np.full(features.shape[1], np.nan)
        middle[known] = np.nanmedian(features[rows][:, known], axis=0)
        usual[rows] = middle
    return np.concatenate([features, features - usual], axis=1)


def make_classifier(seed: int) -> RandomForestClassifier:
    """Trees on features with NaN, grades weighed by how rare they are."""
    return RandomForestClassifier(
        300, min_samples_leaf=4, max_features=0.3, class_weight="balanced", random_state=seed
    )


def out_of_fold(
    features: Array, grades: Sequence[int], groups: Sequence[str], folds: int, seed: int
) -> Array:
    """Probabilities (N, 4) of a classifier that never saw the crossing's photograph.

    Args:
        features: (N, F).
        grades: 0-3, (N,).
        groups: photograph of each crossing.
        folds: of cross-validation, the project's grouped folds.
        seed: of folds and trees.

    Raises:
        SplitError: see `grouped_folds`.
    """
    found = np.zeros((len(features), len(GRADES)))
    y = np.asarray(grades)
    for rest, held in grouped_folds(grades, groups, folds, seed):
        model = make_classifier(seed).fit(features[rest], y[rest])
        found[np.ix_(held, model.classes_)] = model.predict_proba(features[held])
    return found


def _mean(values: Array, way: Array, low: float, high: float) -> float:
    inside = (way >= low) & (way < high)
    return float(values[inside].mean()) if inside.any() else np.nan
