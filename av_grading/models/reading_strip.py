"""The network that reads a straightened vein, and the artery beside it, as readings do."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from av_grading.formats.grade_definition import GRADES
from av_grading.models.bfloat16 import in_bfloat16
from av_grading.models.reading_outputs import (
    OUTPUTS,
    QUESTIONS,
    Answers,
    probabilities_of_outputs,
)
from av_grading.models.registry import DEFAULT_READING_STRIP
from av_grading.models.sign_strip import SignStrip, normalize, see_strips
from av_grading.models.weights_file import build, read_model, save_model
from av_grading.vessels.crossing_vessels import CrossingVessels
from av_grading.vessels.straighten import VESSELS, Both, straighten_both

NAME = "reading_strip"
"""In the registry."""
FEATURES = 96
"""Of a side."""
BOTH_VIEWS = (False, True)
"""Across a vessel there is no first and second: a strip is seen as it is, and mirrored."""


class ReadingStrip(nn.Module):
    """Strips as `normalize_strips` gives them, (B, VESSELS, CHANNELS, ROWS, COLUMNS), and widths
    (B, VESSELS), 0 of a vessel that was not followed → logits (B, OUTPUTS).

    The body is that of the sign strip. One side is read as the
    other's mirror image; the grade and the questions see the sum of both sides' features and how
    far they differ, so that they do not depend on which is first. The artery is read likewise:
    where the map takes one vessel for the other, the nicked one is still seen.
    """

    def __init__(self, widths: Sequence[int] = (24, 48, 64)) -> None:
        """
        Args:
            widths: channels of the levels, the finest first; multiples of 8.
        """
        super().__init__()
        self.widths = tuple(widths)
        pretrained = SignStrip(self.widths)
        self.body = pretrained.body
        flat, _, dense, *_ = pretrained.head
        self.reduce = nn.Sequential(flat, nn.Dropout(0.3), dense, nn.SiLU())
        self.side = nn.Sequential(nn.Dropout(0.3), nn.Linear(VESSELS * FEATURES, len(GRADES)))
        self.whole = nn.Sequential(
            nn.Dropout(0.3),
            nn.Linear(2 * VESSELS * FEATURES, 64),
            nn.SiLU(),
            nn.Dropout(0.2),
            nn.Linear(64, len(GRADES) + len(QUESTIONS)),
        )

    def forward(self, strips: torch.Tensor, widths: torch.Tensor) -> torch.Tensor:
        """Logits of crossings; widths in DRIVE px."""
        size = strips.shape[-2:]
        wide = (widths.float() / 5 - 1)[:, :, None, None, None].expand(-1, -1, 1, *size)
        seen = torch.cat([strips, wide], dim=2).flatten(0, 1)
        features = self.reduce(see_strips(self.body, torch.cat([seen.flip(3), seen])))
        first, second = features.view(2, *widths.shape, FEATURES) * (widths > 0)[None, :, :, None]
        both, apart = first + second, (first - second).abs()
        whole = self.whole(torch.stack([both, apart], dim=2).flatten(1))
        artery = both[:, 1]
        sides = [self.side(torch.cat([own[:, 0], artery], dim=1)) for own in (first, second)]
        return torch.cat([whole, *sides], dim=1)

    def start_from(self, signs: SignStrip) -> None:
        """Take the body and the first dense layer of a sign strip."""
        self.body.load_state_dict(signs.body.state_dict())
        self.reduce[2].load_state_dict(signs.head[2].state_dict())


def normalize_strips(strips: torch.Tensor) -> torch.Tensor:
    """`sign_strip.normalize` of strips (B, VESSELS, CHANNELS, ROWS, COLUMNS), 0-255."""
    return normalize(strips.flatten(0, 1)).view(strips.shape)


@dataclass(frozen=True)
class StripReader:
    """A trained network, in evaluation mode."""

    network: ReadingStrip

    def in_bfloat16(self) -> "StripReader":
        """The same with the network's body in bfloat16, see `in_bfloat16`."""
        return StripReader(cast(ReadingStrip, in_bfloat16(self.network)))

    def __call__(
        self,
        patches: Sequence[NDArray[np.uint8]],
        shares: Sequence[NDArray[np.float32]],
        vessels: Sequence[CrossingVessels],
    ) -> Answers:
        """Read the veins of close-ups; NaN where the vein was not followed.

        Args:
            patches: RGB, (P, P, 3) each, as `cut.cut_close_up` cuts them.
            shares: their fine maps, (4, P, P) each.
            vessels: that cross.
        """
        given = zip(patches, shares, vessels, strict=True)
        return self.answer(
            [None if v.vein is None else straighten_both(p, s, v) for p, s, v in given]
        )

    def answer(
        self, straightened: Sequence[Both | None], mirrored: Sequence[bool] = BOTH_VIEWS
    ) -> Answers:
        """What is said of strips that `straighten_both` gave, as `read`; NaN where there are
        none."""
        found = np.full((len(straightened), OUTPUTS), np.nan)
        rows = [i for i, both in enumerate(straightened) if both is not None]
        if rows:
            there = [both for both in straightened if both is not None]
            strips, widths = (torch.from_numpy(np.stack(part)) for part in zip(*there, strict=True))
            found[rows] = self.read(strips, widths, mirrored)
        return Answers.of(found)

    @torch.inference_mode()
    def read(
        self,
        strips: torch.Tensor,
        widths: torch.Tensor,
        mirrored: Sequence[bool] = BOTH_VIEWS,
    ) -> NDArray[np.float64]:
        """Probabilities (N, OUTPUTS) of strips and widths as `straighten_both` gives them.

        Args:
            mirrored: whether each of the views whose mean is told is the strip's mirror image
                across the vessel.
        """
        device = next(self.network.parameters()).device
        seen, wide = normalize_strips(strips.to(device)), widths.to(device)
        logits = [self.network(seen.flip(3) if mirror else seen, wide) for mirror in mirrored]
        mean = torch.stack([probabilities_of_outputs(x) for x in logits]).mean(dim=0)
        return np.asarray(mean.cpu().double().numpy())


def save_strip_reader(network: ReadingStrip, path: Path) -> None:
    """Write weights in half precision.

    Raises:
        OSError: it cannot be written.
    """
    save_model(path, NAME, {"widths": list(network.widths)}, network.state_dict())


def load_strip_reader(path: Path = DEFAULT_READING_STRIP, device: str = "cpu") -> StripReader:
    """Read a file written by `save_strip_reader`.

    Raises:
        WeightsError: missing, damaged or of another kind; names the file.
    """
    network = build(read_model(path, NAME))
    assert isinstance(network, ReadingStrip)  # what the registry builds of this name
    return StripReader(network.to(device).eval())
