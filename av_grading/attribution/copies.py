"""Changed copies of a patch, and their attribution maps mapped back onto it."""

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torchvision.transforms.v2 import InterpolationMode
from torchvision.transforms.v2 import functional as change

from av_grading.attribution.maps import Maps
from av_grading.data.patch_set import PatchSet


@dataclass(frozen=True)
class Change:
    """One change of a patch, of a kind that graders are trained with.

    Attributes:
        kind: "rotation", "translation", "brightness", "saturation", "contrast" or "hue".
        amount: degrees; shares of the side, to the right and down; a factor; or a share of the
            colour circle.
        label: what a reader is told.
    """

    kind: str
    amount: float
    label: str


CHANGES = (
    Change("rotation", 45.0, "turned 45°"),
    Change("translation", 0.05, "moved 5 %"),
    Change("brightness", 1.2, "brightness × 1.2"),
    Change("saturation", 1.2, "saturation × 1.2"),
    Change("contrast", 1.2, "contrast × 1.2"),
    Change("hue", 0.02, "hue + 0.02"),
)
"""The study's kinds, within the amounts of training's defaults."""


def changed(data: PatchSet, how: Change) -> PatchSet:
    """A copy of every patch, its map moved with it.

    Raises:
        ValueError: unknown kind.
    """
    if how.kind in ("rotation", "translation"):
        patches = _move(data.patches, how, 1, InterpolationMode.BILINEAR)
        if data.maps.ndim == 4:  # shares blend, labels do not
            maps = _move(data.maps, how, 1, InterpolationMode.BILINEAR)
        else:
            maps = _move(data.maps[:, None], how, 1, InterpolationMode.NEAREST)[:, 0]
        return PatchSet(patches, maps, data.grades, data.groups)
    adjust = {
        "brightness": change.adjust_brightness,
        "saturation": change.adjust_saturation,
        "contrast": change.adjust_contrast,
        "hue": change.adjust_hue,
    }
    if how.kind not in adjust:
        raise ValueError(f"change: unknown kind {how.kind!r}")
    patches = adjust[how.kind](data.patches, how.amount)
    return PatchSet(patches, data.maps, data.grades, data.groups)


def mapped_back(maps: Maps, how: Change, side: int) -> tuple[Maps, NDArray[np.bool_]]:
    """Maps of changed copies on the pixels of the patches that they were made of.

    Args:
        maps: (N, H, H), of the middle of the copies.
        how: the change.
        side: of the whole patches (px), which the amount of a translation refers to.

    Returns:
        maps (N, H, H), and the pixels (H, H) that the copies' maps cover.
    """
    height = maps.shape[-1]
    if how.kind not in ("rotation", "translation"):
        return maps, np.ones((height, height), bool)
    stack = torch.from_numpy(maps)[:, None]
    covered = torch.ones((1, 1, height, height))
    back = _move(stack, how, -1, InterpolationMode.BILINEAR, side)[:, 0]
    known = _move(covered, how, -1, InterpolationMode.BILINEAR, side)[0, 0] > 0.999
    return back.numpy(), known.numpy()


def _move(
    pixels: torch.Tensor,
    how: Change,
    sign: int,
    method: InterpolationMode,
    side: int | None = None,
) -> torch.Tensor:
    turn = sign * how.amount if how.kind == "rotation" else 0.0
    whole = pixels.shape[-1] if side is None else side
    # Whole px: a copy that is moved is not blurred as well.
    shift = sign * math.floor(how.amount * whole + 0.5) if how.kind == "translation" else 0
    moved: torch.Tensor = change.affine(
        pixels, angle=turn, translate=[shift, shift], scale=1.0, shear=[0.0], interpolation=method
    )
    return moved
