"""What the close-up network sees of a crossing: pixels at its scale, and the coarse map there."""

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from av_grading.formats.patches import SIDE, cut_patch

SCALE = 4
"""px a DRIVE px: as fine as cameras of 2,000 px and more show."""
PIXELS = int(SIDE * SCALE)
"""Side of a close-up (px): as wide as a grader's patch."""
COARSE = 2
"""Channels of the coarse map: probabilities of artery and vein."""

Patch = NDArray[np.uint8]


def cut_close_up(
    photograph: Patch, center: tuple[float, float], drive_px: float, pixels: int = PIXELS
) -> Patch:
    """RGB (pixels, pixels, 3) around a crossing at `SCALE`; arguments as `cut_patch`."""
    return cut_patch(photograph, center, drive_px, pixels / SCALE, pixels)


def middle_of(
    patches: torch.Tensor, coarse: torch.Tensor, side: int = PIXELS
) -> tuple[torch.Tensor, torch.Tensor, int]:
    """The inner `side` px of close-ups (N, 3, S, S), the coarse maps (N, 2, S / SCALE, S / SCALE)
    there, and where they start (px); all of smaller ones."""
    start = max(0, (patches.shape[-1] - side) // 2)
    window = slice(start, start + side)
    small = slice(start // SCALE, start // SCALE + side // SCALE)
    return patches[..., window, window], coarse[..., small, small], start


def cut_coarse(
    av: NDArray[np.float32], center: tuple[float, float], drive_px: float, pixels: int = PIXELS
) -> Patch:
    """Coarse map around a crossing at one px a DRIVE px, (2, P / SCALE, P / SCALE), 0-255.

    Args:
        av: probabilities of background, artery and vein, (3, H, W), of the photograph or a window.
        center: x and y of the crossing (px of `av`).
        drive_px: length of one DRIVE px in px of `av`.
        pixels: side of the close-up that it belongs to (px).
    """
    side = pixels // SCALE
    # Smooth as it is, it is read where the px of the result lie.
    scale = drive_px
    shift = np.array(
        [
            [scale, 0, center[0] - scale * (side - 1) / 2],
            [0, scale, center[1] - scale * (side - 1) / 2],
        ]
    )
    cut = [
        cv2.warpAffine(
            np.ascontiguousarray(channel),
            shift,
            (side, side),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        )
        for channel in av[1:]
    ]
    return np.asarray(np.clip(np.rint(np.stack(cut) * 255), 0, 255), np.uint8)


def to_inputs(
    patches: torch.Tensor, coarse: torch.Tensor | None, known: torch.Tensor | None = None
) -> torch.Tensor:
    """What the network takes, (B, 6, P, P), of uint8 close-ups and coarse maps.

    Contrast is that of each patch: cameras differ in light and colour, vessels are dark everywhere.

    Args:
        patches: RGB, (B, 3, P, P), 0-255.
        coarse: (B, 2, P / SCALE, P / SCALE), 0-255; None where there is none.
        known: (B,), 1 where the coarse map is to be seen; all by default.
    """
    values = patches.to(torch.float32, copy=True)
    seen = (patches.amax(dim=1, keepdim=True) > 8).float()  # beyond the field of view is black
    count = seen.sum((2, 3), keepdim=True).clamp(min=1)
    mean = (values * seen).sum((2, 3), keepdim=True) / count
    normal = values.sub_(mean).mul_(seen)
    spread = normal.square().sum((2, 3), keepdim=True) / count
    normal /= spread.sqrt() + 4
    size = values.shape[-2:]
    if coarse is None:
        rest = values.new_zeros(len(values), COARSE + 1, *size)
        return torch.cat([normal, rest], dim=1)
    enlarged = torch.nn.functional.interpolate(
        coarse.float() / 255, size=size, mode="bilinear", align_corners=False
    )
    flag = torch.ones(len(values), device=values.device) if known is None else known.float()
    flag = flag.view(-1, 1, 1, 1)
    return torch.cat([normal, enlarged * flag, flag.expand(-1, 1, *size)], dim=1)
