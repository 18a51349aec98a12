"""What a detector answers on the way to its crossings, and how far another's answers lie from it.

A detector that is made faster learns from the one that it was made of (Hinton 2015,
https://arxiv.org/abs/1503.02531), all the way: features, map, proposals, boxes and masks.
"""

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from detectron2.structures import Boxes, ImageList

from av_detectron.modeling.crossing_rcnn import AVMap, CrossingRCNN
from av_detectron.modeling.roi_heads import FINE

BOXES, MASKS = 48, 10
"""Proposals of an image at which boxes and masks are compared, at most."""
WEIGHTS = {
    "level": 1.0,
    "fine": 1.0,
    "map": 1.0,
    "disc": 0.5,
    "proposals": 1.0,
    "proposal_deltas": 0.3,
    "box_features": 0.5,
    "boxes": 1.0,
    "box_deltas": 0.3,
    "masks": 0.3,
    "map_divergence": 5.0,
    "proposal_divergence": 1.0,
    "box_divergence": 3.0,
}
"""Of the distances in the loss."""
Answers = dict[str, torch.Tensor]


def answers_of(
    model: CrossingRCNN, image: torch.Tensor, boxes: Sequence[Boxes] | None = None
) -> tuple[Answers, list[Boxes]]:
    """What a detector answers to an image.

    Args:
        model: that answers.
        image: normalised, (1, 3, H, W).
        boxes: where its RoI heads are asked (px of the image); by default at its own proposals.

    Returns:
        its answers by the names of `WEIGHTS`, without a disc where it finds none, and the boxes.
    """
    features, av = model.extract_features(image)
    generator, heads = model.proposal_generator, model.roi_heads
    inputs = [features[name] for name in generator.in_features]
    scores, deltas = generator.rpn_head(inputs)
    found: dict[str, Any] = {
        "level": features[model.av_feature],
        "fine": features[FINE],
        "map": av.logits,
        "proposals": scores[0],
        "proposal_deltas": deltas[0],
    }
    if av.disc is not None:
        found["disc"] = av.disc
    if boxes is None:
        with torch.no_grad():
            images = ImageList(image, [tuple(image.shape[-2:])])
            proposals, _ = generator(images, features, None)
        boxes = [own.proposal_boxes[:BOXES] for own in proposals]
    pooled = heads.box_pooler([features[name] for name in heads.box_in_features], boxes)
    found["box_features"] = heads.box_head(pooled)
    found["boxes"], found["box_deltas"] = heads.box_predictor(found["box_features"])
    some = [own[:MASKS] for own in boxes]
    pooled = heads.mask_pooler([features[name] for name in heads.mask_in_features], some)
    found["masks"] = heads.mask_head.layers(pooled)
    return found, list(boxes)


def mean_map(model: CrossingRCNN, image: torch.Tensor, logits: torch.Tensor) -> torch.Tensor:
    """The mean of a detector's map over its `n_views` mirror images, as logits (1, 3, H, W) whose
    sizes are those of the first view's.

    Args:
        model: that answers.
        image: normalised, (1, 3, H, W).
        logits: of the first view.
    """
    if model.n_views == 1:
        return logits
    mean = model.average_views(image, AVMap(logits, logits.softmax(dim=1)))
    return mean.clamp(min=1e-6).log() + logits.logsumexp(dim=1, keepdim=True)


def distances(own: Answers, before: Answers) -> Answers:
    """How far answers lie from those of another detector to the same image, by the names of
    `WEIGHTS`: mean squares as shares of the variance, and divergences (nat)."""
    found = {}
    for name, wanted in before.items():
        if wanted.numel():
            others = [axis for axis in range(wanted.dim()) if axis != 1]
            spread = wanted.var(dim=others, keepdim=True).mean().clamp(min=1e-6)
            found[name] = (own[name] - wanted).square().mean() / spread
    for name, divergence in (("map", "map_divergence"), ("boxes", "box_divergence")):
        share = before[name].softmax(dim=1)
        apart = share.clamp(min=1e-6).log() - own[name].log_softmax(dim=1)
        found[divergence] = (share * apart).sum(dim=1).mean()
    share = before["proposals"].sigmoid()
    entropy = F.binary_cross_entropy_with_logits(before["proposals"], share)
    cross = F.binary_cross_entropy_with_logits(own["proposals"], share)
    found["proposal_divergence"] = cross - entropy
    return found


def distillation_loss(found: Answers) -> torch.Tensor:
    """The weighted sum of `distances`."""
    return torch.stack([WEIGHTS[name] * value for name, value in found.items()]).sum()
