"""Encoders in bfloat16, for processors that have instructions for it: half the time of float32.

Only the encoders of patches and the bodies of strips: angles, pooling and logits stay in float32,
so that probabilities differ from float32's by some thousandths.
"""

import copy

import torch
from torch import nn

ENCODERS = ("encoder", "photograph", "av_map", "body")
"""What networks call theirs: one stream, two streams, strips."""


class HalfEncoder(nn.Module):
    """An encoder that computes in bfloat16 between inputs and outputs in float32."""

    def __init__(self, encoder: nn.Module) -> None:
        """
        Args:
            encoder: of `build_encoder`, or a strip's body; it is changed.
        """
        super().__init__()
        self.encoder = encoder.to(torch.bfloat16)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """(B, 3, H, W) → (B, C, h, w), both float32."""
        found: torch.Tensor = self.encoder(images.bfloat16())
        return found.float()


def in_bfloat16(model: nn.Module) -> nn.Module:
    """A copy of a grader's model or a strip's network, with encoders in bfloat16, for inference on
    a CPU.

    Raises:
        ValueError: it has none of `ENCODERS`, and would stay in float32.
    """
    half = copy.deepcopy(model)
    found = {name: part for name, part in half.named_children() if name in ENCODERS}
    if not found:
        raise ValueError(f"expected a network with one of {ENCODERS}, found none")
    for name, encoder in found.items():
        setattr(half, name, HalfEncoder(encoder))
    return half
