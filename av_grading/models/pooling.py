"""Poolings of the two streams' feature maps: bilinear, means side by side, or both.

Bilinear: Lin, RoyChowdhury, Maji, Bilinear CNN Models for Fine-grained Visual Recognition, ICCV
2015, https://arxiv.org/abs/1504.07889. Projected before the outer product (low rank, as
Kim 2017, https://arxiv.org/abs/1610.04325): all pairs of 512 channels would be 262,144 features,
which some hundred patches cannot teach.
"""

import torch
import torch.nn.functional as F
from torch import nn

from av_grading.config import POOLINGS


class BilinearPooling(nn.Module):
    """Mean outer product of two maps over positions, signed square root, L2 norm."""

    def __init__(self, first: int, second: int, rank: int) -> None:
        """
        Args:
            first, second: channels of the two maps.
            rank: channels that each is projected to.

        Raises:
            ValueError: the rank is not positive.
        """
        super().__init__()
        if rank < 1:
            raise ValueError(f"rank: expected at least 1, found {rank}")
        self.project_first = nn.Conv2d(first, rank, 1)
        self.project_second = nn.Conv2d(second, rank, 1)
        self.features = rank * rank

    def forward(self, first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
        """Maps (B, C1, H, W) and (B, C2, H, W) → features (B, rank²) of unit length."""
        a, b = self.project_first(first).flatten(2), self.project_second(second).flatten(2)
        return signed_root(torch.bmm(a, b.transpose(1, 2)).flatten(1) / a.shape[-1])


def signed_root(x: torch.Tensor) -> torch.Tensor:
    """Square root of magnitudes, signs kept, rows (B, D) scaled to unit length.

    >>> signed_root(torch.tensor([[9.0, -16.0]]))
    tensor([[ 0.6000, -0.8000]])
    """
    # The root's slope is infinite at 0; the offset bounds it.
    root = torch.sign(x) * (torch.sqrt(x.abs() + 1e-8) - 1e-4)
    return F.normalize(root, dim=1)


class MeanPooling(nn.Module):
    """Means of two maps over positions, side by side."""

    def __init__(self, first: int, second: int) -> None:
        """
        Args:
            first, second: channels of the two maps.
        """
        super().__init__()
        self.features = first + second

    def forward(self, first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
        """Maps (B, C1, H, W) and (B, C2, H, W) → means (B, C1 + C2)."""
        return torch.cat([first.mean((2, 3)), second.mean((2, 3))], dim=1)


Pooling = BilinearPooling | MeanPooling


def build_poolings(name: str, channels: int, rank: int) -> dict[str, Pooling]:
    """The poolings that `model.pooling` names, by what they are called in weights files.

    Args:
        name: one of `av_grading.config.POOLINGS`.
        channels: of either map.
        rank: of the bilinear one.

    Raises:
        ValueError: unknown name.
    """
    if name not in POOLINGS:
        raise ValueError(f"pooling: expected one of {POOLINGS}, found {name!r}")
    poolings: dict[str, Pooling] = {}
    if name in ("bilinear", "both"):
        poolings["bilinear"] = BilinearPooling(channels, channels, rank)
    if name in ("concat", "both"):
        poolings["means"] = MeanPooling(channels, channels)
    return poolings
