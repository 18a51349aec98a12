"""A training whose weights are averaged as it goes, on a cosine's learning rate, that can go on."""

import math
from pathlib import Path
from typing import Generic, TypeVar

import torch
from torch import nn

Network = TypeVar("Network", bound=nn.Module)
MOST_GRADIENT = 5.0
"""Norm to which gradients are clipped."""


class AveragedTraining(Generic[Network]):
    """A network, the moving average of its weights, and AdamW.

    Attributes:
        network: that learns.
        average: what is validated and kept.
    """

    def __init__(
        self,
        network: Network,
        average: Network,
        *,
        steps: int,
        lr: float,
        weight_decay: float,
        warm_up: int,
        decay: float,
    ) -> None:
        """
        Args:
            network: to train.
            average: another of the same architecture.
            steps: after which the learning rate is 0.
            lr: the highest learning rate.
            weight_decay: of AdamW.
            warm_up: steps in which the rate rises to it.
            decay: of the average, once it has seen enough steps.
        """
        self.network, self.average = network, average
        average.load_state_dict(network.state_dict())
        self.optimizer = torch.optim.AdamW(network.parameters(), lr, weight_decay=weight_decay)
        self.steps, self.lr, self.warm_up, self.decay = steps, lr, warm_up, decay

    def learn(self, loss: torch.Tensor, step: int) -> None:
        """One step, the first of which is number 0."""
        warm = min(1.0, (step + 1) / self.warm_up)
        for group in self.optimizer.param_groups:
            group["lr"] = self.lr * warm * 0.5 * (1 + math.cos(math.pi * step / self.steps))
        self.optimizer.zero_grad()
        torch.autograd.backward(loss)
        nn.utils.clip_grad_norm_(self.network.parameters(), MOST_GRADIENT)
        self.optimizer.step()
        kept = min(self.decay, (step + 1) / (step + 10))
        pairs = zip(self.average.parameters(), self.network.parameters(), strict=True)
        with torch.no_grad():
            for mean, new in pairs:
                mean.lerp_(new, 1 - kept)

    def keep(self, path: Path, step: int) -> None:
        """Write a checkpoint after so many steps, whole or not at all.

        Raises:
            OSError: it cannot be written.
        """
        state = {
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "step": step,
        }
        torch.save(state, path.with_suffix(".tmp"))
        path.with_suffix(".tmp").replace(path)

    def resume(self, path: Path) -> int:
        """Go on from a checkpoint; the number of steps that are done, 0 where there is none."""
        if not path.is_file():
            return 0
        state = torch.load(path, weights_only=True)
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        return int(state["step"])
