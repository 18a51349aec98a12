"""Bilinear pooling of two feature maps.

Lin, RoyChowdhury, Maji: Bilinear CNN Models for Fine-grained Visual Recognition, ICCV 2015,
https://arxiv.org/abs/1504.07889. Projected before the outer product (low rank, in the manner of
Kim 2017, https://arxiv.org/abs/1610.04325): all pairs of 512 channels would be 262,144 features,
which some hundred patches cannot teach.
"""

import torch
import torch.nn.functional as F
from torch import nn


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
