"""ResNets are timm's: the same names, first weights, results and gradients."""

import pytest
import timm
import torch

from av_grading.models.encoder import build_encoder


@pytest.mark.parametrize(
    ("depth", "se", "norm", "stride"),
    [
        (18, True, "group", 32),
        (18, False, "batch", 8),
        (34, True, "batch", 16),
        (50, True, "group", 16),
        (50, False, "batch", 32),
    ],
)
def test_the_same_as_timms(depth: int, se: bool, norm: str, stride: int) -> None:
    extra = {"norm_layer": timm.layers.GroupNorm} if norm == "group" else {}
    torch.manual_seed(3)
    theirs = timm.create_model(
        f"{'se' if se else ''}resnet{depth}",
        pretrained=False,
        num_classes=0,
        global_pool="",
        output_stride=stride,
        **extra,
    )
    torch.manual_seed(3)
    ours = build_encoder(depth, se=se, norm=norm, stride=stride)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    torch.testing.assert_close(ours.state_dict(), theirs.state_dict(), rtol=0, atol=0)
    assert ours.num_features == theirs.num_features
    with torch.no_grad():  # norms that begin at zero would hide what a block adds
        for mine, other in zip(ours.parameters(), theirs.parameters(), strict=True):
            if mine.ndim == 1:
                other.copy_(mine.uniform_(0.5, 1.5))
    pictures = torch.randn(2, 3, 32, 32)
    found = [model(pictures) for model in (ours, theirs)]
    torch.testing.assert_close(*found, rtol=0, atol=0)
    for result in found:
        result.square().mean().backward()
    gradients = [model.conv1.weight.grad for model in (ours, theirs)]
    torch.testing.assert_close(*gradients, rtol=0, atol=0)


def test_fewer_stages_have_fewer_features() -> None:
    for depth, channels in ((18, [64, 128, 256, 512]), (50, [256, 512, 1024, 2048])):
        for stages, expected in enumerate(channels, start=1):
            encoder = build_encoder(depth, stages=stages)
            assert encoder.num_features == encoder(torch.zeros(1, 3, 32, 32)).shape[1] == expected
