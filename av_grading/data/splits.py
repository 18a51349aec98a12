"""Splits by group: no photograph on both sides, grades in like shares."""

import warnings
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
    commonest = int(np.bincount(grades).max())
    if commonest < folds:
        raise SplitError(
            f"{folds} folds: expected as many patches of a grade, found {commonest} at most"
        )
    found = _stratified(grades, groups, folds, seed)
    for number, rows in enumerate(found):
        lack = _lack(grades, rows)
        if lack:
            raise SplitError(
                f"fold {number + 1} of {folds}: {lack}; fewer folds, or more groups, are needed"
            )
    return found


def grouped_holdout(
    grades: Sequence[int], groups: Sequence[str], fraction: float, seed: int
) -> tuple[Indices, Indices]:
    """Training and held-out rows, whole groups, every grade on both sides.

    About `fraction` of the rows are held out; more, up to half, where there are so few groups that
    a side would lack a grade.

    Raises:
        SplitError: another fraction than of more than 0 to 0.5, one group alone, or no hold-out
            has every grade on both sides.
    """
    if not 0 < fraction <= 0.5:
        raise SplitError(f"hold-out: expected a fraction of more than 0 to 0.5, found {fraction}")
    count = len(set(groups))
    if count < 2:
        raise SplitError(f"hold-out: expected at least 2 groups, found {count}")
    lack = "expected two patches of a grade, found one of each"
    commonest = int(np.bincount(grades).max())
    for folds in range(min(round(1 / fraction), count, commonest), 1, -1):
        for rows in _stratified(grades, groups, folds, seed):
            lack = _lack(grades, rows)
            if not lack:
                return rows
    raise SplitError(f"hold-out of {count} groups: {lack}; more groups are needed")


def _stratified(
    grades: Sequence[int], groups: Sequence[str], folds: int, seed: int
) -> list[tuple[Indices, Indices]]:
    splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    y = np.asarray(grades)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of rare grades: see _lack
        found = list(splitter.split(y, y, list(groups)))
    return [(np.asarray(a), np.asarray(b)) for a, b in found]


def _lack(grades: Sequence[int], rows: tuple[Indices, Indices]) -> str:
    """What a side has no patch of, although there are some; empty where it has all."""
    y = np.asarray(grades)
    for side, part in zip(("training", "validation"), rows, strict=True):
        absent = sorted(set(y.tolist()) - set(y[part].tolist()))
        if absent:
            return f"no {side} patch of grade {', '.join(map(str, absent))}"
    return ""
