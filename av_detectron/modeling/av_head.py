"""Artery/vein head: a dense map at the photograph's working scale from one pyramid level.

The arrangement of PanopticFPN (Kirillov 2019, https://arxiv.org/abs/1901.02446) without the
merge, with a path for detail that the pyramid has not: thin vessels are one or two px wide.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch
import torch.nn.functional as F
from detectron2.config import CfgNode
from detectron2.layers import ShapeSpec
from detectron2.modeling.postprocessing import sem_seg_postprocess
from torch import nn

from av_detectron.data.disc import OpticDisc, fit_disc
from av_detectron.modeling.av_loss import IGNORED

CLASSES = ("background", "artery", "vein")


def _block(inputs: int, outputs: int) -> nn.Sequential:
    norm = nn.GroupNorm(8, outputs)
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), norm, nn.ReLU(inplace=True)
    )


class AVHead(nn.Module):
    """Logits of background, artery and vein at the input's resolution.

    The image is folded to stride 2, which loses nothing and costs a quarter of what convolutions
    at full resolution would; the pyramid level is brought there, and each position answers for
    its 2 x 2 pixels.
    """

    def __init__(self, channels: int, stride: int, width: int, disc: bool = False) -> None:
        """
        Args:
            channels: of the pyramid level.
            stride: of the pyramid level.
            width: channels inside the head.
            disc: whether it finds the optic disc as well.
        """
        super().__init__()
        self.factor = stride // 2
        self.reduce = nn.Conv2d(channels, width, 1)
        self.skip = nn.Sequential(_block(3 * 4, width), _block(width, width))
        self.merge = nn.Sequential(_block(2 * width, width), _block(width, width))
        self.predictor = nn.Conv2d(width, 4 * len(CLASSES), 3, padding=1)
        # From the level alone: the disc is large, and the path for detail would add its vessels.
        steps = (_block(channels, width), nn.Conv2d(width, 1, 3, padding=1))
        self.disc = nn.Sequential(*steps) if disc else None

    @classmethod
    def from_config(cls, cfg: CfgNode, pyramid: dict[str, ShapeSpec]) -> "AVHead":
        """The head of `MODEL.AV_HEAD` over a backbone's output shapes."""
        level = pyramid[cfg.MODEL.AV_HEAD.IN_FEATURE]
        return cls(level.channels, level.stride, cfg.MODEL.AV_HEAD.WIDTH, cfg.MODEL.AV_HEAD.DISC)

    def forward(self, image: torch.Tensor, level: torch.Tensor) -> torch.Tensor:
        """Normalised image (B, 3, H, W) and level (B, C, H/s, W/s) → logits (B, 3, H, W)."""
        return self.predict(self.fine_features(image, level))

    def fine_features(self, image: torch.Tensor, level: torch.Tensor) -> torch.Tensor:
        """Image and level as in `forward` → what the head knows of every 2 x 2 pixels,
        (B, width, H/2, W/2)."""
        if not torch.is_grad_enabled():
            # A quarter faster on a CPU; in training GroupNorm's gradients would be far slower.
            image = image.contiguous(memory_format=torch.channels_last)
            level = level.contiguous(memory_format=torch.channels_last)
        coarse = F.interpolate(
            self.reduce(level), scale_factor=self.factor, mode="bilinear", align_corners=False
        )
        fine = self.skip(F.pixel_unshuffle(image, 2))  # (B, width, H/2, W/2)
        return self.merge(torch.cat([coarse, fine], dim=1))

    def predict(self, fine: torch.Tensor) -> torch.Tensor:
        """Fine features → logits (B, 3, H, W), in float32 also under mixed precision: sums over
        a crop's pixels need it."""
        return F.pixel_shuffle(self.predictor(fine).contiguous(), 2).float()


def batch_labels(
    records: Sequence[dict[str, Any]], logits: torch.Tensor, key: str = "av", stride: int = 1
) -> torch.Tensor:
    """Labels of training inputs as one batch (B, H, W), `IGNORED` in the padding and for inputs
    that have none; every `stride`-th pixel of them."""
    labels = torch.full(
        logits.shape[:1] + logits.shape[-2:], IGNORED, dtype=torch.long, device=logits.device
    )
    for target, record in zip(labels, records, strict=True):
        if key in record:
            values = record[key][::stride, ::stride]
            target[: values.shape[0], : values.shape[1]] = values
    return labels


def photograph_discs(
    logits: torch.Tensor | None,
    records: Sequence[dict[str, Any]],
    sizes: Sequence[tuple[int, int]],
    stride: int,
) -> list[OpticDisc | None]:
    """The optic disc of each photograph, in its own px; None where there is none.

    Args:
        logits: (B, 1, H, W) in steps of `stride`; None from a head without the disc.
        records: inputs, with "height", "width" and "drive_px" where they are not the image's.
        sizes: height and width of each image inside its padding.
        stride: px of the image per px of the logits.
    """
    discs: list[OpticDisc | None] = []
    for i, (record, (height, width)) in enumerate(zip(records, sizes, strict=True)):
        if logits is None:
            discs.append(None)
            continue
        inside = logits[i, 0, : -(-height // stride), : -(-width // stride)]
        probability = inside.float().sigmoid().cpu().numpy()
        disc = fit_disc(probability, record.get("drive_px", 1.0) / stride)
        across, down = record.get("width", width) / width, record.get("height", height) / height
        if disc is not None:
            # What was learned is every `stride`-th px (`batch_labels`): a cell is its first px, not
            # the middle of all.
            at_stride = replace(
                disc, x=disc.x * stride, y=disc.y * stride, diameter=disc.diameter * stride
            )
            disc = at_stride.moved((across, down))
        discs.append(disc)
    return discs


def photograph_maps(
    probabilities: torch.Tensor, records: Sequence[dict[str, Any]], sizes: Sequence[tuple[int, int]]
) -> list[torch.Tensor]:
    """Probabilities (3, H, W) in each photograph's own pixels.

    Args:
        probabilities: (B, 3, H, W).
        records: inputs, whose "height" and "width" say how large the photographs are.
        sizes: height and width of each image inside its padding.
    """
    maps = []
    for padded, record, size in zip(probabilities, records, sizes, strict=True):
        height, width = record.get("height", size[0]), record.get("width", size[1])
        maps.append(sem_seg_postprocess(padded, size, height, width))
    return maps
