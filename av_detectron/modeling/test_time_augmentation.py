"""Test-time augmentation: mirror images of a photograph, over which its map is averaged.

An eye has no preferred side, so that every mirror image is a photograph as good as the first.
"""

from collections.abc import Callable

import torch

VIEWS: tuple[tuple[int, ...], ...] = ((), (-1,), (-2,), (-2, -1))
"""Axes that each view reverses: none, left and right, top and bottom, both."""
N_VIEWS = (1, 2, 4)
"""How many of `VIEWS` may be asked for."""


def check_n_views(n_views: int) -> int:
    """The number of views.

    Raises:
        ValueError: none of `N_VIEWS`.
    """
    if n_views not in N_VIEWS:
        raise ValueError(f"n_views: expected one of {N_VIEWS}, found {n_views!r}")
    return n_views


def mean_over_views(
    predict: Callable[[torch.Tensor], torch.Tensor],
    image: torch.Tensor,
    first: torch.Tensor,
    n_views: int,
) -> torch.Tensor:
    """Mean of what `predict` gives for the views of an image, each turned back.

    Args:
        predict: images (B, C, H, W) → maps (B, K, H, W).
        image: the first view, (B, C, H, W).
        first: its map, which is known already.
        n_views: of `N_VIEWS`.

    Returns:
        (B, K, H, W).
    """
    others = [predict(image.flip(axes)).flip(axes) for axes in VIEWS[1:n_views]]
    return torch.stack([first, *others]).mean(dim=0)
