"""Encoders in bfloat16 say what those in float32 say."""

import pytest
import torch

from av_grading.formats.config_file import load_config
from av_grading.models.bfloat16 import in_bfloat16
from av_grading.models.build import build_grader

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
