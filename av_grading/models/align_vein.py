"""Turn crossings so that the vein runs level: what presses it then always lies at the same place.

The turn follows from the map, which a grader is given anyway; it spares the network from learning
the same narrowing in every direction.
"""

import math

import torch
import torch.nn.functional as F

REACH = 0.14
"""The vein's direction is that of its pixels near the middle: standard deviation of a Gaussian
window, as a share of the map's side."""
_STEP = 16  # sides of what is left are multiples of it, so that strides come out even


def aligned_side(side: int) -> int:
    """Side of what is left of a square (px): its middle, so that no turn shows its corners.

    Raises:
        ValueError: nothing would be left.
    """
    left = _STEP * round(side / math.sqrt(2) / _STEP)
    if left < _STEP:
        raise ValueError(f"model.align_vein: expected patches of at least 17 px, found {side} px")
    return left


def vein_angles(av_map: torch.Tensor) -> torch.Tensor:
    """Direction of the vein through the middle of each map, (B,), radians from x towards y.

    The principal axis of its pixels; 0 where there are none.

    Args:
        av_map: artery, vein and overlap, (B, 3, H, W), 0-1.
    """
    vein = av_map[:, 1] + av_map[:, 2]
    height, width = vein.shape[-2:]
    y = torch.arange(height, device=vein.device, dtype=vein.dtype) - (height - 1) / 2
    x = torch.arange(width, device=vein.device, dtype=vein.dtype) - (width - 1) / 2
    near = torch.exp(-(y[:, None] ** 2 + x**2) / (2 * (REACH * width) ** 2))
    weight = vein * near  # (B, H, W)
    xx = (weight * x**2).sum((1, 2))
    yy = (weight * y[:, None] ** 2).sum((1, 2))
    xy = (weight * x * y[:, None]).sum((1, 2))
    return 0.5 * torch.atan2(2 * xy, xx - yy)


def turn(images: torch.Tensor, angles: torch.Tensor, side: int) -> torch.Tensor:
    """Middle of images after a turn: what ran at `angles` runs level.

    Args:
        images: (B, C, S, S).
        angles: (B,), radians from x towards y; negative ones turn back.
        side: of the result (px), (B, C, side, side).
    """
    cos, sin = torch.cos(angles), torch.sin(angles)
    zero = torch.zeros_like(cos)
    rows = torch.stack([cos, -sin, zero, sin, cos, zero], dim=1).view(-1, 2, 3)
    scale = side / images.shape[-1]
    grid = F.affine_grid(rows * scale, [len(images), 1, side, side], align_corners=False)
    return F.grid_sample(images, grid, mode="bilinear", align_corners=False)


def align(patch: torch.Tensor, av_map: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Patches and maps, each (B, 3, S, S) → their middles with the vein level, each (B, 3, s, s),
    s of `aligned_side`."""
    # The angle is no path for gradients: a pixel's part in it is no part in the grade.
    with torch.no_grad():
        angles = vein_angles(av_map.float())
    side = int(patch.shape[-1])  # a tracer has tensors for shapes
    turned = turn(torch.cat([patch, av_map], dim=1).float(), angles, aligned_side(side))
    return turned[:, :3], turned[:, 3:]
