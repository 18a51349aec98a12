"""Patches in memory: decoded once, one size."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from av_grading.formats.errors import InputFileError
from av_grading.formats.images import read_map, read_patch, read_shares
from av_grading.formats.labels import likeliest, shares_of

if TYPE_CHECKING:  # manifests need pandas, which takes a second to import; grading does not
    from av_grading.formats.manifest import GradedPatch

RATIOS = ("ratio_first", "ratio_second")
"""Columns of a manifest that may have a vein's widths beside the artery."""


@dataclass(frozen=True)
class PatchSet:
    """Patches with their maps, decoded; a patch of 96 px takes 37 kB.

    Attributes:
        patches: (N, 3, P, P), RGB, 0-255, uint8.
        maps: labels 0-3, (N, P, P), or shares of artery, vein and overlap, 0-255, (N, 3, P, P);
            uint8.
        grades: (N,), 0-3, or -1 where there is none.
        groups: what is never split: the person of each where that is known, else its photograph.
        widths: (N, 2), the vein's width on its narrower and its wider side as a share of its own,
            NaN where that is not known; None: known of none.
    """

    patches: torch.Tensor
    maps: torch.Tensor
    grades: torch.Tensor
    groups: list[str]
    widths: torch.Tensor | None = None

    def __len__(self) -> int:
        return len(self.groups)

    @property
    def labels(self) -> NDArray[np.uint8]:
        """Maps as labels 0-3, (N, P, P), whichever kind they are."""
        maps = np.asarray(self.maps.numpy())
        return maps if maps.ndim == 3 else likeliest(maps)


def load_patches(rows: "Sequence[GradedPatch]") -> PatchSet:
    """Decode the patches of a manifest.

    Raises:
        InputFileError: a patch of another size than the first; or none at all.
    """
    if not rows:
        raise InputFileError("manifest", "expected graded patches, found none")
    patches, maps = [], []
    size = None
    # One kind for all: labels become shares where some are.
    soft = any(row.map_kind == "shares" for row in rows)
    for row in rows:
        patch = read_patch(row.patch)
        if row.map_kind == "shares":
            av_map = read_shares(row.av_map)
        else:
            av_map = read_map(row.av_map)
            av_map = shares_of(av_map) if soft else av_map
        size = size or patch.shape[:2]
        if patch.shape[:2] != size or size[0] != size[1]:
            height, width = patch.shape[:2]
            raise InputFileError(
                row.patch,
                f"expected a square of {size[0]} px as the first, found {width} x {height}",
            )
        patches.append(patch.transpose(2, 0, 1))
        maps.append(av_map)
    grades = [-1 if row.grade is None else row.grade for row in rows]
    return PatchSet(
        torch.from_numpy(np.stack(patches)),
        torch.from_numpy(np.stack(maps)),
        torch.tensor(grades),
        [row.split_group for row in rows],
        torch.tensor([_widths(row) for row in rows]),
    )


def _widths(row: "GradedPatch") -> tuple[float, float]:
    """Narrower and wider side of a row."""
    texts = [row.more.get(name, "") for name in RATIOS]
    if not all(texts):
        return math.nan, math.nan
    try:
        first, second = (float(text) for text in texts)
    except ValueError as error:
        raise InputFileError(row.patch, f"{', '.join(RATIOS)}: {error}") from error
    return min(first, second), max(first, second)
