"""The moving average follows the weights, starts where they start, and survives a checkpoint."""

import pytest
import torch
from torch import nn

from av_detectron.engine.ema import ModelEMA


def filled(value: float) -> nn.Module:
    layer = nn.Linear(2, 2)
    for parameter in layer.parameters():
        nn.init.constant_(parameter, value)
    return layer


def test_average_is_exponential_and_forgets_the_start() -> None:
    average = ModelEMA(filled(0.0), decay=0.9)
    average.update(filled(1.0), step=1000)
    assert average.model.weight[0, 0].item() == pytest.approx(0.1)
    average.update(filled(1.0), step=1001)
    assert average.model.weight[0, 0].item() == pytest.approx(0.19)
    average.update(filled(1.0), step=0)  # (1 + 0) / (10 + 0): nine tenths are new
    assert average.model.weight[0, 0].item() == pytest.approx(0.919)


def test_no_decay_is_the_model_itself() -> None:
    average = ModelEMA(filled(0.0), decay=0.0)
    average.update(filled(3.0), step=500)
    assert torch.equal(average.model.bias, filled(3.0).bias)


def test_starts_at_the_model_unless_a_checkpoint_says_where() -> None:
    fresh = ModelEMA(filled(0.0), decay=0.9)
    fresh.start(filled(2.0))
    assert fresh.model.weight[0, 0] == 2
    resumed = ModelEMA(filled(0.0), decay=0.9)
    resumed.load_state_dict(fresh.state_dict())
    resumed.start(filled(5.0))
    assert resumed.model.weight[0, 0] == 2


def test_average_learns_nothing_by_itself() -> None:
    assert not any(p.requires_grad for p in ModelEMA(filled(0.0), 0.5).model.parameters())


@pytest.mark.parametrize("decay", [-0.1, 1.0])
def test_decay_out_of_range(decay: float) -> None:
    with pytest.raises(ValueError, match="SOLVER.EMA_DECAY"):
        ModelEMA(filled(0.0), decay)
