"""Exponential moving average of the weights (EMA): smoother than any one step, and so what is
evaluated and released.

Polyak averaging in exponential form; with batches of one or two crops it takes away most of the
noise of the last steps.
"""

import copy
from typing import Any

import torch
from torch import nn
from torch.nn.parallel import DistributedDataParallel


def undistributed(model: nn.Module) -> nn.Module:
    """The model itself, where it is wrapped to learn in several processes: its weights have the
    names that one process gives them, so that a checkpoint goes on with any number."""
    return model.module if isinstance(model, DistributedDataParallel) else model


class ModelEMA:
    """A copy of a model whose weights are the moving average of the model's.

    At step t (from 0) a weight w of the average becomes d w + (1 - d) v, where v is the model's
    and d = min(decay, (1 + t) / (10 + t)), so that the random start is soon forgotten.
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        """
        Args:
            model: the model in training.
            decay: share that is kept at each step, 0-1.

        Raises:
            ValueError: the decay is outside 0-1.
        """
        if not 0 <= decay < 1:
            raise ValueError(f"SOLVER.EMA_DECAY: expected 0 to less than 1, found {decay}")
        self.decay = decay
        self.model = copy.deepcopy(undistributed(model)).requires_grad_(False)
        self.started = False

    @torch.no_grad()
    def update(self, model: nn.Module, step: int) -> None:
        """Follow `model` after its step number `step`, counted from 0."""
        decay = min(self.decay, (1 + step) / (10 + step))
        own = self.model.state_dict()
        for name, value in undistributed(model).state_dict().items():
            if value.is_floating_point():
                own[name].lerp_(value, 1 - decay)
            else:
                own[name].copy_(value)

    def start(self, model: nn.Module) -> None:
        """Begin at `model`, unless a checkpoint has said where to go on."""
        if not self.started:
            self.model.load_state_dict(undistributed(model).state_dict())
            self.started = True

    def state_dict(self) -> dict[str, Any]:
        return self.model.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.model.load_state_dict(state)
        self.started = True
