"""One stream: the study's baseline, and what either stream is worth alone."""

import torch
from torch import nn

from av_grading.config import STREAMS
from av_grading.models.align_vein import align


class OneStream(nn.Module):
    """An encoder of photographs or of maps with mean pooling and a linear classifier."""

    def __init__(
        self,
        encoder: nn.Module,
        channels: int,
        outputs: int,
        *,
        stream: str = "photograph",
        dropout: float = 0.2,
        align_vein: bool = False,
    ) -> None:
        """
        Args:
            encoder: of the stream.
            channels: of its last map.
            outputs: logits.
            stream: "photograph" or "av_map".
            dropout: share of pooled features that are dropped in training.
            align_vein: turn the map so that its vein runs level.

        Raises:
            ValueError: unknown stream, or a photograph is to be turned level: its map says how.
        """
        super().__init__()
        if stream not in STREAMS:
            raise ValueError(f"stream: expected one of {STREAMS}, found {stream!r}")
        if align_vein and stream == "photograph":
            raise ValueError("model.align_vein: expected false for a photograph alone, found true")
        self.align_vein = align_vein
        self.encoder = encoder
        self.stream = stream
        self.classify = nn.Sequential(nn.Dropout(dropout), nn.Linear(channels, outputs))

    def forward(self, patch: torch.Tensor, av_map: torch.Tensor) -> torch.Tensor:
        """Patches and maps, each (B, 3, H, W) → logits (B, outputs); one of them is read."""
        if self.align_vein:
            patch, av_map = align(patch, av_map)
        seen = self.encoder(patch if self.stream == "photograph" else av_map)  # (B, C, h, w)
        logits: torch.Tensor = self.classify(seen.mean((2, 3)))
        return logits
