"""What readings say of a crossing, told from the close-up network's features: is it clear, does the
artery lie above, is the grade at least 1, 2, 3.

Logistic questions over features that are pooled where they matter: at the crossing, around it,
along the artery and along the vein beside it.
"""

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import nn

from av_grading.close_ups.cut import SCALE
from av_grading.models.reading_outputs import Answers
from av_grading.vessels.crossing_vessels import CrossingVessels

QUESTIONS = ("clear", "artery_above", "grade1", "grade2", "grade3")
"""The last three: at least this grade."""
NAME = "reading_head"
"""Of what it says of grades, among the members of a decision."""
NEAR, AROUND = 1.5, 5.0
"""Standard deviations of what is pooled at and around a crossing (DRIVE px)."""


class ReadingHead(nn.Module):
    """Answers `QUESTIONS` by logistic regression, which is fitted, not descended to."""

    mean: torch.Tensor
    scale: torch.Tensor
    weight: torch.Tensor
    bias: torch.Tensor

    def __init__(
        self, mean: torch.Tensor, scale: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor
    ) -> None:
        """
        Args:
            mean, scale, weight: of the features, (5, F), for the questions in the order of
                `QUESTIONS`.
            bias: (5,).

        Raises:
            TypeError: of other questions than `QUESTIONS`.
        """
        super().__init__()
        if len(bias) != len(QUESTIONS):
            raise TypeError(f"expected {len(QUESTIONS)} questions, found {len(bias)}")
        for name, tensor in (("mean", mean), ("scale", scale), ("weight", weight), ("bias", bias)):
            self.register_buffer(name, tensor)

    @classmethod
    def untrained(cls, features: int) -> "ReadingHead":
        """One that answers one half to every question.

        Args:
            features: of a crossing, F.
        """
        count = len(QUESTIONS)
        zeros, ones = torch.zeros(count, features), torch.ones(count, features)
        return cls(zeros, ones, zeros.clone(), torch.zeros(count))

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Probabilities (N, 5) from features (N, F)."""
        normal = ((features[:, None] - self.mean) / self.scale).clamp(-5, 5)  # (N, 5, F)
        return ((normal * self.weight).sum(dim=2) + self.bias).sigmoid()


def head_answers(probabilities: NDArray[np.float64]) -> Answers:
    """Probabilities of `QUESTIONS`, (N, 5), as what other networks say; of the vein's sides and
    bends the head knows nothing.

    >>> head_answers(np.array([[0.9, 0.8, 0.5, 0.2, 0.3]])).grade.round(2).tolist()
    [[0.5, 0.3, 0.0, 0.2]]
    """
    # Fitted one by one, a higher grade may come out likelier than a lower one.
    at_least = np.minimum.accumulate(probabilities[:, 2:], axis=1)
    ends = np.ones((len(at_least), 1)), np.zeros((len(at_least), 1))
    grade = -np.diff(np.concatenate([ends[0], at_least, ends[1]], axis=1), axis=1)
    unknown = np.full(len(at_least), np.nan)
    sides = np.full((len(at_least), 2), np.nan)
    return Answers(grade, probabilities[:, 0], unknown, probabilities[:, 1], sides)


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
