"""The artery/vein map alone: backbone and head without a detector.

The single-task model that the multi-task one is measured against, and a first stage that
learns the dense labels at half the cost of a step; `CrossingRCNN` takes its weights over.
"""

from typing import Any

import torch
from detectron2.config import CfgNode, configurable
from detectron2.modeling import META_ARCH_REGISTRY, Backbone, build_backbone, build_model
from detectron2.structures import ImageList
from torch import nn

from av_detectron.modeling.av_head import AVHead, batch_labels, photograph_discs, photograph_maps
from av_detectron.modeling.av_loss import av_loss, disc_loss
from av_detectron.modeling.low_rank import full_ranks


@META_ARCH_REGISTRY.register()
class VesselNet(nn.Module):
    """Artery/vein map of photographs; inputs and "av" output as `CrossingRCNN` has them."""

    pixel_mean: torch.Tensor
    pixel_std: torch.Tensor

    @configurable
    def __init__(
        self,
        *,
        backbone: Backbone,
        av_head: AVHead,
        av_feature: str,
        pixel_mean: list[float],
        pixel_std: list[float],
    ) -> None:
        """
        Args:
            backbone: gives the pyramid.
            av_head: the head.
            av_feature: pyramid level that it reads.
            pixel_mean: per channel, 0-255.
            pixel_std: per channel.
        """
        super().__init__()
        self.backbone = backbone
        self.av_head = av_head
        self.av_feature = av_feature
        for name, values in (("pixel_mean", pixel_mean), ("pixel_std", pixel_std)):
            self.register_buffer(name, torch.tensor(values).view(-1, 1, 1), persistent=False)

    @classmethod
    def from_config(cls, cfg: CfgNode) -> dict[str, Any]:
        backbone = build_backbone(cfg)
        return {
            "backbone": backbone,
            "av_head": AVHead.from_config(cfg, backbone.output_shape()),
            "av_feature": cfg.MODEL.AV_HEAD.IN_FEATURE,
            "pixel_mean": cfg.MODEL.PIXEL_MEAN,
            "pixel_std": cfg.MODEL.PIXEL_STD,
        }

    @property
    def device(self) -> torch.device:
        return self.pixel_mean.device

    def forward(self, batched_inputs: list[dict[str, Any]]) -> Any:
        """Dataset dicts with "image" → losses in training, else a dict with "av" and "disc"."""
        pixels = [x["image"].to(self.device) for x in batched_inputs]
        normalised = [(x - self.pixel_mean) / self.pixel_std for x in pixels]
        images = ImageList.from_tensors(normalised, self.backbone.size_divisibility)
        level = self.backbone(images.tensor)[self.av_feature]
        logits = self.av_head(images.tensor, level)
        disc = None if self.av_head.disc is None else self.av_head.disc(level).float()
        stride = self.backbone.output_shape()[self.av_feature].stride
        if self.training:
            losses = av_loss(logits, batch_labels(batched_inputs, logits))
            if disc is not None:
                labels = batch_labels(batched_inputs, disc, "disc", stride)
                losses |= disc_loss(disc[:, 0], labels)
            return losses
        maps = photograph_maps(logits.softmax(dim=1), batched_inputs, images.image_sizes)
        discs = photograph_discs(disc, batched_inputs, images.image_sizes, stride)
        return [{"av": p, "disc": d} for p, d in zip(maps, discs, strict=True)]


def map_alone(cfg: CfgNode, model: nn.Module) -> nn.Module:
    """The multi-task model's backbone and artery/vein head without the detector, of full rank."""
    cfg = cfg.clone()
    cfg.MODEL.META_ARCHITECTURE = "VesselNet"
    alone: nn.Module = build_model(cfg)
    state = full_ranks(model.state_dict())
    alone.load_state_dict({name: state[name] for name in alone.state_dict()})
    return alone.eval()
