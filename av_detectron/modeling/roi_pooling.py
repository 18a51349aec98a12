"""RoI pooling: fast on a CPU, and in float32 under mixed precision.

torchvision's RoIAlign walks a CPU's memory channel by channel in one thread; reading all channels
of a position at once, in all threads, takes a tenth of the time.

Detectron2's ROIAlign brings the boxes to the features' type. In bfloat16, which has eight bits
for the digits, a box at 300 px would lie up to 1 px from its place, at 600 px up to 2: as far as
an anchor is from its crossing.
"""

from typing import Any

import torch
import torch.nn.functional as F
from detectron2.modeling.poolers import ROIPooler
from torch import nn
from torchvision.ops import roi_align


def pool_in_float32(model: nn.Module) -> nn.Module:
    """Let every ROIPooler of the model see its features in float32; returns the model."""
    for module in model.modules():
        if isinstance(module, ROIPooler):
            module.register_forward_pre_hook(_to_float32)
    return model


def _to_float32(_: nn.Module, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
    features: list[torch.Tensor] = inputs[0]
    return ([x.float() for x in features], *inputs[1:])


def sample_boxes(
    features: torch.Tensor, rows: torch.Tensor, side: int, scale: float
) -> torch.Tensor:
    """RoIAlign with one sample a cell (He 2017, https://arxiv.org/abs/1703.06870).

    The same as torchvision's for boxes inside the image, to a float's rounding; without gradients
    and on a CPU some ten times as fast.

    Args:
        features: (B, C, H, W), best with channels last.
        rows: (N, 5), the image's number and x0, y0, x1, y1 (px of the input, pixel i covers
            [i, i + 1)).
        side: cells along a box's side.
        scale: px of the features in one px of the input.

    Returns:
        (N, C, side, side), float32.
    """
    features, rows = features.float(), rows.float()  # bfloat16 would round positions to 2 px
    if features.is_cuda or torch.is_grad_enabled():
        return roi_align(features, rows, side, scale, sampling_ratio=1, aligned=True)
    _, channels, height, width = features.shape
    middles = (torch.arange(side) + 0.5) / side
    corners = rows[:, 1:] * scale - 0.5  # pixel centres at integers
    spans = corners[:, 2:] - corners[:, :2]
    left, across = _neighbours(corners[:, :1] + spans[:, :1] * middles, width)
    top, down = _neighbours(corners[:, 1:2] + spans[:, 1:] * middles, height)
    # Four neighbours of every cell's middle, (N, side, side, 4): their places in the table of
    # positions, and what each counts for.
    first = rows[:, 0].long()[:, None, None, None] * height
    places = (first + top.repeat_interleave(2, dim=2)[:, :, None]) * width
    places = places + left.repeat(1, 1, 2)[:, None]
    weights = down.repeat_interleave(2, dim=2)[:, :, None] * across.repeat(1, 1, 2)[:, None]
    table = features.permute(0, 2, 3, 1).reshape(-1, channels)
    sums = F.embedding_bag(
        places.view(-1, 4), table, mode="sum", per_sample_weights=weights.view(-1, 4)
    )
    return sums.view(-1, side, side, channels).permute(0, 3, 1, 2)


def _neighbours(at: torch.Tensor, length: int) -> tuple[torch.Tensor, torch.Tensor]:
    """The two pixels around positions (N, S) on a line, and the weight of each: both (N, S, 2)."""
    inside = at.clamp(0, length - 1)
    before = inside.floor()
    part = inside - before
    pair = torch.stack([before, (before + 1).clamp(max=length - 1)], dim=-1)
    return pair.long(), torch.stack([1 - part, part], dim=-1)
