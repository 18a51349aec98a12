"""Lower ranks: what a convolution answers in few directions, it answers through these alone."""

import pytest
import torch
from torch import nn

from av_grading.models.low_rank import ranks_of
from av_grading.training.low_rank import lowered, measure

IMAGE = torch.rand(4, 6, 20, 20, generator=torch.Generator().manual_seed(1))


def network(rank: int, bias: bool = True) -> nn.Sequential:
    """Two convolutions, the first of 32 channels that lie in `rank` directions."""
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(6, 32, 3, bias=bias), nn.ReLU(), nn.Conv2d(32, 2, 1))
    with torch.no_grad():
        directions, parts = torch.randn(32, rank), torch.randn(rank, 54)
        net[0].weight.copy_((directions @ parts).view(32, 6, 3, 3))
    return net.eval()


@pytest.mark.parametrize("bias", [True, False])
def test_few_directions_are_enough(bias: bool) -> None:
    before = network(rank=5, bias=bias)
    low = lowered(before, measure(before, lambda: before(IMAGE)), keep=0.9999)
    assert ranks_of(low.state_dict()) == {"0": 8}
    new = torch.rand(2, 6, 20, 20)
    assert torch.allclose(low(new), before(new), atol=1e-3)
    assert isinstance(before[0], nn.Conv2d)  # it stays as it was


def test_the_mean_answer_is_kept_whole() -> None:
    before = network(rank=32)
    before[0].weight.data += 0.5  # answers are far from 0
    low = lowered(before, measure(before, lambda: before(IMAGE)), keep=0.3)
    assert ranks_of(low.state_dict())["0"] == 8
    first = [net[0](IMAGE)[:, :, ::2, ::2].mean((0, 2, 3)) for net in (low, before)]
    assert torch.allclose(*first, atol=1e-4)


def test_what_is_not_worth_it_stays() -> None:
    before = network(rank=32)
    low = lowered(before, measure(before, lambda: before(IMAGE)), keep=1.0)
    assert ranks_of(low.state_dict()) == {} and torch.equal(low(IMAGE), before(IMAGE))


@pytest.mark.parametrize("keep", [0, 1.01])
def test_shares_that_are_none(keep: float) -> None:
    with pytest.raises(ValueError, match="keep: expected a share above 0 to 1, found"):
        lowered(network(rank=5), {}, keep)
