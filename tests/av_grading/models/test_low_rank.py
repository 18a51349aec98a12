"""Convolutions of low rank: two in a row that are one."""

from pathlib import Path

import pytest
import torch
from torch import nn

from av_grading.models.low_rank import LowRankConv2d, full_ranks, lower_ranks, ranks_of
from av_grading.models.registry import create_model
from av_grading.models.weights_file import WeightsError, load_model, save_model


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, stride=2, padding=1), nn.ReLU(), nn.Conv2d(8, 4, 3, bias=False)
    )


def test_two_convolutions_are_one_of_full_rank() -> None:
    low = lower_ranks(network(), {"0": 5, "2": 2})
    plain, image = network(), torch.rand(2, 3, 16, 12)
    plain.load_state_dict(full_ranks(low.state_dict()))
    assert torch.allclose(plain(image), low(image), atol=1e-6)
    assert ranks_of(low.state_dict()) == {"0": 5, "2": 2} and ranks_of(plain.state_dict()) == {}


def test_plain_weights_stay_as_they_are() -> None:
    state = network().state_dict()
    assert full_ranks(state).keys() == state.keys()


def test_norm_and_activation_of_detectron2s_convolutions_stay() -> None:
    before = nn.Conv2d(2, 4, 1, bias=False)
    before.norm, before.activation = nn.GroupNorm(2, 4), torch.relu  # type: ignore[assignment]
    low, image = LowRankConv2d(before, 2), torch.rand(1, 2, 3, 3)
    wanted = torch.relu(before.norm(low.restore(low.reduce(image))))
    assert torch.equal(low(image), wanted)


@pytest.mark.parametrize("ranks", [{"1": 2}, {"3": 2}, {"0.weight": 2}])
def test_other_names_are_refused(ranks: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="ranks: expected names of convolutions, found"):
        lower_ranks(network(), ranks)
    with pytest.raises(ValueError, match="rank 1 or more, found 0"):
        lower_ranks(network(), {"0": 0})


def test_files_tell_their_ranks(tmp_path: Path) -> None:
    settings = {"widths": (8, 16)}
    low = create_model("close_up_unet", ranks={"down.1.3": 3}, **settings).half().float()
    path = tmp_path / "net.safetensors"
    save_model(path, "close_up_unet", settings, low.state_dict())
    found = load_model(path, "close_up_unet")
    assert ranks_of(found.state_dict()) == {"down.1.3": 3}
    image = torch.rand(1, 6, 32, 32)
    assert torch.equal(found(image), low.eval()(image))
    other = {name.replace("down.1.3", "down.9"): x for name, x in low.state_dict().items()}
    save_model(path, "close_up_unet", settings, other)
    with pytest.raises(WeightsError, match=r"net\.safetensors: weights of another architecture"):
        load_model(path, "close_up_unet")
