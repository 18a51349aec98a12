"""RoI heads whose masks start from the artery/vein head's vessels.

A crossing's mask is the vessels in its box, which the dense map has already found at the
working scale; the mask head, whose features are four times as coarse, only mends it.
"""

from typing import Any

import torch
from detectron2.modeling import ROI_HEADS_REGISTRY, StandardROIHeads
from detectron2.modeling.roi_heads.mask_head import mask_rcnn_inference, mask_rcnn_loss
from detectron2.modeling.roi_heads.roi_heads import select_foreground_proposals
from torchvision.ops import roi_align

VESSELS = "vessels"
"""Key of the vessel logits, (B, 1, H, W) at stride 1, among the features."""


@ROI_HEADS_REGISTRY.register()
class CrossingROIHeads(StandardROIHeads):
    """StandardROIHeads that add the vessel logits under `VESSELS` to the mask logits."""

    def _forward_mask(self, features: dict[str, torch.Tensor], instances: list[Any]) -> Any:
        if not self.mask_on:
            return super()._forward_mask(features, instances)
        if self.training:
            instances, _ = select_foreground_proposals(instances, self.num_classes)
        boxes = [x.proposal_boxes if self.training else x.pred_boxes for x in instances]
        pooled = self.mask_pooler([features[f] for f in self.mask_in_features], boxes)
        logits = self.mask_head.layers(pooled)  # (N, 1, M, M)
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
