"""Deletion and insertion curves (Petsiuk 2018, https://arxiv.org/abs/1806.07421).

Cells of a patch are removed in some order, or added to a patch without vessels; if the order is
that of what the grader needs, its score falls, or rises, early.
"""

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from tqdm import tqdm

from av_grading.attribution.localization import distance_to_crossing
from av_grading.attribution.maps import Maps
from av_grading.attribution.reference import without_vessels
from av_grading.attribution.scored import Scored
from av_grading.data.patch_set import PatchSet
from av_grading.data.transforms import to_inputs

STEPS = 8
CELL = 4
"""Side of what is removed at once (px): single pixels would leave noise, not less of a vessel."""
RANDOM_DRAWS = 2

Curve = NDArray[np.float32]


@dataclass(frozen=True)
class Curves:
    """The target's probability along the way, (N, STEPS + 1) each.

    Attributes:
        deletion: most attributed cells removed first.
        insertion: most attributed cells added first.
        random: cells removed in random orders, their mean.
        center: cells removed from the crossing outwards, what one would do without a map.
    """

    deletion: Curve
    insertion: Curve
    random: Curve
    center: Curve

    def gains(self) -> dict[str, NDArray[np.float64]]:
        """Differences of areas under curves, (N,) each; above 0 is better than the other order.

        Adding cells in a random order is removing them in another, read backwards.
        """
        chance = area(self.random)
        return {
            "deletion_gain": chance - area(self.deletion),
            "insertion_gain": area(self.insertion) - chance,
            "deletion_gain_over_center": area(self.center) - area(self.deletion),
        }


def area(curves: Curve) -> NDArray[np.float64]:
    """Area under curves (N, S) over shares from 0 to 1: (N,)."""
    return np.asarray(np.trapezoid(curves, dx=1 / (curves.shape[1] - 1), axis=1), np.float64)


def measure_curves(
    scored: Scored,
    data: PatchSet,
    targets: torch.Tensor,
    maps: Maps,
    *,
    crop: int,
    seed: int,
    batch: int = 32,
    title: str | None = None,
) -> Curves:
    """Curves of all patches of a set.

    Args:
        scored: the grader.
        data: patches.
        targets: (N,), whose probability is followed.
        maps: (N, crop, crop), the order in which both streams lose a cell.
        crop: side that the grader sees (px).
        seed: of the random orders.
        batch: patches at a time.
        title: of a progress bar; none without it.
    """
    rng = np.random.default_rng(seed)
    by_map = _cells(torch.from_numpy(maps))
    outwards = _cells(torch.from_numpy(-distance_to_crossing(crop)[None]).float())
    orders = [by_map, outwards.expand_as(by_map)]
    for _ in range(RANDOM_DRAWS):
        orders.append(torch.from_numpy(rng.random(tuple(by_map.shape), np.float32)))
    ranks = [_ranks(order) for order in orders]
    found: list[list[torch.Tensor]] = []
    hidden = None if title else True
    for start in tqdm(range(0, len(data), batch), title, disable=hidden, unit="batch"):
        part = slice(start, start + batch)
        inputs = scored.pick(to_inputs(data.patches[part], data.maps[part], crop))
        empty, aims = without_vessels(inputs, scored.streams), targets[part]

        def follow(
            rank: torch.Tensor,
            full: tuple[torch.Tensor, ...],
            other: tuple[torch.Tensor, ...],
            aims: torch.Tensor,
        ) -> torch.Tensor:
            points = []
            for step in range(STEPS + 1):
                gone = _spread(rank < step / STEPS, crop).to(full[0])
                mixed = tuple(a + (b - a) * gone for a, b in zip(full, other, strict=True))
                points.append(scored.confidence(mixed, aims).cpu())
            return torch.stack(points, dim=1)

        deleted = [follow(rank[part], inputs, empty, aims) for rank in ranks]
        inserted = follow(ranks[0][part], empty, inputs, aims)
        found.append([deleted[0], inserted, torch.stack(deleted[2:]).mean(dim=0), deleted[1]])
    each = [torch.cat(curves).float().numpy() for curves in zip(*found, strict=True)]
    return Curves(*each)


def _cells(maps: torch.Tensor) -> torch.Tensor:
    """Means over cells of maps (N, H, H): (N, h, h); the last row and column may be smaller."""
    return F.avg_pool2d(maps[:, None], CELL, ceil_mode=True)[:, 0]


def _ranks(cells: torch.Tensor) -> torch.Tensor:
    """Place of each cell in descending order, as a share: (N, h, h), 0 to less than 1."""
    flat = cells.flatten(1)
    order = flat.argsort(dim=1, descending=True, stable=True)
    ranks = torch.empty_like(flat)
    places = torch.arange(flat.shape[1], dtype=flat.dtype).expand_as(flat) / flat.shape[1]
    return ranks.scatter(1, order, places).view_as(cells)


def _spread(cells: torch.Tensor, side: int) -> torch.Tensor:
    """Cells (N, h, h) → pixels (N, 1, side, side)."""
    wide = cells.repeat_interleave(CELL, dim=1).repeat_interleave(CELL, dim=2)
    return wide[:, None, :side, :side]
