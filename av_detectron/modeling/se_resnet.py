"""Squeeze-and-excitation ResNet on Detectron2's own ResNet.

Hu, Shen, Sun: Squeeze-and-Excitation Networks, CVPR 2018, https://arxiv.org/abs/1709.01507.
The gate sits behind the block's last normalisation, before the shortcut is added (figure 3 of
the paper, the standard SE block). SE is an option of the one ResNet: without it, this is
`build_resnet_backbone`.
"""

import torch
from detectron2.config import CfgNode
from detectron2.layers import ShapeSpec
from detectron2.modeling import BACKBONE_REGISTRY
from detectron2.modeling.backbone.resnet import ResNet, build_resnet_backbone
from torch import nn

SE_KEY = ".se."
"""Part of the name of every squeeze-and-excitation parameter."""


def se_channels(channels: int, reduction: int = 16) -> int:
    """Width of the gate's bottleneck: channels / reduction, as a multiple of 8 and at least 8.

    The rounding is timm's, so that exported weights fit its SE-ResNets.

    Examples:
        >>> [se_channels(c) for c in (64, 128, 256, 2048)]
        [8, 8, 16, 128]
    """
    return max(8, int(channels / reduction + 4) // 8 * 8)


class SqueezeExcitation(nn.Module):
    """Scale each channel by a gate in (0, 1) computed from the channels' global means."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        hidden = se_channels(channels)
        self.fc1 = nn.Conv2d(channels, hidden, 1)
        self.fc2 = nn.Conv2d(hidden, channels, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        gate = x.mean((2, 3), keepdim=True)  # (B, C, 1, 1)
        return x * self.fc2(self.fc1(gate).relu()).sigmoid()


def add_squeeze_excitation(resnet: ResNet) -> ResNet:
    """Put a gate into every residual block of `resnet`, in place.

    Detectron2's blocks add the shortcut right behind their last convolution and its norm; a
    gate that acts on that convolution's output therefore gates the residual branch, whatever
    the kind of block. It is registered as `<block>.se`.
    """
    for stage in resnet.stages:
        for block in stage:
            last = block.conv3 if hasattr(block, "conv3") else block.conv2
            block.se = SqueezeExcitation(block.out_channels)
            last.register_forward_hook(_Gate(block.se))
    return resnet


class _Gate:
    """Forward hook that sends a module's output through a gate."""

    def __init__(self, gate: nn.Module) -> None:
        self.gate = gate

    def __call__(self, module: nn.Module, inputs: object, output: torch.Tensor) -> torch.Tensor:
        return self.gate(output)


@BACKBONE_REGISTRY.register()
def build_se_resnet_backbone(cfg: CfgNode, input_shape: ShapeSpec) -> ResNet:
    """Detectron2's ResNet, with squeeze-and-excitation where `MODEL.RESNETS.SE` asks for it."""
    resnet = build_resnet_backbone(cfg, input_shape)
    if cfg.MODEL.RESNETS.SE:
        # Added after freezing: the gates are new to any pretrained backbone and must learn.
        add_squeeze_excitation(resnet)
    return resnet
