"""Lower the ranks of a trained network's convolutions to the directions that they answer in.

The directions are principal components of what a convolution answers to real inputs (Zhang 2016,
https://arxiv.org/abs/1505.06798), and the mean answer, which is kept whole.
"""

import copy
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from av_grading.models.low_rank import LowRankConv2d, lower_ranks

LEAST_INPUTS = 5
"""Channels that a convolution reads at least: those that read a picture stay as they are."""
MULTIPLE = 8
"""Of which ranks are: what a processor does at once."""
WORTH = 0.75
"""Share of a convolution's work that one of low rank may take at most to be worth it."""


@dataclass(frozen=True)
class Ranks:
    """Section `ranks` of a training's config.

    Attributes:
        keep: share of the variance of each convolution's answers that its low rank keeps.
    """

    keep: float = 0.99


@dataclass
class Response:
    """What a convolution with C outputs has answered, its bias left out.

    Attributes:
        count: places.
        total: sum over them, (C,).
        products: sum of the outer products, (C, C).
    """

    count: int
    total: torch.Tensor
    products: torch.Tensor

    def add(self, answers: torch.Tensor) -> None:
        """Answers (B, C, H, W), every second row and column of which counts."""
        seen = answers[:, :, ::2, ::2].transpose(0, 1).flatten(1)
        self.count += seen.shape[1]
        self.total += seen.sum(dim=1).double()
        self.products += (seen @ seen.T).double()

    def directions(self, keep: float) -> torch.Tensor:
        """Orthonormal directions (C, R), R a multiple of `MULTIPLE`, that hold the mean answer
        and at least a share of the variance."""
        mean = self.total / self.count
        variance, axes = torch.linalg.eigh(self.products / self.count - torch.outer(mean, mean))
        variance, axes = variance.flip(0).clamp(min=0), axes.flip(1)
        enough = int((variance.cumsum(0) < keep * variance.sum()).sum()) + 1
        rank = min(len(mean), MULTIPLE * -(-(enough + 1) // MULTIPLE))
        held = axes[:, : rank - 1]
        rest = mean - held @ (held.T @ mean)
        return torch.cat([held, (rest / rest.norm().clamp(min=1e-12))[:, None]], dim=1)


@contextmanager
def measured_responses(network: nn.Module) -> Iterator[dict[str, Response]]:
    """Inside, what the network's larger convolutions answer is added up, by their names."""
    found: dict[str, Response] = {}

    def add(name: str, module: nn.Conv2d, inputs: tuple[Any, ...], _: Any) -> None:
        answers = F.conv2d(
            inputs[0].detach(), module.weight, None, module.stride, module.padding, module.dilation
        )
        if name not in found:
            count = answers.shape[1]
            zeros = torch.zeros(count, dtype=torch.float64, device=answers.device)
            found[name] = Response(0, zeros, torch.outer(zeros, zeros))
        found[name].add(answers.detach())

    hooks = [
        module.register_forward_hook(partial(add, name))
        for name, module in network.named_modules()
        if isinstance(module, nn.Conv2d)
        and module.kernel_size != (1, 1)
        and module.groups == 1
        and module.in_channels >= LEAST_INPUTS
    ]
    try:
        yield found
    finally:
        for hook in hooks:
            hook.remove()


@torch.no_grad()
def lowered(network: nn.Module, responses: Mapping[str, Response], keep: float) -> nn.Module:
    """A copy of a network whose convolutions are of low rank where that is worth it.

    Args:
        network: trained; stays as it is.
        responses: of its convolutions.
        keep: share of the variance of each one's answers that is kept, above 0 to 1.

    Raises:
        ValueError: another share.
    """
    if not 0 < keep <= 1:
        raise ValueError(f"keep: expected a share above 0 to 1, found {keep:g}")
    directions = {}
    for name, response in responses.items():
        before = network.get_submodule(name)
        assert isinstance(before, nn.Conv2d)  # `measured_responses` names no others
        outputs, inputs, *area = before.weight.shape
        axes = response.directions(keep)
        work = inputs * area[0] * area[1]
        if axes.shape[1] * (work + outputs) <= WORTH * outputs * work:
            directions[name] = axes
    ranks = {name: axes.shape[1] for name, axes in directions.items()}
    found = lower_ranks(copy.deepcopy(network), ranks)
    for name, axes in directions.items():
        before, low = network.get_submodule(name), found.get_submodule(name)
        assert isinstance(before, nn.Conv2d) and isinstance(low, LowRankConv2d)
        low.to(before.weight)
        reduced = axes.T @ before.weight.double().flatten(1)
        low.reduce.weight.copy_(reduced.view(low.reduce.weight.shape))
        low.restore.weight.copy_(axes[:, :, None, None])
        if before.bias is not None and low.restore.bias is not None:
            low.restore.bias.copy_(before.bias)
    return found


def measure(network: nn.Module, run: Callable[[], object]) -> dict[str, Response]:
    """What a network's convolutions answer while `run` applies it."""
    with measured_responses(network) as responses, torch.no_grad():
        run()
    return responses
