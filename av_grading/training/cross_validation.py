"""Out-of-fold predictions: every patch graded by a model that never saw its photograph.

Each fold's patches are predicted by a model that was trained on the other folds; the epoch and
the temperature are chosen on groups held out from those, never on the fold itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from av_grading.config import Config
from av_grading.data.patch_set import PatchSet
from av_grading.data.splits import SplitError, grouped_folds, grouped_holdout
from av_grading.grader import Grader, Rows
from av_grading.training.engine import Split, train

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class FoldResult:
    """One fold.

    Attributes:
        rows: of the fold.
        probabilities: (N, 4), by the model that never saw their groups.
        grader: that model.
    """

    rows: Rows
    probabilities: NDArray[np.float64]
    grader: Grader


def _no_extra(data: PatchSet) -> Mask:
    return np.zeros(len(data), bool)


def fold_split(
    data: PatchSet,
    rows: Rows,
    inner: float,
    seed: int,
    unlabelled: PatchSet | None = None,
    extra: Mask | None = None,
) -> Split:
    """Split a fold's training rows into those to learn from and those to stop by, by group.

    Extra and unlabelled patches are all learned from but for those of groups that are held out,
    here or in another part of `data`.

    Args:
        data: graded patches.
        rows: of the fold, for training.
        inner: share of their groups to stop by.
        seed: of the split.
        unlabelled: patches for the semi-supervised step.
        extra: (N,), true for rows of `data` to learn from alone; None for none.

    Raises:
        SplitError: the rows cannot be split so.
    """
    more_to_learn = np.flatnonzero(_no_extra(data) if extra is None else extra)
    grades = [int(data.grades[i]) for i in rows]
    groups = [data.groups[i] for i in rows]
    try:
        learn, stop = grouped_holdout(grades, groups, inner, seed)
    except SplitError as error:
        message = f"data.val_fraction, groups of a fold's training patches to stop by: {error}"
        raise SplitError(message) from error
    of_extra = set(more_to_learn.tolist())
    own_groups = {g for i, g in enumerate(data.groups) if i not in of_extra}
    held = own_groups - {groups[i] for i in learn}
    more = [i for i in more_to_learn if data.groups[i] not in held]
    train_rows = np.concatenate([rows[learn], np.array(more, np.int64)])
    if unlabelled is None:
        return Split(train_rows, rows[stop])
    others = np.array([i for i, g in enumerate(unlabelled.groups) if g not in held], np.int64)
    return Split(train_rows, rows[stop], others)


def cross_validate(
    config: Config,
    data: PatchSet,
    output: Path,
    *,
    unlabelled: PatchSet | None = None,
    resume: bool = False,
    first: int | None = None,
    extra: Mask | None = None,
) -> list[FoldResult]:
    """Train a model for every fold and predict the fold with it.

    Args:
        config: all settings; the folds depend on its seed, not on the model.
        data: graded patches.
        output: folder; each fold's training is in `fold<k>`.
        unlabelled: patches for the semi-supervised step.
        resume: go on from checkpoints that are there.
        first: train that many of the folds alone; 1 is a grouped hold-out.
        extra: (N,), true for rows of `data` to learn from alone; None for none.

    Raises:
        SplitError, ResumeError, WeightsError, ValueError: see `train` and `fold_split`.
    """
    seed = config.train.seed
    own = np.flatnonzero(~(_no_extra(data) if extra is None else extra))
    groups = [data.groups[i] for i in own]
    folds = grouped_folds(data.grades[own].tolist(), groups, config.data.folds, seed)
    results = []
    for number, (rest, held) in enumerate((own[a], own[b]) for a, b in folds[:first]):
        split = fold_split(data, rest, config.data.val_fraction, seed, unlabelled, extra)
        folder = output / f"fold{number}"
        grader = train(config, data, split, folder, unlabelled=unlabelled, resume=resume)
        results.append(FoldResult(held, grader.predict(data, held), grader))
    return results


def pooled(results: Sequence[FoldResult]) -> tuple[Rows, NDArray[np.float64]]:
    """Rows of all folds in order, and their probabilities (N, 4)."""
    rows = np.concatenate([r.rows for r in results])
    probabilities = np.concatenate([r.probabilities for r in results])
    order = np.argsort(rows, kind="stable")
    return rows[order], probabilities[order]
