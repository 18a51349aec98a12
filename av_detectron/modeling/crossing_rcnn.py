"""Mask R-CNN of crossings and the artery/vein map in one forward pass.

Dense labels teach the backbone far more than some hundred boxes do; and because a crossing is
where artery and vein meet, the map guides proposals and RoI heads as well.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from detectron2.config import CfgNode, configurable
from detectron2.layers import Conv2d
from detectron2.modeling import META_ARCH_REGISTRY, GeneralizedRCNN
from detectron2.structures import ImageList, Instances
from detectron2.utils import comm
from torch import nn

from av_detectron.config import DRIVE_FOV_DIAMETER
from av_detectron.maps.map_crossings import find_map_crossings
from av_detectron.maps.rescoring import REACH, agreement, rescore
from av_detectron.modeling.av_head import (
    CLASSES,
    AVHead,
    batch_labels,
    photograph_discs,
    photograph_maps,
)
from av_detectron.modeling.av_loss import av_loss, disc_loss
from av_detectron.modeling.low_rank import lower_ranks
from av_detectron.modeling.roi_heads import BOX_SIDES, FINE, VESSELS
from av_detectron.modeling.safpn import resize_level
from av_detectron.modeling.test_time_augmentation import check_n_views, mean_over_views


class AVMap(NamedTuple):
    """The artery/vein map of a batch, (B, 3, H, W), channels as `CLASSES`; and the optic disc's
    logits at the pyramid level's stride, (B, 1, H/s, W/s), where the head finds it."""

    logits: torch.Tensor
    probabilities: torch.Tensor
    disc: torch.Tensor | None = None


@META_ARCH_REGISTRY.register()
class CrossingRCNN(GeneralizedRCNN):
    """Mask R-CNN of crossings with an artery/vein head in the same forward pass.

    Training inputs carry "av", labels (H, W) of the crop; those whose "crossings_known" is False
    teach the map alone. Each output has, beside "instances",
    "av": probabilities (3, H, W) of `CLASSES` in the photograph's own pixels, and "disc", the optic
    disc (`OpticDisc`, px of the photograph) or None.
    """

    @configurable
    def __init__(
        self,
        *,
        av_head: AVHead,
        av_feature: str,
        guide: nn.Module,
        weight: float,
        rescoring_weight: float = 0.0,
        drive_px: float = 1.0,
        n_views: int = 1,
        box_side: float = 0.0,
        ranks: Mapping[str, int] | None = None,
        **parts: Any,
    ) -> None:
        """
        Args:
            av_head: the head.
            av_feature: pyramid level that it reads, and to which its map is added.
            guide: from the folded map to that level's channels.
            weight: of the head's losses.
            rescoring_weight: of the map's own crossings in a detection's score; 0 for none.
            drive_px: length of one DRIVE px in px of the input, which rescoring needs.
            n_views: mirror images over which the predicted map is averaged, 1, 2 or 4; the
                detector reads the first one's.
            box_side: side of all boxes (DRIVE px); 0 for boxes as they are predicted.
            ranks: of convolutions of low rank by name, see `low_rank`.
            parts: of GeneralizedRCNN.
        """
        super().__init__(**parts)
        self.box_side = box_side
        self.av_head = av_head
        self.av_feature = av_feature
        self.guide = guide
        self.av_weight = weight
        self.rescoring_weight = rescoring_weight
        self.drive_px = drive_px
        self.n_views = check_n_views(n_views)
        self.stride = self.backbone.output_shape()[av_feature].stride
        lower_ranks(self, ranks or {})

    @classmethod
    def from_config(cls, cfg: CfgNode) -> dict[str, Any]:
        parts = super().from_config(cfg)
        keys = cfg.MODEL.AV_HEAD
        pyramid = parts["backbone"].output_shape()
        level = pyramid[keys.IN_FEATURE]
        return {
            **parts,
            "av_head": AVHead.from_config(cfg, pyramid),
            "av_feature": keys.IN_FEATURE,
            "guide": Conv2d(len(CLASSES) * level.stride**2, level.channels, 3, padding=1),
            "weight": keys.LOSS_WEIGHT,
            "rescoring_weight": cfg.TEST.CROSSPOS.RESCORING_WEIGHT,
            "drive_px": cfg.INPUT.CROSSPOS.FOV_DIAMETER / DRIVE_FOV_DIAMETER,
            "n_views": cfg.TEST.CROSSPOS.N_VIEWS,
            "box_side": cfg.TEST.CROSSPOS.BOX_SIDE,
            "ranks": dict(cfg.MODEL.RANKS),
        }

    def extract_features(self, image: torch.Tensor) -> tuple[dict[str, torch.Tensor], AVMap]:
        """Normalised images (B, 3, H, W) → what the detector reads, and the map.

        The detector reads the pyramid with the map added, the head's own features under `FINE`,
        (B, width, H/2, W/2), and the vessels' log-odds under `VESSELS`, (B, 1, H, W).
        """
        pyramid = dict(self.backbone(image))
        level = pyramid[self.av_feature]
        if not torch.is_grad_enabled():  # once: the head and the pooling of boxes read it so
            level = pyramid[self.av_feature] = level.contiguous(memory_format=torch.channels_last)
        features: dict[str, torch.Tensor] = {}
        fine = features[FINE] = self.av_head.fine_features(image, level)
        logits = self.av_head.predict(fine)
        disc = None if self.av_head.disc is None else self.av_head.disc(level).float()
        av = AVMap(logits, logits.softmax(dim=1), disc)
        folded = F.pixel_unshuffle(av.probabilities, self.stride)  # (B, 3 s², H/s, W/s)
        guide = self.guide(folded)
        for name in pyramid:
            features[name] = pyramid[name] + resize_level(guide, pyramid[name].shape[-2:])
        features[VESSELS] = logits[:, 1:].logsumexp(dim=1, keepdim=True) - logits[:, :1]
        return features, av

    def average_views(self, image: torch.Tensor, av: AVMap) -> torch.Tensor:
        """Probabilities (B, 3, H, W), the mean over `n_views` mirror images, of which
        the first gave `av`."""

        def predict(view: torch.Tensor) -> torch.Tensor:
            level = self.backbone(view)[self.av_feature]
            return self.av_head(view, level).softmax(dim=1)

        return mean_over_views(predict, image, av.probabilities, self.n_views)

    def forward(self, batched_inputs: list[dict[str, Any]]) -> Any:
        if not self.training:
            return self.inference(batched_inputs)
        images = self.preprocess_image(batched_inputs)
        features, av = self.extract_features(images.tensor)
        av_losses = av_loss(av.logits, batch_labels(batched_inputs, av.logits))
        if av.disc is not None:
            labels = batch_labels(batched_inputs, av.disc, "disc", self.stride)
            av_losses |= disc_loss(av.disc[:, 0], labels)
        losses = {name: self.av_weight * value for name, value in av_losses.items()}
        known = [i for i, x in enumerate(batched_inputs) if x.get("crossings_known", True)]
        if not known:
            if comm.get_world_size() > 1:  # several processes wait for every part's gradients
                parts = (self.guide, self.proposal_generator, self.roi_heads)
                sums = [p.sum() for part in parts for p in part.parameters()]
                losses["loss_no_crossings"] = 0.0 * torch.stack(sums).sum()
            return losses
        if len(known) < len(batched_inputs):
            features = {name: level[known] for name, level in features.items()}
            sizes = [images.image_sizes[i] for i in known]
            images = ImageList(images.tensor[known], sizes)
        targets = [batched_inputs[i]["instances"].to(self.device) for i in known]
        proposals, proposal_losses = self.proposal_generator(images, features, targets)
        losses.update(proposal_losses)
        losses.update(self.roi_heads(images, features, proposals, targets)[1])
        return losses

    def inference(
        self,
        batched_inputs: list[dict[str, Any]],
        detected_instances: Any = None,
        do_postprocess: bool = True,
    ) -> Any:
        images = self.preprocess_image(batched_inputs)
        features, av = self.extract_features(images.tensor)
        if detected_instances is None:
            drive_px = [x.get("drive_px", self.drive_px) for x in batched_inputs]
            results = self.detect(images, features, av, drive_px)
        else:
            known = [x.to(self.device) for x in detected_instances]
            results = self.roi_heads.forward_with_given_boxes(features, known)
        if not do_postprocess:
            return results
        outputs = GeneralizedRCNN._postprocess(results, batched_inputs, images.image_sizes)
        probabilities = self.average_views(images.tensor, av)
        maps = photograph_maps(probabilities, batched_inputs, images.image_sizes)
        discs = photograph_discs(av.disc, batched_inputs, images.image_sizes, self.stride)
        for output, av_map, disc in zip(outputs, maps, discs, strict=True):
            output["av"] = av_map
            output["disc"] = disc
        return outputs

    def detect(
        self,
        images: ImageList,
        features: dict[str, torch.Tensor],
        av: AVMap,
        drive_px: Sequence[float],
    ) -> list[Instances]:
        """Detections of a batch (px of the input) from `extract_features`, best first; `drive_px`
        is the length of one DRIVE px in px of each input."""
        if self.box_side > 0:
            features = {
                **features,
                BOX_SIDES: torch.tensor([self.box_side * px for px in drive_px]),
            }
        proposals, _ = self.proposal_generator(images, features, None)
        results, _ = self.roi_heads(images, features, proposals, None)
        if self.rescoring_weight > 0:
            parts = zip(results, av.probabilities, images.image_sizes, drive_px, strict=True)
            results = [self.rescore(x, m[:, :h, :w], px) for x, m, (h, w), px in parts]
        return list(results)

    def rescore(
        self, detections: Instances, probabilities: torch.Tensor, drive_px: float
    ) -> Instances:
        """Detections with the scores that the map's own crossings leave them, best first.

        Args:
            detections: boxes (px of the input) and scores.
            probabilities: map (3, H, W) of the same image.
            drive_px: length of one DRIVE px in its px.
        """
        map_centers, map_scores = find_map_crossings(probabilities.cpu().numpy(), drive_px)
        centers = detections.pred_boxes.get_centers().double().cpu().numpy() - 0.5
        agreed = agreement(centers, map_centers, map_scores, REACH * drive_px)
        before = detections.scores
        scores = rescore(before.double().cpu().numpy(), agreed, self.rescoring_weight)
        detections.scores = torch.as_tensor(scores, dtype=torch.float32, device=before.device)
        return detections[detections.scores.argsort(descending=True, stable=True)]
