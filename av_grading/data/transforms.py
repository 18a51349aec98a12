"""From patches to what a model sees; in training with random changes, the same for every rerun.

A change is drawn from the seed, the epoch and the patch's number alone: not from the order of
patches, so that a run that is resumed sees what it would have seen.
"""

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torchvision import tv_tensors
from torchvision.transforms import v2

from av_grading.config import Augment
from av_grading.data.patch_set import PatchSet
from av_grading.formats.labels import ARTERY, OVERLAP, VEIN

MEAN, SPREAD = 0.45, 0.22
"""Of RGB values in 0-1, one for all channels, so that colour differences stay what they are."""

Batch = tuple[torch.Tensor, torch.Tensor]


def to_inputs(patches: torch.Tensor, maps: torch.Tensor, crop: int) -> Batch:
    """Middle of uint8 patches (B, 3, P, P) and maps (B, P, P) → inputs, each (B, 3, crop, crop).

    The maps' channels are artery, vein and overlap, 0 or 1.

    Raises:
        ValueError: the patches are smaller than the crop.
    """
    side = patches.shape[-1]
    if side < crop:
        raise ValueError(f"data.crop: expected at most the patches' {side} px, found {crop}")
    start = (side - crop) // 2
    window = slice(start, start + crop)
    photographs = (patches[..., window, window].float() / 255 - MEAN) / SPREAD
    labels = maps[..., window, window].long()
    kinds = F.one_hot(labels, OVERLAP + 1)[..., [ARTERY, VEIN, OVERLAP]]
    return photographs, kinds.permute(0, 3, 1, 2).float()


class PairedAugmentation:
    """Random geometry of patch and map together, random colour of the patch."""

    def __init__(self, settings: Augment, seed: int) -> None:
        """
        Args:
            settings: how much.
            seed: of all draws.
        """
        self.seed = seed
        self.overlap = settings.overlap
        low, high = 1 - settings.zoom, 1 + settings.zoom
        translate = (settings.translate, settings.translate)
        self.geometry = v2.Compose(
            [
                v2.RandomHorizontalFlip(0.5 if settings.flip else 0.0),
                v2.RandomAffine(
                    settings.rotation,
                    translate=translate,
                    scale=(low, high),
                    interpolation=v2.InterpolationMode.BILINEAR,
                ),
            ]
        )
        self.color = v2.ColorJitter(
            settings.brightness, settings.contrast, settings.saturation, settings.hue
        )

    def __call__(
        self, patch: torch.Tensor, av_map: torch.Tensor, epoch: int, number: int, copy: int = 0
    ) -> Batch:
        """Change one patch (3, P, P) and its map (P, P), both uint8.

        Args:
            patch: RGB.
            av_map: labels.
            epoch: of the training.
            number: of the patch in its set.
            copy: tells several changes of one patch in one epoch apart.
        """
        with torch.random.fork_rng(devices=[]):
            # Not torch.manual_seed, which notes the caller's stack for a GPU that is not there.
            torch.default_generator.manual_seed(_mix(self.seed, epoch, number, copy))
            image, labels = self.geometry(tv_tensors.Image(patch), tv_tensors.Mask(av_map[None]))
            image = self.color(image)
            hidden = bool(torch.rand(()) < self.overlap)
        found = labels.as_subclass(torch.Tensor)[0]
        if hidden:
            found = torch.where(found == OVERLAP, ARTERY, found)
        return image.as_subclass(torch.Tensor), found


def training_batch(
    data: PatchSet,
    rows: NDArray[np.int64],
    augment: PairedAugmentation,
    epoch: int,
    crop: int,
    copy: int = 0,
) -> Batch:
    """Changed inputs of some rows, each (B, 3, crop, crop)."""
    changed = [augment(data.patches[i], data.maps[i], epoch, int(i), copy) for i in rows]
    patches, maps = zip(*changed, strict=True)
    return to_inputs(torch.stack(patches), torch.stack(maps), crop)


def _mix(*numbers: int) -> int:
    """One seed from several numbers, far apart for neighbours."""
    state = 0x9E3779B97F4A7C15
    for number in numbers:
        state = ((state ^ (number + 1)) * 0xBF58476D1CE4E5B9) % 2**64
        state ^= state >> 31
    return state % 2**63
