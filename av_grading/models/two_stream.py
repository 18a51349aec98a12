"""The study's grader: one stream for the photograph, one for its artery/vein map."""

import torch
from torch import nn

from av_grading.models.align_vein import align
from av_grading.models.pooling import build_poolings


class TwoStream(nn.Module):
    """Two encoders whose last maps meet in bilinear pooling.

    With "concat" their means are put side by side instead, for comparison; with "both" beside the
    bilinear features, each normalised by itself.
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
        align_vein: bool = False,
    ) -> None:
        """
        Args:
            photograph: encoder of RGB patches.
            av_map: encoder of maps.
            channels: of either encoder's last map.
            outputs: logits.
            pooling: "bilinear", "concat" or "both".
            rank: of the bilinear pooling.
            dropout: share of pooled features that are dropped in training.
            align_vein: turn what is seen so that the vein runs level.

        Raises:
            ValueError: unknown pooling.
        """
        super().__init__()
        self.photograph = photograph
        self.av_map = av_map
        self.align_vein = align_vein
        poolings = build_poolings(pooling, channels, rank)
        self.pooled_by = tuple(poolings)
        for name, module in poolings.items():
            self.add_module(name, module)
        sizes = [module.features for module in poolings.values()]
        # Unit-length rows have entries of size 1 / rank: the norm brings them back to size 1.
        self.norms = nn.ModuleList(nn.LayerNorm(size) for size in sizes)
        self.classify = nn.Sequential(nn.Dropout(dropout), nn.Linear(sum(sizes), outputs))

    def forward(self, patch: torch.Tensor, av_map: torch.Tensor) -> torch.Tensor:
        """Patches and maps, each (B, 3, H, W) → logits (B, outputs)."""
        if self.align_vein:
            patch, av_map = align(patch, av_map)
        first, second = self.photograph(patch), self.av_map(av_map)  # (B, C, h, w)
        pooled = [self.get_submodule(name)(first, second) for name in self.pooled_by]
        parts = [norm(x) for norm, x in zip(self.norms, pooled, strict=True)]
        logits: torch.Tensor = self.classify(torch.cat(parts, dim=1))
        return logits
