"""Grades of the crossings of a photograph, by one grader or several."""

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


@dataclass(frozen=True)
class Grades:
    """Of N crossings.

    Attributes:
        probabilities: (N, 4), the mean over graders; rows sum to one.
        spread: standard deviation of the expected grade over graders, (N,); None with one.
    """

    probabilities: NDArray[np.float64]
    spread: NDArray[np.float64] | None

    @property
    def grade(self) -> NDArray[np.int64]:
        """The likeliest, (N,), 0-3."""
        return np.asarray(self.probabilities.argmax(axis=1))

    @property
    def expected(self) -> NDArray[np.float64]:
        """Mean grade, (N,), 0-3."""
        return expected_grade(self.probabilities)


def load_graders(paths: Sequence[Path], device: str, n_views: int) -> list[Grader]:
    """Graders of an ensemble, which look at so many flips of a patch.

    Raises:
        WeightsError: a file is missing, damaged or of another kind; names it.
    """
    return [replace(load_grader(path, device), views=n_views) for path in paths]


def at_precision(graders: Sequence[Grader], precision: str) -> list[Grader]:
    """Graders for inference in "float32", as they are, or in "bfloat16"."""
    return [g.in_bfloat16() for g in graders] if precision == "bfloat16" else list(graders)


def grade_crossings(crossings: Sequence[CrossingPatch], graders: Sequence[Grader]) -> Grades | None:
    """Grade all crossings of a photograph in batches; None without graders or crossings."""
    if not graders or not crossings:
        return None
    probabilities, spread = predict_together(graders, patch_set(crossings))
    return Grades(probabilities, spread if len(graders) > 1 else None)


def patch_set(crossings: Sequence[CrossingPatch]) -> PatchSet:
    """Crossings as graders take them."""
    return PatchSet(
        torch.from_numpy(np.stack([c.patch.transpose(2, 0, 1) for c in crossings])),
        torch.from_numpy(np.stack([c.av_map for c in crossings])),
        torch.full((len(crossings),), -1),
        [""] * len(crossings),
    )
