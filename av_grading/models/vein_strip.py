"""The network that reads a straightened vein, and what applies it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from av_grading.formats.grade_definition import Thresholds
from av_grading.models.weights_file import load_model, save_model
from av_grading.vessels.straighten import CHANNELS, COLUMNS, ROWS, Strip

NAME = "vein_strip"
"""In the registry."""
EDGES = tuple(round(0.4 + 0.05 * i, 2) for i in range(14))
"""Between the bins of what is left of a vein's width; the grades' thresholds are among them."""
MIDDLES = np.array([EDGES[0] - 0.025, *(e + 0.025 for e in EDGES)])
"""Middle of every bin."""
_PIXELS = 3


class NarrowingNet(nn.Module):
    """Strips (B, CHANNELS, ROWS, COLUMNS), 0-255, and widths (B,) → logits (B, 2, bins).

    One side is read as the other's mirror image: first and second arm.
    """

    def __init__(self, widths: Sequence[int] = (24, 48, 64)) -> None:
        """
        Args:
            widths: channels of the levels, the finest first; multiples of 8.
        """
        super().__init__()
        self.widths = tuple(widths)
        # 2 x 2 px as channels: all of them are read, at a quarter of the time.
        layers: list[nn.Module] = [nn.PixelUnshuffle(2)]
        before = (CHANNELS + 1) * 4
        for number, width in enumerate(widths):
            stride = 1 if number == 0 else 2
            for inputs, step in ((before, stride), (width, 1)):
                layers += [nn.Conv2d(inputs, width, 3, stride=step, padding=1, bias=False)]
                layers += [nn.GroupNorm(width // 8, width), nn.SiLU(inplace=True)]
            before = width
        self.body = nn.Sequential(*layers)
        shrink = 2 ** len(widths)
        cells = -(-ROWS // shrink) * -(-COLUMNS // shrink)
        self.head = nn.Sequential(
            nn.Flatten(),
            nn.Dropout(0.3),
            nn.Linear(before * cells, 96),
            nn.SiLU(inplace=True),
            nn.Dropout(0.3),
            nn.Linear(96, len(EDGES) + 1),
        )

    def forward(self, strips: torch.Tensor, widths: torch.Tensor) -> torch.Tensor:
        """Logits of what is left of the width on either side."""
        return self.read(normalize(strips), widths)

    def read(self, strips: torch.Tensor, widths: torch.Tensor) -> torch.Tensor:
        """As `forward`, of strips that `normalize` gave."""
        size = strips.shape[-2:]
        wide = (widths.float() / 5 - 1).view(-1, 1, 1, 1).expand(-1, 1, *size)
        seen = torch.cat([strips, wide], dim=1)
        both = self.head(self.body(torch.cat([seen.flip(3), seen])))
        return torch.stack(both.chunk(2), dim=1)


def normalize(strips: torch.Tensor) -> torch.Tensor:
    """Pixels to their strip's own contrast, shares to -1 to 1; float32."""
    values = strips.float()
    pixels, shares = values[:, :_PIXELS], values[:, _PIXELS:]
    mean = pixels.mean((2, 3), keepdim=True)
    spread = pixels.std((2, 3), keepdim=True)
    return torch.cat([(pixels - mean) / (spread + 2), shares / 127.5 - 1], dim=1)


@dataclass(frozen=True)
class Narrowing:
    """What is left of the veins' widths at N crossings.

    Attributes:
        shares: probabilities of the bins, (N, 2, bins), on the side of the first and second arm.
    """

    shares: NDArray[np.float64]

    @property
    def ratios(self) -> NDArray[np.float64]:
        """Width at the artery's edge as a share of the vein's own, (N, 2): the mean."""
        return np.asarray(self.shares @ MIDDLES)

    @property
    def deviations(self) -> NDArray[np.float64]:
        """Standard deviations of these, (N, 2)."""
        return np.asarray(np.sqrt(np.maximum(self.shares @ MIDDLES**2 - self.ratios**2, 0)))

    def probabilities(self) -> NDArray[np.float64]:
        """Of the grades 0-3, (N, 4), the sides taken to be independent of each other."""
        rule = Thresholds()
        low = self.shares[..., MIDDLES < rule.moderate].sum(axis=-1)
        free = self.shares[..., MIDDLES > rule.pressed].sum(axis=-1)
        middle = 1 - low - free
        none = free[:, 0] * free[:, 1]
        both = (1 - free[:, 0]) * (1 - free[:, 1])
        mild = middle[:, 0] * free[:, 1] + free[:, 0] * middle[:, 1]
        severe = low[:, 0] * free[:, 1] + free[:, 0] * low[:, 1]
        return np.stack([none, mild, severe, both], axis=1)


@dataclass(frozen=True)
class NarrowingReader:
    """A trained network, in evaluation mode."""

    network: NarrowingNet

    @torch.inference_mode()
    def read(self, strips: Sequence[Strip], widths: Sequence[float]) -> Narrowing:
        """Read strips that `straighten` gave of veins of these widths (DRIVE px)."""
        if not strips:
            return Narrowing(np.zeros((0, 2, len(EDGES) + 1)))
        device = next(self.network.parameters()).device
        wide = torch.tensor(widths, dtype=torch.float32, device=device)
        seen = torch.from_numpy(np.stack(strips)).to(device)
        # Across the vein there is no first and second: the mean of both mirror images.
        logits = [self.network(seen, wide), self.network(seen.flip(2), wide)]
        mean = torch.stack([x.softmax(dim=2) for x in logits]).mean(dim=0)
        return Narrowing(mean.cpu().double().numpy())


def save_narrowing(network: NarrowingNet, path: Path) -> None:
    """Write a network's weights; raises as `save_model`."""
    save_model(path, NAME, {"widths": network.widths}, network.state_dict())


def load_narrowing(path: Path, device: str = "cpu") -> NarrowingReader:
    """Read a file of `save_narrowing`; raises as `load_model`."""
    return NarrowingReader(cast(NarrowingNet, load_model(path, NAME)).to(device))
