"""The network that reads the signs along a straightened vein, and what applies it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from av_grading.formats.grade_definition import Thresholds
from av_grading.models.bfloat16 import in_bfloat16
from av_grading.models.weights_file import ModelFile, WeightsError, load_model, save_model
from av_grading.signs.strip_signs import READ
from av_grading.vessels.straighten import CHANNELS, COLUMNS, ROWS, Strip

NAME = "sign_strip"
"""In the registry."""
FORMER_NAME = "vein_strip"
"""Of 0.2.0's narrowing network, which had the same body and told widths alone."""
STEP = 0.05
"""Width of a bin."""
EDGES = np.round(np.arange(2, 24) * STEP, 2)
"""Between the bins of a share, (bins - 1,); the grades' thresholds are among them."""
MIDDLES = np.array([EDGES[0] - STEP / 2, *(EDGES + STEP / 2)])
"""Middle of every bin, (bins,)."""
_PIXELS = 3
PART = 32
"""Strips that a body sees at once outside of training: what is between its layers stays in the
processor's cache, which saves a third of its time."""
_VISIBLE = READ.index("visible_width")


class SignStrip(nn.Module):
    """Strips (B, CHANNELS, ROWS, COLUMNS), 0-255, and widths (B,) → logits (B, 2, Q, bins).

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
            nn.Linear(96, len(READ) * len(MIDDLES)),
        )

    def forward(self, strips: torch.Tensor, widths: torch.Tensor) -> torch.Tensor:
        """Logits of what is read on either side."""
        return self.read(normalize(strips), widths)

    def read(self, strips: torch.Tensor, widths: torch.Tensor) -> torch.Tensor:
        """As `forward`, of strips that `normalize` gave."""
        size = strips.shape[-2:]
        wide = (widths.float() / 5 - 1).view(-1, 1, 1, 1).expand(-1, 1, *size)
        seen = torch.cat([strips, wide], dim=1)
        both = self.head(see_strips(self.body, torch.cat([seen.flip(3), seen])))
        return torch.stack(both.view(-1, len(READ), len(MIDDLES)).chunk(2), dim=1)

    def start_from(self, file: ModelFile) -> None:
        """Take the body and the first dense layer of a sign strip, or a network of 0.2.0.

        Raises:
            WeightsError: its layers have other widths; names the file.
        """
        own = self.state_dict()
        taken = {k: v for k, v in file.state.items() if k.startswith(("body.", "head.2."))}
        if other := [k for k, v in taken.items() if k not in own or v.shape != own[k].shape]:
            raise WeightsError(
                f"{file.path}: expected widths of {list(self.widths)}, found another {other[0]}"
            )
        self.load_state_dict({**own, **taken})


def see_strips(body: nn.Module, strips: torch.Tensor) -> torch.Tensor:
    """A body's features of strips, (B, channels, ROWS, COLUMNS) → (B, C, h, w), `PART` at a time
    outside of training."""
    if body.training:
        found: torch.Tensor = body(strips)
        return found
    return torch.cat([body(part) for part in torch.split(strips, PART)])


def normalize(strips: torch.Tensor) -> torch.Tensor:
    """Pixels to their strip's own contrast, shares to -1 to 1; float32."""
    values = strips.float()
    pixels, shares = values[:, :_PIXELS], values[:, _PIXELS:]
    mean = pixels.mean((2, 3), keepdim=True)
    spread = pixels.std((2, 3), keepdim=True)
    return torch.cat([(pixels - mean) / (spread + 2), shares / 127.5 - 1], dim=1)


@dataclass(frozen=True)
class StripSigns:
    """What is read at N crossings.

    Attributes:
        shares: probabilities of the bins, (N, 2, Q, bins), on the side of the first and second
            arm.
    """

    shares: NDArray[np.float64]

    @property
    def means(self) -> NDArray[np.float64]:
        """Of everything in `READ`, (N, 2, Q)."""
        return np.asarray(self.shares @ MIDDLES)

    @property
    def deviations(self) -> NDArray[np.float64]:
        """Standard deviations of these, (N, 2, Q)."""
        square = self.shares @ MIDDLES**2
        return np.asarray(np.sqrt(np.maximum(square - self.means**2, 0)))

    def probabilities(self) -> NDArray[np.float64]:
        """Of the grades 0-3, (N, 4), by what is left to see; the sides taken to be independent of
        each other."""
        rule, shares = Thresholds(), self.shares[:, :, _VISIBLE]
        low = shares[..., MIDDLES < rule.moderate].sum(axis=-1)
        free = shares[..., MIDDLES > rule.pressed].sum(axis=-1)
        middle = 1 - low - free
        none = free[:, 0] * free[:, 1]
        both = (1 - free[:, 0]) * (1 - free[:, 1])
        mild = middle[:, 0] * free[:, 1] + free[:, 0] * middle[:, 1]
        severe = low[:, 0] * free[:, 1] + free[:, 0] * low[:, 1]
        return np.stack([none, mild, severe, both], axis=1)


@dataclass(frozen=True)
class SignReader:
    """A trained network, in evaluation mode."""

    network: SignStrip

    def in_bfloat16(self) -> "SignReader":
        """The same with the network's body in bfloat16, see `in_bfloat16`."""
        return SignReader(cast(SignStrip, in_bfloat16(self.network)))

    @torch.inference_mode()
    def read(self, strips: Sequence[Strip], widths: Sequence[float]) -> StripSigns:
        """Read strips that `straighten` gave of veins of these widths (DRIVE px)."""
        if not strips:
            return StripSigns(np.zeros((0, 2, len(READ), len(MIDDLES))))
        device = next(self.network.parameters()).device
        wide = torch.tensor(widths, dtype=torch.float32, device=device)
        seen = torch.from_numpy(np.stack(strips)).to(device)
        # Across the vein there is no first and second: the mean of both mirror images.
        logits = [self.network(seen, wide), self.network(seen.flip(2), wide)]
        mean = torch.stack([x.softmax(dim=-1) for x in logits]).mean(dim=0)
        return StripSigns(mean.cpu().double().numpy())


def save_sign_reader(network: SignStrip, path: Path) -> None:
    """Write a network's weights; raises as `save_model`."""
    save_model(path, NAME, {"widths": network.widths}, network.state_dict())


def load_sign_reader(path: Path, device: str = "cpu") -> SignReader:
    """Read a file of `save_sign_reader`; raises as `load_model`."""
    return SignReader(cast(SignStrip, load_model(path, NAME)).to(device))
