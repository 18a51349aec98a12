"""The study's grader: one stream for the photograph, one for its artery/vein map."""

import torch
from torch import nn

from av_grading.models.bilinear import BilinearPooling

POOLINGS = ("bilinear", "concat")


class TwoStream(nn.Module):
    """Two encoders whose last maps meet in bilinear pooling.

    With "concat" their means are put side by side instead, for comparison.
    """

    def __init__(
        self,
        photograph: nn.Module,
        av_map: nn.Module,
        channels: int,
        outputs: int,
        *,
        pooling: str = "bilinear",
        rank: int = 64,
        dropout: float = 0.2,
    ) -> None:
        """
        Args:
            photograph: encoder of RGB patches.
            av_map: encoder of maps.
            channels: of either encoder's last map.
            outputs: logits.
            pooling: "bilinear" or "concat".
            rank: of the bilinear pooling.
            dropout: share of pooled features that are dropped in training.

        Raises:
            ValueError: unknown pooling.
        """
        super().__init__()
        if pooling not in POOLINGS:
            raise ValueError(f"pooling: expected one of {POOLINGS}, found {pooling!r}")
        self.photograph = photograph
        self.av_map = av_map
        self.bilinear = BilinearPooling(channels, channels, rank) if pooling == "bilinear" else None
        features = 2 * channels if self.bilinear is None else self.bilinear.features
        # Unit-length rows have entries of size 1 / rank: the norm brings them back to size 1.
        self.classify = nn.Sequential(
            nn.LayerNorm(features), nn.Dropout(dropout), nn.Linear(features, outputs)
        )

    def forward(self, patch: torch.Tensor, av_map: torch.Tensor) -> torch.Tensor:
        """Patches and maps, each (B, 3, H, W) → logits (B, outputs)."""
        first, second = self.photograph(patch), self.av_map(av_map)  # (B, C, h, w)
        if self.bilinear is None:
            pooled = torch.cat([first.mean((2, 3)), second.mean((2, 3))], dim=1)
        else:
            pooled = self.bilinear(first, second)
        logits: torch.Tensor = self.classify(pooled)
        return logits
