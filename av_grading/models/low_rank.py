"""Convolutions of low rank: few channels are convolved, all are made of them.

What a trained convolution answers lies close to a few directions of its channels. Through these
alone it takes a fraction of the time (Zhang 2016, "Accelerating Very Deep Convolutional Networks
for Classification and Detection", https://arxiv.org/abs/1505.06798).
"""

from collections.abc import Mapping

import torch
from torch import nn

REDUCE, RESTORE = "reduce", "restore"


class LowRankConv2d(nn.Module):
    """A convolution to `rank` channels and a 1 x 1 from there to all: together one convolution of
    that rank."""

    def __init__(self, like: nn.Conv2d, rank: int) -> None:
        """
        Args:
            like: the convolution that it takes the place of; its norm and activation, where it has
                them as Detectron2's have, stay.
            rank: channels between, at least 1.

        Raises:
            ValueError: grouped convolutions and ranks below 1.
        """
        super().__init__()
        if like.groups != 1 or rank < 1:
            raise ValueError(f"expected an ungrouped convolution, rank 1 or more, found {rank}")
        self.reduce = nn.Conv2d(
            like.in_channels,
            rank,
            like.kernel_size,  # type: ignore[arg-type]
            like.stride,  # type: ignore[arg-type]
            like.padding,  # type: ignore[arg-type]
            like.dilation,  # type: ignore[arg-type]
            bias=False,
        )
        self.restore = nn.Conv2d(rank, like.out_channels, 1, bias=like.bias is not None)
        self.norm = getattr(like, "norm", None)
        self.activation = getattr(like, "activation", None)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(B, C, H, W) → (B, C', H', W'), as the convolution that it stands for."""
        found: torch.Tensor = self.restore(self.reduce(x))
        if self.norm is not None:
            found = self.norm(found)
        return found if self.activation is None else self.activation(found)


def lower_ranks(network: nn.Module, ranks: Mapping[str, int]) -> nn.Module:
    """The network with some of its convolutions of low rank, in place, with random weights.

    Args:
        network: any.
        ranks: name of a convolution → its rank.

    Raises:
        ValueError: a name that is none of its convolutions.
    """
    for name, rank in ranks.items():
        parent, _, own = name.rpartition(".")
        try:
            found = network.get_submodule(name)
        except AttributeError:
            found = None
        if not isinstance(found, nn.Conv2d):
            raise ValueError(f"ranks: expected names of convolutions, found {name!r}")
        setattr(network.get_submodule(parent), own, LowRankConv2d(found, rank))
    return network


def ranks_of(state: Mapping[str, torch.Tensor]) -> dict[str, int]:
    """Ranks of a network's convolutions of low rank by name, as `lower_ranks` takes them, from its
    weights.

    >>> ranks_of(LowRankConv2d(nn.Conv2d(2, 4, 3), 1).state_dict(prefix="first."))
    {'first': 1}
    """
    inner, outer = f".{REDUCE}.weight", f".{RESTORE}.weight"
    return {
        name.removesuffix(inner): tensor.shape[0]
        for name, tensor in state.items()
        if name.endswith(inner) and name.removesuffix(inner) + outer in state
    }


def full_ranks(state: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Weights of a network with convolutions of low rank → those of the same network with plain
    ones, which answers the same; others as they are.

    >>> state = LowRankConv2d(nn.Conv2d(2, 4, 3), 1).state_dict(prefix="first.")
    >>> {name: tuple(x.shape) for name, x in full_ranks(state).items()}
    {'first.weight': (4, 2, 3, 3), 'first.bias': (4,)}
    """
    inner, outer = f".{REDUCE}.weight", f".{RESTORE}.weight"
    found: dict[str, torch.Tensor] = {}
    for name, tensor in state.items():
        base = name.rpartition(".")[0].rpartition(".")[0]
        if not {base + inner, base + outer} <= state.keys():  # others may be called so, too
            found[name] = tensor
        elif name == base + inner:
            spread = state[base + outer][:, :, 0, 0]
            found[f"{base}.weight"] = torch.einsum("or,rihw->oihw", spread, tensor)
        elif name == f"{base}.{RESTORE}.bias":
            found[f"{base}.bias"] = tensor
        elif name != base + outer:
            found[name] = tensor
    return found
