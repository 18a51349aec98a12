"""SAFPN: attention over scales, and the contract of a Detectron2 backbone."""

import copy

import pytest
import torch
import torch.nn.functional as F
from detectron2.config import CfgNode
from detectron2.modeling import build_backbone

from av_detectron import get_av_config
from av_detectron.modeling.safpn import ATTENTION_KINDS, SAFPN, resize_level


def tiny_cfg(**keys: object) -> CfgNode:
    stages = ["res2", "res3", "res4", "res5"]
    cfg = get_av_config()
    cfg.MODEL.DEVICE = "cpu"
    cfg.MODEL.BACKBONE.NAME = "build_se_resnet_safpn_backbone"
    cfg.MODEL.BACKBONE.FREEZE_AT = 0
    cfg.MODEL.RESNETS.DEPTH = 18
    cfg.MODEL.RESNETS.RES2_OUT_CHANNELS = 64
    cfg.MODEL.RESNETS.NORM = "GN"
    cfg.MODEL.RESNETS.OUT_FEATURES = stages
    cfg.MODEL.FPN.IN_FEATURES = stages
    cfg.MODEL.FPN.OUT_CHANNELS = 32
    cfg.merge_from_list([x for pair in keys.items() for x in pair])
    return cfg


def build(**keys: object) -> SAFPN:
    return build_backbone(tiny_cfg(**keys)).eval()


def randomise(backbone: SAFPN) -> None:
    """Give the attention, which starts at zero, something to say."""
    for parameter in backbone.attentions.parameters():
        torch.nn.init.normal_(parameter, std=0.5)


IMAGE = torch.randn(2, 3, 128, 64, generator=torch.Generator().manual_seed(1))


@torch.no_grad()
def test_contract_of_a_backbone() -> None:
    backbone = build()
    outputs = backbone(IMAGE)
    shapes = backbone.output_shape()
    assert list(outputs) == list(shapes) == ["p2", "p3", "p4", "p5", "p6"]
    for name, output in outputs.items():
        stride = shapes[name].stride
        assert stride == 2 ** int(name[1])
        assert output.shape == (2, shapes[name].channels, 128 // stride, 64 // stride)
    assert backbone.size_divisibility == 32


@torch.no_grad()
def test_zero_logits_give_the_mean_of_the_resized_levels() -> None:
    backbone = build()
    for attention in backbone.attentions.values():
        attention.bias.zero_()
    _, merged = backbone.merge(IMAGE)
    outputs = backbone(IMAGE)
    for i, name in enumerate(("p2", "p3", "p4", "p5")):
        size = merged[i].shape[-2:]
        mean = sum(resize_level(level, size) for level in merged) / 4
        expected = getattr(backbone, f"fpn_output{name[1:]}")(mean)
        torch.testing.assert_close(outputs[name], expected)


@torch.no_grad()
def test_own_level_leads_at_the_start() -> None:
    backbone = build()
    _, merged = backbone.merge(IMAGE)
    weights = backbone.attentions["p3"](merged, (16, 8))[0, 0, :, 0, 0]
    assert weights[1] == pytest.approx(0.711, abs=1e-3)
    assert weights[0] == weights[2] == weights[3]


@torch.no_grad()
@pytest.mark.parametrize("kind", ATTENTION_KINDS)
def test_weights_are_positive_and_sum_to_one(kind: str) -> None:
    backbone = build(**{"MODEL.SAFPN.ATTENTION": kind})
    randomise(backbone)
    _, merged = backbone.merge(IMAGE)
    weights = backbone.attentions["p3"](merged, (16, 8))
    assert weights.shape == ((2, 1, 4, 16, 8) if kind == "position" else (2, 1, 4, 1, 1))
    assert (weights > 0).all()
    torch.testing.assert_close(weights.sum(2), torch.ones_like(weights[:, :, 0]))
    if kind == "position":
        assert weights.std((2, 3)).min() > 0
    if kind == "level":
        torch.testing.assert_close(weights[0], weights[1])


@torch.no_grad()
def test_attention_is_a_convolution_over_the_concatenated_levels() -> None:
    backbone = build()
    randomise(backbone)
    attention = backbone.attentions["p4"]
    _, merged = backbone.merge(IMAGE)
    size = merged[2].shape[-2:]
    together = torch.cat([resize_level(level, size) for level in merged], dim=1)
    kernel = torch.cat([conv.weight for conv in attention.convs], dim=1)
    expected = F.conv2d(together, kernel, attention.bias).softmax(dim=1)
    torch.testing.assert_close(attention(merged, size)[:, 0], expected)


@torch.no_grad()
def test_groups_of_channels_weigh_for_themselves() -> None:
    backbone = build(**{"MODEL.SAFPN.GROUPS": 4})
    randomise(backbone)
    _, merged = backbone.merge(IMAGE)
    size = merged[1].shape[-2:]
    weights = backbone.attentions["p3"](merged, size)
    assert weights.shape == (2, 4, 4, *size)
    assert not torch.allclose(weights[:, 0], weights[:, 1])
    parts = [
        sum(
            w[:, None] * resize_level(level, size)[:, 8 * g : 8 * g + 8]
            for w, level in zip(weights[:, g].unbind(1), merged, strict=True)
        )
        for g in range(4)
    ]
    expected = backbone.fpn_output3(torch.cat(parts, dim=1))
    torch.testing.assert_close(backbone(IMAGE)["p3"], expected)


@torch.no_grad()
def test_without_the_top_down_path_levels_meet_in_the_weights_alone() -> None:
    backbone = build(**{"MODEL.SAFPN.TOP_DOWN": False})
    features, levels = backbone.merge(IMAGE)
    for level, lateral, name in zip(
        levels, reversed(backbone.lateral_convs), backbone.in_features, strict=True
    ):
        torch.testing.assert_close(level, lateral(features[name]))


@torch.no_grad()
def test_fewer_levels_are_the_same_levels() -> None:
    whole = build()
    randomise(whole)
    part = build(**{"MODEL.SAFPN.OUT_FEATURES": ["p2", "p3"]})
    weights = whole.state_dict()
    part.load_state_dict({k: weights[k] for k in part.state_dict()})
    outputs = part(IMAGE)
    assert list(outputs) == list(part.output_shape()) == ["p2", "p3"]
    torch.testing.assert_close(outputs["p2"], whole(IMAGE)["p2"])


@torch.no_grad()
def test_top_level_alone() -> None:
    backbone = build(**{"MODEL.SAFPN.OUT_FEATURES": ["p6"]})
    assert backbone(IMAGE)["p6"].shape == (2, 32, 2, 1)


def test_every_parameter_learns() -> None:
    backbone = build().train()
    sum(o.square().mean() for o in backbone(IMAGE).values()).backward()
    still = [n for n, p in backbone.named_parameters() if p.grad is None]
    assert still == []
    assert all(c.weight.grad.abs().sum() > 0 for c in backbone.attentions["p2"].convs)


@torch.no_grad()
def test_fpn_weights_load_and_only_the_attention_is_new() -> None:
    fpn = build_backbone(tiny_cfg(**{"MODEL.BACKBONE.NAME": "build_se_resnet_fpn_backbone"}))
    missing, unexpected = build().load_state_dict(fpn.state_dict(), strict=False)
    assert unexpected == []
    assert all(name.startswith("attentions.") for name in missing)


@torch.no_grad()
def test_copy_is_independent() -> None:
    backbone = build(**{"MODEL.RESNETS.SE": True})
    duplicate = copy.deepcopy(backbone)
    before = backbone(IMAGE)["p2"].clone()
    for name, parameter in duplicate.named_parameters():
        if ".se." in name:
            parameter.zero_()
    torch.testing.assert_close(backbone(IMAGE)["p2"], before)
    assert not torch.allclose(duplicate(IMAGE)["p2"], before)


def test_unknown_options_are_refused() -> None:
    with pytest.raises(ValueError, match="attention must be one of .* got 'row'"):
        build(**{"MODEL.SAFPN.ATTENTION": "row"})
    with pytest.raises(ValueError, match=r"unknown levels \['p9'\]"):
        build(**{"MODEL.SAFPN.OUT_FEATURES": ["p9"]})
    with pytest.raises(ValueError, match="groups must divide 32 channels, got 5"):
        build(**{"MODEL.SAFPN.GROUPS": 5})
