"""Backbones by the name that `MODEL.BACKBONE.NAME` gives them: an encoder below a feature pyramid.

Another encoder is another `bottom_up` here: a module with maps of strides that double.
"""

from typing import Any

from detectron2.config import CfgNode
from detectron2.layers import ShapeSpec
from detectron2.modeling import BACKBONE_REGISTRY
from detectron2.modeling.backbone.fpn import FPN, LastLevelMaxPool

from av_detectron.modeling.safpn import SAFPN
from av_detectron.modeling.se_resnet import build_se_resnet_backbone


@BACKBONE_REGISTRY.register()
def build_se_resnet_safpn_backbone(cfg: CfgNode, input_shape: ShapeSpec) -> SAFPN:
    """SE-ResNet with the scale-attention pyramid, from `MODEL.RESNETS`, `.FPN` and `.SAFPN`."""
    return SAFPN(
        **_pyramid(cfg, input_shape),
        attention=cfg.MODEL.SAFPN.ATTENTION,
        out_features=cfg.MODEL.SAFPN.OUT_FEATURES or None,
    )


@BACKBONE_REGISTRY.register()
def build_se_resnet_fpn_backbone(cfg: CfgNode, input_shape: ShapeSpec) -> FPN:
    """SE-ResNet with Detectron2's stock feature pyramid: what SAFPN is measured against."""
    return FPN(
        **_pyramid(cfg, input_shape),
        fuse_type=cfg.MODEL.FPN.FUSE_TYPE,
    )


def _pyramid(cfg: CfgNode, input_shape: ShapeSpec) -> dict[str, Any]:
    """What both pyramids are given: the encoder and the sizes of `MODEL.FPN`."""
    return {
        "bottom_up": build_se_resnet_backbone(cfg, input_shape),
        "in_features": cfg.MODEL.FPN.IN_FEATURES,
        "out_channels": cfg.MODEL.FPN.OUT_CHANNELS,
        "norm": cfg.MODEL.FPN.NORM,
        "top_block": LastLevelMaxPool(),
    }
