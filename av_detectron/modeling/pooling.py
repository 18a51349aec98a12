"""RoI pooling in float32 under mixed precision.

Detectron2's ROIAlign brings the boxes to the features' type. In bfloat16, which has eight bits
for the digits, a box at 300 px would lie up to 1 px from its place, at 600 px up to 2: as far as
an anchor is from its crossing.
"""

from typing import Any

import torch
from detectron2.modeling.poolers import ROIPooler
from torch import nn


def pool_in_float32(model: nn.Module) -> nn.Module:
    """Let every ROIPooler of the model see its features in float32; returns the model."""
    for module in model.modules():
        if isinstance(module, ROIPooler):
            module.register_forward_pre_hook(_to_float32)
    return model


def _to_float32(_: nn.Module, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
    features: list[torch.Tensor] = inputs[0]
    return ([x.float() for x in features], *inputs[1:])
