"""Squeeze-and-excitation inside Detectron2's ResNet."""

import pytest
import torch
from detectron2.config import CfgNode
from detectron2.layers import ShapeSpec
from detectron2.modeling.backbone.resnet import build_resnet_backbone

from av_detectron import get_av_config
from av_detectron.modeling.se_resnet import (
    SE_KEY,
    SqueezeExcitation,
    build_se_resnet_backbone,
    se_channels,
)


def resnet_cfg(depth: int, se: bool) -> CfgNode:
    cfg = get_av_config()
    cfg.MODEL.RESNETS.DEPTH = depth
    cfg.MODEL.RESNETS.RES2_OUT_CHANNELS = 64 if depth < 50 else 256
    cfg.MODEL.RESNETS.NORM = "BN"
    cfg.MODEL.RESNETS.SE = se
    cfg.MODEL.RESNETS.OUT_FEATURES = ["res2", "res5"]
    return cfg


def test_gate_by_hand() -> None:
    gate = SqueezeExcitation(8)
    with torch.no_grad():
        for layer in (gate.fc1, gate.fc2):
            layer.weight.zero_()
            layer.bias.zero_()
        gate.fc2.bias[0] = 100.0
    x = torch.randn(2, 8, 3, 3)
    torch.testing.assert_close(gate(x)[:, 0], x[:, 0])  # sigmoid(100) = 1
    torch.testing.assert_close(gate(x)[:, 1:], x[:, 1:] / 2)  # sigmoid(0) = 1/2


@pytest.mark.parametrize(("depth", "blocks"), [(18, 8), (34, 16), (50, 16), (101, 33)])
def test_every_block_has_a_gate(depth: int, blocks: int) -> None:
    resnet = build_se_resnet_backbone(resnet_cfg(depth, True), ShapeSpec(channels=3))
    gates = [m for m in resnet.modules() if isinstance(m, SqueezeExcitation)]
    assert len(gates) == blocks
    plain = build_resnet_backbone(resnet_cfg(depth, False), ShapeSpec(channels=3))
    new = set(resnet.state_dict()) - set(plain.state_dict())
    assert len(new) == 4 * blocks and all(SE_KEY in name for name in new)
    assert set(plain.state_dict()) <= set(resnet.state_dict())


@torch.no_grad()
@pytest.mark.parametrize("depth", [18, 50])
def test_open_gates_are_the_plain_resnet(depth: int) -> None:
    plain = build_resnet_backbone(resnet_cfg(depth, False), ShapeSpec(channels=3)).eval()
    excited = build_se_resnet_backbone(resnet_cfg(depth, True), ShapeSpec(channels=3)).eval()
    excited.load_state_dict(plain.state_dict(), strict=False)
    image = torch.randn(1, 3, 64, 64)
    assert not torch.allclose(excited(image)["res5"], plain(image)["res5"])
    for module in excited.modules():
        if isinstance(module, SqueezeExcitation):
            module.fc2.weight.zero_()
            module.fc2.bias.fill_(100.0)
    torch.testing.assert_close(excited(image), plain(image))


def test_without_se_it_is_detectron2s_own() -> None:
    resnet = build_se_resnet_backbone(resnet_cfg(18, False), ShapeSpec(channels=3))
    assert not any(SE_KEY in name for name in resnet.state_dict())


def test_gates_of_frozen_stages_learn() -> None:
    cfg = resnet_cfg(18, True)
    cfg.MODEL.BACKBONE.FREEZE_AT = 2
    resnet = build_se_resnet_backbone(cfg, ShapeSpec(channels=3))
    learning = {n for n, p in resnet.named_parameters() if p.requires_grad and "res2" in n}
    assert len(learning) == 8 and all(SE_KEY in name for name in learning)


def test_widths_are_multiples_of_eight() -> None:
    assert [se_channels(c) for c in (64, 128, 256, 512, 2048)] == [8, 8, 16, 32, 128]
