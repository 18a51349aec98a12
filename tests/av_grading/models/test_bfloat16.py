"""Encoders in bfloat16 say what those in float32 say."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from av_grading.formats.config_file import load_config
from av_grading.models.bfloat16 import in_bfloat16
from av_grading.models.build import build_grader
from av_grading.models.close_up_unet import _block

KINDS = [
    ["model.kind=two_stream", "model.pooling=both", "model.align_vein=true"],
    ["model.kind=one_stream"],
]


@pytest.mark.parametrize("settings", KINDS)
def test_half_is_nearly_the_whole(settings: list[str]) -> None:
    torch.manual_seed(0)
    model = build_grader(load_config(None, ["model.depth=18", "model.stages=2", *settings])).eval()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    patch, av_map = torch.rand(2, 6, 3, 48, 48)
    with torch.inference_mode():
        whole = model(patch, av_map)
        half = in_bfloat16(model)(patch, av_map)
    assert half.dtype == torch.float32
    assert 0 < float((half - whole).abs().max()) < 0.05 * float(whole.abs().max())
    for name, value in model.state_dict().items():  # the original is left as it was
        assert value.dtype == torch.float32 and torch.equal(value, before[name])


def test_a_network_without_such_encoders_is_refused() -> None:
    with pytest.raises(ValueError, match="expected a network with one of .*'body'"):
        in_bfloat16(torch.nn.Linear(2, 2))


@pytest.mark.parametrize("side", [12, 40])
def test_the_close_up_networks_norm_is_group_norm_whatever_its_maps_size(side: int) -> None:
    norm = _block(3, 16)[1]
    assert isinstance(norm, nn.GroupNorm)
    with torch.no_grad():
        norm.weight.uniform_(0.5, 2)
        norm.bias.normal_()
    maps = 3 * torch.randn(2, 16, side, side) + 1
    wanted = F.group_norm(maps, norm.num_groups, norm.weight, norm.bias)
    found = norm.to(torch.bfloat16)(maps.bfloat16().to(memory_format=torch.channels_last))
    assert found.dtype == torch.bfloat16
    assert torch.allclose(found.float(), wanted, atol=0.06)
