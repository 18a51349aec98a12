"""Backbones by the name that `MODEL.BACKBONE.NAME` gives them: an encoder below a feature pyramid.

Another encoder is another `bottom_up` here: a module with maps of strides that double.
"""

from typing import Any

from detectron2.config import CfgNode
from detectron2.layers import ShapeSpec
from detectron2.modeling import BACKBONE_REGISTRY, Backbone
from detectron2.modeling.backbone.fpn import FPN, LastLevelMaxPool

from av_detectron.modeling.efficientnet_lite import build_efficientnet_lite_backbone
from av_detectron.modeling.safpn import SAFPN
from av_detectron.modeling.se_resnet import build_se_resnet_backbone


@BACKBONE_REGISTRY.register()
def build_se_resnet_safpn_backbone(cfg: CfgNode, input_shape: ShapeSpec) -> SAFPN:
    """SE-ResNet with the scale-attention pyramid, from `MODEL.RESNETS`, `.FPN` and `.SAFPN`."""
    return SAFPN(
        **_pyramid(cfg, build_se_resnet_backbone(cfg, input_shape)),
        **_attention(cfg),
    )


@BACKBONE_REGISTRY.register()
def build_efficientnet_lite_safpn_backbone(cfg: CfgNode, input_shape: ShapeSpec) -> SAFPN:
    """EfficientNet-lite0, which ImageNet's weights are to be had for, with the scale-attention
    pyramid: what SE-ResNet is measured against."""
    return SAFPN(
        **_pyramid(cfg, build_efficientnet_lite_backbone(cfg, input_shape)),
        **_attention(cfg),
    )


@BACKBONE_REGISTRY.register()
def build_se_resnet_fpn_backbone(cfg: CfgNode, input_shape: ShapeSpec) -> FPN:
    """SE-ResNet with Detectron2's stock feature pyramid: what SAFPN is measured against."""
    return FPN(
        **_pyramid(cfg, build_se_resnet_backbone(cfg, input_shape)),
        fuse_type=cfg.MODEL.FPN.FUSE_TYPE,
    )


def _pyramid(cfg: CfgNode, encoder: Backbone) -> dict[str, Any]:
    """What every pyramid is given: the encoder and the sizes of `MODEL.FPN`."""
    return {
        "bottom_up": encoder,
        "in_features": cfg.MODEL.FPN.IN_FEATURES,
        "out_channels": cfg.MODEL.FPN.OUT_CHANNELS,
        "norm": cfg.MODEL.FPN.NORM,
        "top_block": LastLevelMaxPool(),
    }


def _attention(cfg: CfgNode) -> dict[str, Any]:
    """What SAFPN is given beside, from `MODEL.SAFPN`."""
    return {
        "attention": cfg.MODEL.SAFPN.ATTENTION,
        "out_features": cfg.MODEL.SAFPN.OUT_FEATURES or None,
        "groups": cfg.MODEL.SAFPN.GROUPS,
        "top_down": cfg.MODEL.SAFPN.TOP_DOWN,
    }
