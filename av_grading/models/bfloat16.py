"""Encoders in bfloat16, for processors that have instructions for it: half the time of float32.

Only the encoders: angles, pooling and logits stay in float32, so that probabilities differ from
float32's by some thousandths.
"""

import copy

import torch
from torch import nn

from av_grading.models.one_stream import OneStream


class HalfEncoder(nn.Module):
    """An encoder that computes in bfloat16 between inputs and outputs in float32."""

    def __init__(self, encoder: nn.Module) -> None:
        """
        Args:
            encoder: of `build_encoder`; it is changed.
        """
        super().__init__()
        self.encoder = encoder.to(torch.bfloat16)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """(B, 3, H, W) → (B, C, h, w), both float32."""
        found: torch.Tensor = self.encoder(images.bfloat16())
        return found.float()


def in_bfloat16(model: nn.Module) -> nn.Module:
    """A copy of a grader's model with encoders in bfloat16, for inference on a CPU."""
    half = copy.deepcopy(model)
    names = ("encoder",) if isinstance(half, OneStream) else ("photograph", "av_map")
    for name in names:
        setattr(half, name, HalfEncoder(half.get_submodule(name)))
    return half
