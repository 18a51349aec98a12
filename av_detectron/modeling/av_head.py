"""Artery/vein head: a dense map from the detector's own pass, which also guides the detector.

The arrangement of PanopticFPN (Kirillov 2019, https://arxiv.org/abs/1901.02446) without the
merge: the head reads the finest pyramid level and answers at the photograph's working scale, at
which thin vessels are still a pixel wide. Dense labels teach the backbone far more than some
hundred boxes do; and because a crossing is where artery and vein meet, the map is handed on to
proposals and RoI heads as well.
"""

from typing import Any

import torch
import torch.nn.functional as F
from detectron2.config import CfgNode, configurable
from detectron2.layers import Conv2d, ShapeSpec
from detectron2.modeling import META_ARCH_REGISTRY, GeneralizedRCNN
from detectron2.modeling.postprocessing import sem_seg_postprocess
from torch import nn

from av_detectron.modeling.roi_heads import VESSELS

CLASSES = ("background", "artery", "vein")
IGNORED = 255
"""Label of pixels that are not scored: outside the photograph."""
UNCERTAIN = 3
"""Label of vessels of both or of uncertain kind: vessel, but neither artery nor vein."""


def _block(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    norm = nn.GroupNorm(8, outputs)
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), norm, nn.ReLU(inplace=True)
    )


def av_loss(logits: torch.Tensor, labels: torch.Tensor) -> dict[str, torch.Tensor]:
    """Cross-entropy and Dice losses of an artery/vein map.

    Cross-entropy is taken where the kind is known. Dice, which does not mind how few pixels are
    vessel, is taken for artery and vein there, and for vessel against background everywhere.

    Args:
        logits: (B, 3, H, W), in the order of `CLASSES`.
        labels: (B, H, W), 0-2, `UNCERTAIN` or `IGNORED`.

    Returns:
        loss_av_ce and loss_av_dice, each a mean that does not depend on the crop's size.
    """
    known = labels < UNCERTAIN
    target = torch.where(known, labels, torch.full_like(labels, IGNORED))
    entropy = F.cross_entropy(logits, target, ignore_index=IGNORED, reduction="sum")
    probabilities = logits.softmax(dim=1)
    inside = (labels != IGNORED).float()
    vessel = ((labels > 0) & (labels != IGNORED)).float()
    scores = [_dice((1 - probabilities[:, 0]) * inside, vessel)]
    for kind in (1, 2):
        scores.append(_dice(probabilities[:, kind] * known, (labels == kind).float()))
    return {
        "loss_av_ce": entropy / known.sum().clamp(min=1),
        "loss_av_dice": 1 - torch.stack(scores).mean(),
    }


def _dice(probability: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Soft Dice over the batch, 0-1; 1 where there is nothing to find and nothing is found."""
    both = 2 * (probability * target).sum() + 1
    return both / (probability.sum() + target.sum() + 1)


class AVHead(nn.Module):
    """Logits of background, artery and vein at the input's resolution.

    The pyramid level is brought to stride 2, joined with a shallow path from the image that
    keeps thin vessels in place, and each position answers for its 2 x 2 pixels.
    """

    def __init__(self, channels: int, stride: int, width: int) -> None:
        """
        Args:
            channels: of the pyramid level.
            stride: of the pyramid level.
            width: channels inside the head.
        """
        super().__init__()
        self.factor = stride // 2
        self.reduce = nn.Conv2d(channels, width, 1)
        self.skip = nn.Sequential(_block(3, width // 2, stride=2), _block(width // 2, width // 2))
        self.merge = _block(width + width // 2, width)
        self.predict = nn.Conv2d(width, 4 * len(CLASSES), 3, padding=1)

    def forward(self, image: torch.Tensor, level: torch.Tensor) -> torch.Tensor:
        """Normalised image (B, 3, H, W) and level (B, C, H/s, W/s) → logits (B, 3, H, W)."""
        fine = F.interpolate(
            self.reduce(level), scale_factor=self.factor, mode="bilinear", align_corners=False
        )
        merged = self.merge(torch.cat([fine, self.skip(image)], dim=1))
        return F.pixel_shuffle(self.predict(merged), 2)


@META_ARCH_REGISTRY.register()
class CrossingRCNN(GeneralizedRCNN):
    """Mask R-CNN of crossings with an artery/vein head in the same forward pass.

    Training inputs carry "av", labels (H, W) of the crop. Each output has, beside "instances",
    "av": probabilities (3, H, W) of `CLASSES` in the photograph's own pixels.
    """

    @configurable
    def __init__(
        self, *, av_head: AVHead, av_feature: str, guide: nn.Module, weight: float, **parts: Any
    ) -> None:
        """
        Args:
            av_head: the head.
            av_feature: pyramid level that it reads, and to which its map is added.
            guide: from the folded map to that level's channels.
            weight: of the head's losses.
            parts: of GeneralizedRCNN.
        """
        super().__init__(**parts)
        self.av_head = av_head
        self.av_feature = av_feature
        self.guide = guide
        self.av_weight = weight
        self.stride = self.backbone.output_shape()[av_feature].stride

    @classmethod
    def from_config(cls, cfg: CfgNode) -> dict[str, Any]:
        parts = super().from_config(cfg)
        keys = cfg.MODEL.AV_HEAD
        level: ShapeSpec = parts["backbone"].output_shape()[keys.IN_FEATURE]
        folded = len(CLASSES) * level.stride**2
        guide = Conv2d(folded, level.channels, 3, padding=1)
        head = AVHead(level.channels, level.stride, keys.WIDTH)
        return {
            **parts,
            "av_head": head,
            "av_feature": keys.IN_FEATURE,
            "guide": guide,
            "weight": keys.LOSS_WEIGHT,
        }

    def look(self, image: torch.Tensor) -> tuple[dict[str, torch.Tensor], torch.Tensor]:
        """Normalised images (B, 3, H, W) → pyramid with the map added and the vessels' log-odds
        under `VESSELS`, (B, 1, H, W); the map's logits (B, 3, H, W)."""
        features = dict(self.backbone(image))
        # float32 also under mixed precision: sums over a crop's pixels need it.
        logits = self.av_head(image, features[self.av_feature]).float()
        folded = F.pixel_unshuffle(logits.softmax(dim=1), self.stride)  # (B, 3 s², H/s, W/s)
        features[self.av_feature] = features[self.av_feature] + self.guide(folded)
        features[VESSELS] = logits[:, 1:].logsumexp(dim=1, keepdim=True) - logits[:, :1]
        return features, logits

    def forward(self, batched_inputs: list[dict[str, Any]]) -> Any:
        if not self.training:
            return self.inference(batched_inputs)
        images = self.preprocess_image(batched_inputs)
        truth = [x["instances"].to(self.device) for x in batched_inputs]
        features, logits = self.look(images.tensor)
        labels = torch.full(logits.shape[:1] + logits.shape[2:], IGNORED, device=self.device)
        for target, x in zip(labels, batched_inputs, strict=True):
            target[: x["av"].shape[0], : x["av"].shape[1]] = x["av"]
        losses = {k: self.av_weight * v for k, v in av_loss(logits, labels).items()}
        proposals, found = self.proposal_generator(images, features, truth)
        losses.update(found)
        losses.update(self.roi_heads(images, features, proposals, truth)[1])
        return losses

    def inference(
        self,
        batched_inputs: list[dict[str, Any]],
        detected_instances: Any = None,
        do_postprocess: bool = True,
    ) -> Any:
        images = self.preprocess_image(batched_inputs)
        features, logits = self.look(images.tensor)
        if detected_instances is None:
            proposals, _ = self.proposal_generator(images, features, None)
            results, _ = self.roi_heads(images, features, proposals, None)
        else:
            known = [x.to(self.device) for x in detected_instances]
            results = self.roi_heads.forward_with_given_boxes(features, known)
        if not do_postprocess:
            return results
        outputs = GeneralizedRCNN._postprocess(results, batched_inputs, images.image_sizes)
        maps = zip(outputs, logits.softmax(dim=1), batched_inputs, images.image_sizes, strict=True)
        for output, probabilities, record, size in maps:
            height, width = record.get("height", size[0]), record.get("width", size[1])
            output["av"] = sem_seg_postprocess(probabilities, size, height, width)
        return outputs
