"""Splits by group: no photograph on both sides, grades in like shares."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedGroupKFold

Indices = NDArray[np.int64]


class SplitError(ValueError):
    """The patches cannot be split as asked; the message says why."""


def grouped_folds(
    grades: Sequence[int], groups: Sequence[str], folds: int, seed: int
) -> list[tuple[Indices, Indices]]:
    """Training and validation rows of each fold, stratified by grade, whole groups.

    Raises:
        SplitError: fewer groups than folds, or a fold whose training or validation rows lack a
            grade that there is.
    """
    count = len(set(groups))
    if folds < 2 or count < folds:
        raise SplitError(
            f"{folds} folds: expected at least 2 folds and as many groups, found {count}"
        )
    splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    y = np.asarray(grades)
    found = [(np.asarray(a), np.asarray(b)) for a, b in splitter.split(y, y, list(groups))]
    for number, rows in enumerate(found):
        for side, part in zip(("training", "validation"), rows, strict=True):
            absent = sorted(set(y.tolist()) - set(y[part].tolist()))
            if absent:
                raise SplitError(
                    f"fold {number + 1} of {folds}: no {side} patch of grade "
                    f"{', '.join(map(str, absent))}; fewer folds, or more groups, are needed"
                )
    return found


def grouped_holdout(
    grades: Sequence[int], groups: Sequence[str], fraction: float, seed: int
) -> tuple[Indices, Indices]:
    """Training and held-out rows, about `fraction` of them held out, whole groups.

    Raises:
        SplitError: see `grouped_folds`.
    """
    if not 0 < fraction <= 0.5:
        raise SplitError(f"hold-out: expected a fraction of more than 0 to 0.5, found {fraction}")
    return grouped_folds(grades, groups, round(1 / fraction), seed)[0]
