"""The network of the close-up: U-shaped (Ronneberger 2015, https://arxiv.org/abs/1505.04597).

Its finest level works on 2 x 2 px as channels (Shi 2016, https://arxiv.org/abs/1609.05158): every
px of the patch is read and written, at a third of the time that full resolution would take.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import nn

from av_grading.close_ups.cut import COARSE

CLASSES = 4
"""Background, artery, vein, overlap: labels as in maps."""
INPUTS = 3 + COARSE + 1
_FOLD = 2


class CloseUpNet(nn.Module):
    """Inputs of `cut.to_inputs`, (B, 6, P, P), P a multiple of 32 → logits (B, 4, P, P)."""

    def __init__(self, widths: Sequence[int] = (32, 64, 96, 128)) -> None:
        """
        Args:
            widths: channels of the levels, the finest first; multiples of 8.
        """
        super().__init__()
        self.widths = tuple(widths)
        first, *deeper = widths
        self.fold = nn.PixelUnshuffle(_FOLD)
        self.down = nn.ModuleList([_block(INPUTS * _FOLD**2, first)])
        self.up = nn.ModuleList()
        before = first
        for width in deeper:
            self.down.append(_block(before, width))
            self.up.append(_block(before + width, before))
            before = width
        self.classify = nn.Conv2d(first, CLASSES * _FOLD**2, 1)
        self.unfold = nn.PixelShuffle(_FOLD)

    def extract(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Features that the map is read from, (B, C, P / 2, P / 2), and the coarsest,
        (B, C', P / 16, P / 16) with four levels."""
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


def _block(inputs: int, outputs: int) -> nn.Sequential:
    """Two 3 x 3 convolutions with group norm."""
    layers: list[nn.Module] = []
    for channels in (inputs, outputs):
        layers += [nn.Conv2d(channels, outputs, 3, padding=1, bias=False)]
        layers += [nn.GroupNorm(outputs // 8, outputs), nn.SiLU(inplace=True)]
    return nn.Sequential(*layers)
