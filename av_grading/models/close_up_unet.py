"""The network of the close-up: U-shaped (Ronneberger 2015, https://arxiv.org/abs/1505.04597).

Its finest level works on squares of px as channels (Shi 2016, https://arxiv.org/abs/1609.05158):
every px of the patch is read and written, in a fraction of the time that its own would take.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import nn

from av_grading.close_ups.cut import COARSE

CLASSES = 4
"""Background, artery, vein, overlap: labels as in maps."""
INPUTS = 3 + COARSE + 1
_LARGE = 32 * 32  # places of a map, from which group norm in bfloat16 is as fast as in float32


class CloseUpNet(nn.Module):
    """Inputs of `cut.to_inputs`, (B, 6, P, P), P a multiple of 32 → logits (B, 4, P, P)."""

    def __init__(self, widths: Sequence[int] = (32, 64, 96, 128), square: int = 2) -> None:
        """
        Args:
            widths: channels of the levels, the finest first; multiples of 8.
            square: side of the squares of px that the finest level works on.
        """
        super().__init__()
        self.widths = tuple(widths)
        self.square = square
        first, *deeper = widths
        self.fold = nn.PixelUnshuffle(square)
        self.down = nn.ModuleList([_block(INPUTS * square**2, first)])
        self.up = nn.ModuleList()
        before = first
        for width in deeper:
            self.down.append(_block(before, width))
            self.up.append(_block(before + width, before))
            before = width
        self.classify = nn.Conv2d(first, CLASSES * square**2, 1)
        self.unfold = nn.PixelShuffle(square)

    def extract(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Features that the map is read from, (B, C, P / square, P / square), and the coarsest,
        (B, C', P / 16, P / 16) with four levels of squares of 2 px, or three of 4."""
        levels: list[torch.Tensor] = []
        x = self.fold(x)
        for number, block in enumerate(self.down):
            x = block(x if number == 0 else F.max_pool2d(x, 2))
            levels.append(x)
        for number in range(len(self.up) - 1, -1, -1):
            fine = levels[number]
            x = F.interpolate(x, size=fine.shape[-2:], mode="bilinear", align_corners=False)
            x = self.up[number](torch.cat([fine, x], dim=1))
        return x, levels[-1]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Logits of the map."""
        return self.read_map(self.extract(x)[0])

    def read_map(self, features: torch.Tensor) -> torch.Tensor:
        """Logits of the map from the finest features."""
        found: torch.Tensor = self.unfold(self.classify(features))
        return found


class _GroupNorm(nn.GroupNorm):
    """Group norm; of small maps in bfloat16 it is computed in float32, which on a CPU takes a fifth
    of the time where a place's channels lie together."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(B, C, H, W) → the same."""
        if x.dtype != torch.bfloat16 or x.shape[-2] * x.shape[-1] >= _LARGE:
            return super().forward(x)
        weight, bias = self.weight.float(), self.bias.float()
        return F.group_norm(x.float(), self.num_groups, weight, bias, self.eps).to(x.dtype)


def _block(inputs: int, outputs: int) -> nn.Sequential:
    """Two 3 x 3 convolutions with group norm."""
    layers: list[nn.Module] = []
    for channels in (inputs, outputs):
        layers += [nn.Conv2d(channels, outputs, 3, padding=1, bias=False)]
        layers += [_GroupNorm(outputs // 8, outputs), nn.SiLU(inplace=True)]
    return nn.Sequential(*layers)
