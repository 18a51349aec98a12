"""Grades of crossings, of one photograph or of several together, by one grader or several."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from av_grading.data.patch_set import PatchSet
from av_grading.evaluation.metrics import expected_grade
from av_grading.grader import Grader, load_grader, predict_together
from av_screening.steps.patches import CrossingPatch

EQUAL = (0.25, 0.25, 0.25, 0.25)
"""Prevalence of the grades that graders have learned from."""
NARROWING = 0.8
"""Weight of the narrowing network beside the graders' mean."""


@dataclass(frozen=True)
class Grades:
    """Of N crossings, of which some have none.

    Attributes:
        probabilities: (N, 4), the mean over graders; rows sum to one, and are NaN without a grade.
        spread: standard deviation of the expected grade over graders, (N,); None with one.
        doubt: standard deviation of the grade itself, all grades taken to be equally common, (N,).
    """

    probabilities: NDArray[np.float64]
    spread: NDArray[np.float64] | None
    doubt: NDArray[np.float64]

    @property
    def graded(self) -> NDArray[np.bool_]:
        """Which crossings have a grade, (N,)."""
        return np.asarray(np.isfinite(self.probabilities[:, 0]))

    @property
    def expected(self) -> NDArray[np.float64]:
        """Mean grade, (N,), 0-3; NaN without one."""
        return expected_grade(self.probabilities)

    @property
    def rounded(self) -> NDArray[np.float64]:
        """Grades, (N,), 0-3; NaN without one: the expected grade, rounded.

        That has the least expected squared error, by which quadratic kappa judges too; the
        likeliest grade would be 0 as long as 0 is likelier than each of the others.
        """
        return np.asarray(np.floor(self.expected + 0.5))

    def without(self, numbers: Sequence[int]) -> "Grades":
        """The same, some crossings without a grade."""
        probabilities = self.probabilities.copy()
        probabilities[list(numbers)] = np.nan
        return replace(self, probabilities=probabilities)

    def part(self, rows: slice) -> "Grades":
        """Those of some of the crossings."""
        spread = None if self.spread is None else self.spread[rows]
        return Grades(self.probabilities[rows], spread, self.doubt[rows])

    def of(self, number: int) -> int | None:
        """The grade of a crossing, 0-3, or None; see `rounded`."""
        return int(self.rounded[number]) if self.graded[number] else None


def load_graders(paths: Sequence[Path], device: str, n_views: int) -> list[Grader]:
    """Graders of an ensemble, which look at so many flips of a patch.

    Raises:
        WeightsError: a file is missing, damaged or of another kind; names it.
    """
    return [replace(load_grader(path, device), views=n_views) for path in paths]


def at_precision(graders: Sequence[Grader], precision: str) -> list[Grader]:
    """Graders for inference in "float32", as they are, or in "bfloat16"."""
    return [g.in_bfloat16() for g in graders] if precision == "bfloat16" else list(graders)


def grade_crossings(
    crossings: Sequence[CrossingPatch],
    graders: Sequence[Grader],
    gradable: Sequence[bool] | None = None,
    prevalence: Sequence[float] = EQUAL,
    narrowing: NDArray[np.float64] | None = None,
) -> Grades | None:
    """Grade crossings in batches; None without graders or crossings.

    Args:
        crossings: N of them.
        graders: whose probabilities are averaged.
        gradable: which of them get a grade, N values; by default all.
        prevalence: how common the grades 0-3 are taken to be. Graders have learned from equal
            numbers; their probabilities are brought to it by Bayes' rule.
        narrowing: what the narrowing network says, (N, 4), with grades equally common; it has
            `NARROWING` of the weight.
    """
    if not graders or not crossings:
        return None
    chosen = [i for i in range(len(crossings)) if gradable is None or gradable[i]]
    probabilities = np.full((len(crossings), 4), np.nan)
    spread, doubt = np.full((2, len(crossings)), np.nan)
    if chosen:
        patches = patch_set([crossings[i] for i in chosen])
        equal, spread[chosen] = predict_together(graders, patches)
        if narrowing is not None:
            equal = (1 - NARROWING) * equal + NARROWING * narrowing[chosen]
        expected = expected_grade(equal)
        doubt[chosen] = np.sqrt(((np.arange(4) - expected[:, None]) ** 2 * equal).sum(axis=1))
        common = equal * np.asarray(prevalence)
        probabilities[chosen] = common / common.sum(axis=1, keepdims=True)
    return Grades(probabilities, spread if len(graders) > 1 else None, doubt)


def patch_set(crossings: Sequence[CrossingPatch]) -> PatchSet:
    """Crossings as graders take them."""
    return PatchSet(
        torch.from_numpy(np.stack([c.patch.transpose(2, 0, 1) for c in crossings])),
        torch.from_numpy(np.stack([c.av_map if c.shares is None else c.shares for c in crossings])),
        torch.full((len(crossings),), -1),
        [""] * len(crossings),
    )
