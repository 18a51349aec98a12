"""A grader as what attribution methods take: inputs of its streams in, one column a score out."""

from collections.abc import Sequence
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from av_grading.attribution.options import TARGETS as TARGETS
from av_grading.config import STAGES, STREAMS
from av_grading.data.transforms import Batch
from av_grading.decision import grade_of
from av_grading.formats.grade_definition import GRADES
from av_grading.grader import Grader
from av_grading.models.align_vein import aligned_side
from av_grading.models.one_stream import OneStream
from av_grading.models.two_stream import TwoStream
from av_grading.training.losses import grade_logits, probabilities_of

EXPECTED = len(GRADES)
"""Column of the expected grade, after those of the grades."""

Inputs = tuple[torch.Tensor, ...]


class Scored(nn.Module):
    """Inputs of the streams, each (B, 3, H, W) → scores (B, 5).

    The first four are calibrated logits of the grades, or log-probabilities where the grader's
    logits are no grades' (CORN); the last is the expected grade, 0-3. Attribution follows logits,
    not probabilities, as Grad-CAM does: where the grader is sure, probabilities are flat. Inputs
    are seen as they are, not in the flipped views that a grader's own answer is a mean of.
    """

    def __init__(self, grader: Grader) -> None:
        """
        Args:
            grader: of one or of two streams.
        """
        super().__init__()
        self.model = grader.model.eval()
        self.temperature = grader.temperature
        self.kind = grader.config.train.loss
        self.stages = grader.config.model.stages

    @property
    def streams(self) -> tuple[str, ...]:
        """Which of "photograph" and "av_map" the grader sees, in the order of the inputs."""
        return (self.model.stream,) if isinstance(self.model, OneStream) else STREAMS

    @property
    def device(self) -> torch.device:
        return next(self.model.parameters()).device

    @property
    def align_vein(self) -> bool:
        """Whether the grader turns what it sees, see `models/align_vein.py`."""
        return bool(self.model.align_vein)

    def seen_side(self, side: int) -> int:
        """Side of what the encoders see of inputs of that side (px)."""
        return aligned_side(side) if self.align_vein else side

    def pick(self, pair: Batch) -> Inputs:
        """Of photographs and maps those that the grader sees, on its device."""
        named = dict(zip(STREAMS, pair, strict=True))
        return tuple(named[name].to(self.device) for name in self.streams)

    def last_stage(self, stream: str) -> nn.Module:
        """The stage of a stream's encoder whose maps are pooled.

        Raises:
            ValueError: the grader has no such stream.
        """
        return self._encoder(stream).get_submodule(f"layer{min(self.stages, STAGES)}")

    @torch.no_grad()
    def cells(self, crop: int) -> int:
        """Side of the maps that are pooled, in cells: as fine as Grad-CAM can be."""
        side = self.seen_side(crop)
        empty = torch.zeros((1, 3, side, side), device=self.device)
        return int(self._encoder(self.streams[0])(empty).shape[-1])

    def _encoder(self, stream: str) -> nn.Module:
        if stream not in self.streams:
            raise ValueError(f"stream: expected one of {self.streams}, found {stream!r}")
        one = isinstance(self.model, OneStream)
        return self.model.get_submodule("encoder" if one else stream)

    def _probabilities(self, inputs: Sequence[torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
        # A one-stream model reads one of its two arguments: both are the same tensor here.
        model = cast("OneStream | TwoStream", self.model)
        logits = grade_logits(model(inputs[0], inputs[-1]), self.kind) / self.temperature
        return logits, probabilities_of(logits, self.kind)

    def forward(self, *inputs: torch.Tensor) -> torch.Tensor:
        """Inputs in the order of `streams` → scores (B, 5)."""
        logits, shares = self._probabilities(inputs)
        grades = shares.clamp(min=1e-6).log() if self.kind == "corn" else logits
        return torch.cat([grades, _expected(shares)[:, None]], dim=1)

    @torch.no_grad()
    def confidence(self, inputs: Inputs, targets: torch.Tensor) -> torch.Tensor:
        """Probability of each row's target, or a third of the expected grade: (B,), 0-1."""
        _, shares = self._probabilities(inputs)
        columns = torch.cat([shares, _expected(shares)[:, None] / GRADES[-1]], dim=1)
        return columns.gather(1, targets.to(columns.device)[:, None])[:, 0]


def choose_targets(target: str, probabilities: NDArray[np.float64]) -> torch.Tensor:
    """Column of `Scored` that each row is explained for, (N,).

    Args:
        target: "predicted" for the grade itself, "expected" for the expected grade, or a grade.
        probabilities: (N, 4).

    Raises:
        ValueError: another target.
    """
    if target not in TARGETS:
        raise ValueError(f"target: expected one of {', '.join(TARGETS)}, found {target!r}")
    if target == "predicted":
        return torch.from_numpy(grade_of(probabilities))
    column = EXPECTED if target == "expected" else int(target)
    return torch.full((len(probabilities),), column)


def _expected(shares: torch.Tensor) -> torch.Tensor:
    return shares @ torch.arange(len(GRADES), dtype=shares.dtype, device=shares.device)
