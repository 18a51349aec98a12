"""From patches to what a model sees; in training with random changes, the same for every rerun.

A change is drawn from the seed, the epoch and the patch's number alone: not from the order of
patches, so that a run that is resumed sees what it would have seen.
"""

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from av_grading.config import Augment
from av_grading.data.patch_set import PatchSet
from av_grading.formats.labels import ARTERY, OVERLAP, VEIN

MEAN, SPREAD = 0.45, 0.22
"""Of RGB values in 0-1, one for all channels, so that colour differences stay what they are."""

Batch = tuple[torch.Tensor, torch.Tensor]


def to_inputs(patches: torch.Tensor, maps: torch.Tensor, crop: int) -> Batch:
    """Middle of uint8 patches (B, 3, P, P) and maps → inputs, each (B, 3, crop, crop).

    Maps are labels (B, P, P), 0-3, or shares of artery, vein and overlap (B, 3, P, P), 0-255; as
    inputs these three are their channels, 0-1.

    Raises:
        ValueError: the patches are smaller than the crop.
    """
    side = patches.shape[-1]
    if side < crop:
        raise ValueError(f"data.crop: expected at most the patches' {side} px, found {crop}")
    start = (side - crop) // 2
    window = slice(start, start + crop)
    photographs = (patches[..., window, window].float() / 255 - MEAN) / SPREAD
    if maps.ndim == 4:
        return photographs, maps[..., window, window].float() / 255
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
        from torchvision.transforms import v2  # here: it imports torch's compiler

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
        """Change one patch (3, P, P) and its map, both uint8.

        Args:
            patch: RGB.
            av_map: labels (P, P), or shares (3, P, P), see `to_inputs`.
            epoch: of the training.
            number: of the patch in its set.
            copy: tells several changes of one patch in one epoch apart.
        """
        from torchvision import tv_tensors

        with torch.random.fork_rng(devices=[]):
            # Not torch.manual_seed, which notes the caller's stack for a GPU that is not there.
            torch.default_generator.manual_seed(_mix(self.seed, epoch, number, copy))
            soft = av_map.ndim == 3
            # Labels have no values in between; shares have.
            given = tv_tensors.Image(av_map) if soft else tv_tensors.Mask(av_map[None])
            image, changed = self.geometry(tv_tensors.Image(patch), given)
            image = self.color(image)
            hidden = bool(torch.rand(()) < self.overlap)
        kinds = changed.as_subclass(torch.Tensor)
        if soft and hidden:
            artery, vein, overlap = kinds.int()
            kinds = torch.stack([(artery + overlap).clamp(max=255), vein, 0 * overlap]).byte()
        elif hidden:
            kinds = torch.where(kinds == OVERLAP, ARTERY, kinds)
        return image.as_subclass(torch.Tensor), kinds if soft else kinds[0]


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
