"""What people read at a crossing, told from the close-up network's features: which vessel lies
above, and whether a grade could be given.

Two logistic questions over features that are pooled where they matter: at the crossing, around it,
along the artery and along the vein beside it.
"""

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import nn

from av_grading.close_ups.cut import SCALE
from av_grading.vessels.crossing_vessels import CrossingVessels

QUESTIONS = ("artery_above", "gradable")
NEAR, AROUND = 1.5, 5.0
"""Standard deviations of what is pooled at and around a crossing (DRIVE px)."""


class ReadingHead(nn.Module):
    """Answers both questions by logistic regression, which is fitted, not descended to."""

    mean: torch.Tensor
    scale: torch.Tensor
    weight: torch.Tensor
    bias: torch.Tensor

    def __init__(
        self, mean: torch.Tensor, scale: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor
    ) -> None:
        """
        Args:
            mean, scale, weight: of the features, (2, F), for the questions in the order of
                `QUESTIONS`.
            bias: (2,).
        """
        super().__init__()
        for name, tensor in (("mean", mean), ("scale", scale), ("weight", weight), ("bias", bias)):
            self.register_buffer(name, tensor)

    @classmethod
    def untrained(cls, features: int) -> "ReadingHead":
        """One that answers one half to both questions.

        Args:
            features: of a crossing, F.
        """
        count = len(QUESTIONS)
        zeros, ones = torch.zeros(count, features), torch.ones(count, features)
        return cls(zeros, ones, zeros.clone(), torch.zeros(count))

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Probabilities (N, 2) from features (N, F)."""
        normal = ((features[:, None] - self.mean) / self.scale).clamp(-5, 5)  # (N, 2, F)
        return ((normal * self.weight).sum(dim=2) + self.bias).sigmoid()


def pool(
    fine: torch.Tensor, deep: torch.Tensor, shares: torch.Tensor, middles: torch.Tensor
) -> torch.Tensor:
    """Features of crossings, (N, F).

    Args:
        fine, deep: the network's finest and coarsest features, see `CloseUpNet.extract`.
        shares: fine maps of the close-ups, (N, 4, P, P).
        middles: crossings, (N, 2), x and y (px of the close-up).
    """
    side = fine.shape[-1]
    factor = shares.shape[-1] // side
    maps = F.avg_pool2d(shares, factor)
    at = (middles + 0.5) / factor - 0.5
    grid = torch.arange(side, dtype=fine.dtype, device=fine.device)
    away = (grid - at[:, :1])[:, None, :] ** 2 + (grid - at[:, 1:])[:, :, None] ** 2  # (N, h, w)
    px = SCALE / factor  # a DRIVE px
    near, around = (torch.exp(-away / (2 * (s * px) ** 2)) for s in (NEAR, AROUND))
    beside = around * (1 - near)
    weights = torch.stack(
        [near, around, beside * maps[:, 1], beside * maps[:, 2], near * maps[:, 3]], dim=1
    ).flatten(2)
    # As products of matrices, with channels last, some ten times as fast as channel by channel.
    sums = weights @ fine.permute(0, 2, 3, 1).flatten(1, 2)  # (N, 5, C)
    pooled = [(sums / weights.sum(dim=2, keepdim=True).clamp(min=1e-3)).flatten(1)]
    spots = deep.shape[-1]
    coarse_at = (middles + 0.5) / (shares.shape[-1] / spots) - 0.5
    cells = torch.arange(spots, dtype=fine.dtype, device=fine.device)
    far = (cells - coarse_at[:, :1])[:, None, :] ** 2 + (cells - coarse_at[:, 1:])[:, :, None] ** 2
    weight = torch.exp(-far / 2)
    pooled.append(torch.einsum("nchw,nhw->nc", deep, weight) / weight.sum((1, 2))[:, None])
    return torch.cat(pooled, dim=1)


def all_features(pooled: torch.Tensor, vessels: Sequence[CrossingVessels]) -> torch.Tensor:
    """Pooled features with the numbers of the vessels, (N, F)."""
    own: NDArray[np.float64] = np.stack([v.features() for v in vessels])
    return torch.cat([pooled, torch.from_numpy(own).to(pooled)], dim=1)
