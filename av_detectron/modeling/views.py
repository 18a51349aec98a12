"""Mirror images of a photograph, over which its artery/vein map is averaged: test-time flips.

An eye has no preferred side, so that every mirror image is a photograph as good as the first.
"""

from collections.abc import Callable

import torch

VIEWS: tuple[tuple[int, ...], ...] = ((), (-1,), (-2,), (-2, -1))
"""Axes that each view reverses: none, left and right, top and bottom, both."""
COUNTS = (1, 2, 4)
"""How many of `VIEWS` may be asked for."""


def check_views(count: int) -> int:
    """The count.

    Raises:
        ValueError: none of `COUNTS`.
    """
    if count not in COUNTS:
        raise ValueError(f"views: expected one of {COUNTS}, found {count!r}")
    return count


def mean_over_views(
    answer: Callable[[torch.Tensor], torch.Tensor],
    image: torch.Tensor,
    first: torch.Tensor,
    count: int,
) -> torch.Tensor:
    """Mean of what `answer` says of the views of an image, each turned back.

    Args:
        answer: images (B, C, H, W) → maps (B, K, H, W).
        image: the first view, (B, C, H, W).
        first: the answer to it, which is known already.
        count: of `COUNTS`.

    Returns:
        (B, K, H, W).
    """
    others = [answer(image.flip(axes)).flip(axes) for axes in VIEWS[1:count]]
    return torch.stack([first, *others]).mean(dim=0)
