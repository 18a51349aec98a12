"""RoI heads that read the artery/vein head's finer features; masks start from its vessels.

At DRIVE's scale a crossing's box of 20 px has five cells of the pyramid's finest level; the
head's features have ten. A crossing's mask is the vessels in its box, which the dense map has
already found at the working scale; the mask head only mends it.
"""

from typing import Any

import torch
from detectron2.config import CfgNode
from detectron2.layers import ShapeSpec
from detectron2.modeling import ROI_HEADS_REGISTRY, StandardROIHeads
from detectron2.modeling.poolers import ROIPooler, convert_boxes_to_pooler_format
from detectron2.modeling.roi_heads.mask_head import mask_rcnn_inference, mask_rcnn_loss
from detectron2.modeling.roi_heads.roi_heads import select_foreground_proposals
from detectron2.structures import Boxes
from torch import nn
from torchvision.ops import roi_align

from av_detectron.modeling.roi_pooling import sample_boxes

VESSELS = "vessels"
"""Key of the vessel logits, (B, 1, H, W) at stride 1, among the features."""
FINE = "fine"
"""Key of the artery/vein head's features, (B, width, H/2, W/2), among the features."""

BOX_SIDES = "box_sides"
"""Key of the side of all boxes of each image, (B,), px of the input, among the features; without it
boxes stay as they are predicted."""


class FinePooler(nn.Module):
    """Pools pyramid levels and the fine features, these twice as densely and then folded."""

    def __init__(self, level_pooler: ROIPooler) -> None:
        """
        Args:
            level_pooler: of the pyramid's levels, to R x R; each box is read from one.
        """
        super().__init__()
        self.level_pooler = level_pooler
        self.side = level_pooler.output_size[0]
        self.align = level_pooler.level_poolers[0]

    def forward(self, features: list[torch.Tensor], boxes: list[Boxes]) -> torch.Tensor:
        """Levels (B, C, H/s, W/s), fine features (B, width, H/2, W/2) and each image's boxes →
        (N, C + 4 width, R, R)."""
        *levels, fine = features
        rows = convert_boxes_to_pooler_format(boxes)
        if len(levels) == 1 and self.align.sampling_ratio == 1:
            coarse = sample_boxes(levels[0], rows, self.side, self.align.spatial_scale)
        else:
            coarse = self.level_pooler(levels, boxes)
        dense = sample_boxes(fine, rows, 2 * self.side, 0.5)
        # Slices rather than pixel_unshuffle, which leaves a batch of no boxes as it is.
        folded = [dense[:, :, i::2, j::2] for i in (0, 1) for j in (0, 1)]
        return torch.cat([coarse, *folded], dim=1)


@ROI_HEADS_REGISTRY.register()
class CrossingROIHeads(StandardROIHeads):
    """StandardROIHeads over pyramid levels and `FINE`, which add `VESSELS` to the mask logits."""

    def _forward_box(self, features: dict[str, torch.Tensor], proposals: list[Any]) -> Any:
        found = super()._forward_box(features, proposals)
        if self.training or BOX_SIDES not in features:
            return found
        for detections, side in zip(found, features[BOX_SIDES].tolist(), strict=True):
            centers = detections.pred_boxes.get_centers()
            detections.pred_boxes = Boxes(
                torch.cat([centers - side / 2, centers + side / 2], dim=1)
            )
            detections.pred_boxes.clip(detections.image_size)
        return found

    @classmethod
    def _init_box_head(cls, cfg: CfgNode, input_shape: dict[str, ShapeSpec]) -> dict[str, Any]:
        parts = super()._init_box_head(cfg, _with_fine(cfg, input_shape))
        return _read_fine(cfg, parts, "box")

    @classmethod
    def _init_mask_head(cls, cfg: CfgNode, input_shape: dict[str, ShapeSpec]) -> dict[str, Any]:
        parts = super()._init_mask_head(cfg, _with_fine(cfg, input_shape))
        return _read_fine(cfg, parts, "mask") if parts else parts

    def _forward_mask(self, features: dict[str, torch.Tensor], instances: list[Any]) -> Any:
        if not self.mask_on:
            return super()._forward_mask(features, instances)
        if self.training:
            instances, _ = select_foreground_proposals(instances, self.num_classes)
        boxes = [x.proposal_boxes if self.training else x.pred_boxes for x in instances]
        pooled = self.mask_pooler([features[f] for f in self.mask_in_features], boxes)
        if not torch.is_grad_enabled():  # as in the artery/vein head: faster on a CPU
            pooled = pooled.contiguous(memory_format=torch.channels_last)
        logits = self.mask_head.layers(pooled).contiguous()  # (N, 1, M, M)
        if len(logits):
            places = [x.tensor for x in boxes]
            logits = logits + roi_align(
                features[VESSELS], places, logits.shape[-1], sampling_ratio=1, aligned=True
            )
        if self.training:
            loss = mask_rcnn_loss(logits, instances, self.mask_head.vis_period)
            return {"loss_mask": loss * self.mask_head.loss_weight}
        mask_rcnn_inference(logits, instances)
        return instances


def _with_fine(cfg: CfgNode, shapes: dict[str, ShapeSpec]) -> dict[str, ShapeSpec]:
    """The heads' levels with as many channels as they have together with the folded fine features.

    Raises:
        ValueError: the heads read several levels and nothing says which box is read from which.
    """
    names = cfg.MODEL.ROI_HEADS.IN_FEATURES
    if len(names) > 1 and cfg.MODEL.ROI_HEADS.FINEST_LEVEL_SIDE <= 0:
        raise ValueError(
            f"MODEL.ROI_HEADS.IN_FEATURES {names}: expected one level, or "
            "MODEL.ROI_HEADS.FINEST_LEVEL_SIDE above 0"
        )
    more = 4 * cfg.MODEL.AV_HEAD.WIDTH
    widened = {
        name: ShapeSpec(channels=shapes[name].channels + more, stride=shapes[name].stride)
        for name in names
    }
    return {**shapes, **widened}


def _read_fine(cfg: CfgNode, parts: dict[str, Any], head: str) -> dict[str, Any]:
    """Let a head built by StandardROIHeads pool `FINE` as well, each box from the level that its
    size asks for."""
    pooler = parts[f"{head}_pooler"]
    # Detectron2 has a box of 224 px read from level 4: all of these would be at the finest.
    pooler.canonical_level = pooler.min_level + 1
    pooler.canonical_box_size = cfg.MODEL.ROI_HEADS.FINEST_LEVEL_SIDE or float("inf")
    return {
        **parts,
        f"{head}_in_features": [*parts[f"{head}_in_features"], FINE],
        f"{head}_pooler": FinePooler(pooler),
    }
