"""How much of the machine's convolution peak is used."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from fvcore.nn import FlopCountAnalysis
from torch import nn

from av_grading.close_ups.cut import COARSE
from av_grading.close_ups.cut import PIXELS as CLOSE_UP
from av_screening.read.limits import ReadingLimits
from av_screening.read.photograph import decode
from av_screening.read.quality import check_quality
from av_screening.steps.pipeline import Pipeline
from benchmarks.timing import Times

SHAPES = ((64, 128, 3), (128, 128, 3), (256, 64, 3), (512, 32, 3), (256, 64, 1))
"""Channels, side and kernel of the convolutions that the peak is measured with."""


class DensePart(nn.Module):
    """A detector's images (1, 3, H, W) → logits of its map and the pyramid's level."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model: Any = model

    def forward(self, image: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        features, av = self.model.extract_features(image)
        return av.logits, features[self.model.av_feature]


def operations(model: nn.Module, *inputs: torch.Tensor) -> float:
    """Floating-point operations of a model; fvcore counts a multiply-add as one, this as two."""
    with torch.no_grad():
        count = FlopCountAnalysis(model.eval(), inputs)
        count.unsupported_ops_warnings(False).uncalled_modules_warnings(False)
        return 2.0 * float(count.total())


def pass_operations(model: nn.Module, height: int, width: int) -> float:
    """Of features and map of a photograph at the working scale, padded as the model does."""
    step = 32
    size = (1, 3, -(-height // step) * step, -(-width // step) * step)
    return operations(DensePart(model), torch.zeros(size))


@torch.inference_mode()
def convolution_peak(dtype: torch.dtype, rounds: int = 40) -> float:
    """Operations a second of the fastest of `SHAPES`, channels last, with the current threads."""
    best = 0.0
    for channels, side, kernel in SHAPES:
        layer = nn.Conv2d(channels, channels, kernel, padding=kernel // 2, bias=False)
        layer = layer.to(dtype).to(memory_format=torch.channels_last)
        image = torch.rand((1, channels, side, side), dtype=dtype)
        image = image.contiguous(memory_format=torch.channels_last)
        work = 2.0 * channels * channels * kernel**2 * side**2
        for turn in range(rounds + 2):
            start = time.perf_counter()
            layer(image)
            seconds = time.perf_counter() - start
            if turn > 1:
                best = max(best, work / seconds)
    return best


def pipeline_operations(
    pipeline: Pipeline, paths: Sequence[Path], times: Times
) -> tuple[float, float]:
    """Of features and maps of some photographs, and of these, the second look and the grading.

    The pipeline is one in float32, as which it is traced. Proposals and RoI heads are not counted,
    which makes shares of the peak smaller, not larger.
    """
    limits = ReadingLimits()
    dense = 0.0
    for path in paths:
        pixels = decode(path.read_bytes(), limits).pixels
        given = pipeline.predictor.inputs_of(pixels, check_quality(pixels, pipeline.quality))
        dense += pass_operations(pipeline.predictor.model, *given["image"].shape[1:])
    grading = 0.0
    for grader in pipeline.graders.values():
        side = grader.config.data.crop
        patch = torch.zeros((1, 3, side, side))
        grading += int(times.graded.sum()) * grader.views * operations(grader.model, patch, patch)
    if pipeline.close_up is not None:
        inputs = torch.zeros((1, 3 + COARSE + 1, CLOSE_UP, CLOSE_UP))
        grading += int(times.crossings.sum()) * operations(pipeline.close_up.network, inputs)
    return dense, dense + grading
