"""Grades of crossings, of one photograph or of several together, by one grader or several."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from av_grading.data.patch_set import PatchSet
from av_grading.decision import Decision, DecisionRule, decide, member_names
from av_grading.grader import Grader, load_grader, predict_members
from av_screening.steps.patches import CrossingPatch

Shares = Mapping[str, NDArray[np.float64]]
"""Probabilities of the grades by member, (N, 4) each, grades taken to be equally common."""


def load_graders(paths: Sequence[Path], device: str, n_views: int) -> dict[str, Grader]:
    """Graders of an ensemble by name, which look at so many flips of a patch.

    Raises:
        WeightsError: a file is missing, damaged or of another kind; names it.
    """
    names = member_names(paths)
    return {
        name: replace(load_grader(path, device), views=n_views)
        for name, path in zip(names, paths, strict=True)
    }


def at_precision(graders: Mapping[str, Grader], precision: str) -> dict[str, Grader]:
    """Graders for inference in "float32", as they are, or in "bfloat16"."""
    if precision != "bfloat16":
        return dict(graders)
    return {name: grader.in_bfloat16() for name, grader in graders.items()}


def grade_crossings(
    crossings: Sequence[CrossingPatch],
    graders: Mapping[str, Grader],
    rule: DecisionRule | None = None,
    beside: Shares | None = None,
    spread_of: Sequence[str] | None = None,
) -> tuple[Shares, Decision] | None:
    """Grade crossings in batches; None without crossings or anything that grades them.

    Args:
        crossings: N of them.
        graders: by name.
        rule: how their probabilities become a grade; by default all count alike.
        beside: what other members say of the same crossings; NaN where they say nothing.
        spread_of: members whose spread is told; by default the graders.

    Returns:
        what every member says, and the decision; its spread is that between graders.
    """
    members = dict(beside or {})
    if crossings and graders:
        members = {**predict_members(graders, patch_set(crossings)), **members}
    if not crossings or not members:
        return None
    told = [n for n in (graders if spread_of is None else spread_of) if n in members]
    return members, decide(members, rule or DecisionRule(), spread_of=told)


def patch_set(crossings: Sequence[CrossingPatch]) -> PatchSet:
    """Crossings as graders take them."""
    return PatchSet(
        torch.from_numpy(np.stack([c.patch.transpose(2, 0, 1) for c in crossings])),
        torch.from_numpy(np.stack([c.av_map if c.shares is None else c.shares for c in crossings])),
        torch.full((len(crossings),), -1),
        [""] * len(crossings),
    )
