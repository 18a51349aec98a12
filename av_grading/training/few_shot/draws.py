"""Learn from as few patches as the study had, several times over.

The study trained on 90 patches of 47 photographs: 48, 16, 14 and 12 of grades 0-3. Each draw takes
so many from some photographs and tests on all patches of the others.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from av_grading.command_line.defaults import STUDY as STUDY
from av_grading.config import Config
from av_grading.data.patch_set import PatchSet
from av_grading.data.splits import SplitError, grouped_holdout
from av_grading.grader import Rows
from av_grading.training.cross_validation import FoldResult, fold_split
from av_grading.training.engine import train


def draw_rows(
    data: PatchSet, counts: Sequence[int], held_out: float, seed: int
) -> tuple[Rows, Rows]:
    """Rows to train on, `counts` of each grade, and all rows of the held-out groups.

    Args:
        data: graded patches.
        counts: of grades 0-3.
        held_out: share of the groups to test on.
        seed: of the draw.

    Raises:
        SplitError: there are not so many patches of a grade in the groups to train on.
    """
    rest, test = grouped_holdout(data.grades.tolist(), data.groups, held_out, seed)
    rng = np.random.default_rng(seed)
    chosen = []
    for grade, count in enumerate(counts):
        known = rest[data.grades[rest].numpy() == grade]
        if len(known) < count:
            raise SplitError(
                f"draw {seed}: expected {count} patches of grade {grade} to train on, "
                f"found {len(known)}"
            )
        chosen.append(rng.permutation(known)[:count])
    return np.sort(np.concatenate(chosen)), test


def learn_from_few(
    config: Config,
    data: PatchSet,
    output: Path,
    seed: int,
    *,
    counts: Sequence[int] = STUDY,
    held_out: float = 0.4,
    unlabelled: PatchSet | None = None,
    resume: bool = False,
) -> FoldResult:
    """Train on one draw and predict the patches of the photographs that were held out.

    Unlabelled patches are those of the drawn patches' photographs.

    Raises:
        SplitError, ResumeError, WeightsError, ValueError: see `draw_rows` and `train`.
    """
    rows, test = draw_rows(data, counts, held_out, seed)
    split = fold_split(data, rows, config.data.val_fraction, seed, unlabelled)
    grader = train(config, data, split, output, unlabelled=unlabelled, resume=resume)
    return FoldResult(test, grader.predict(data, test), grader)
