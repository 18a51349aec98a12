"""Losses of artery/vein maps: what is vessel, and of which kind."""

import torch
import torch.nn.functional as F

IGNORED = 255
"""Label of pixels that are not scored: outside the photograph."""
UNCERTAIN = 3
"""First of the labels of vessels of both or of uncertain kind (3 overlap, 4 uncertain): vessel, but
neither artery nor vein."""
ARTERY_KIND, VEIN_KIND = 5, 6
"""Labels of vessels of known kind whose edge is not known: the kind alone is scored."""


def av_loss(logits: torch.Tensor, labels: torch.Tensor) -> dict[str, torch.Tensor]:
    """Losses of an artery/vein map.

    Cross-entropy over the three classes is taken where the kind is known. Dice, which does not
    mind how few pixels are vessel, is taken for artery and vein there, and for vessel against
    background everywhere. A tenth of a photograph is vessel, so that the kind, which is what is
    learnt last, would be a tenth of the cross-entropy: it has a term of its own, on the vessels.

    Args:
        logits: (B, 3, H, W): background, artery, vein.
        labels: (B, H, W), 0-2, 3 and 4 (see `UNCERTAIN`), 5 and 6 (see `ARTERY_KIND`), `IGNORED`.

    Returns:
        loss_av_ce, loss_av_dice and loss_av_kind (artery against vein on labelled vessels), each
        a mean that does not depend on the crop's size.
    """
    known = labels < UNCERTAIN
    target = torch.where(known, labels, torch.full_like(labels, IGNORED))
    kind = torch.where(known & (labels > 0), labels - 1, torch.full_like(labels, IGNORED))
    blurred = (labels == ARTERY_KIND) | (labels == VEIN_KIND)
    kind = torch.where(blurred, labels - ARTERY_KIND, kind)
    probabilities = logits.softmax(dim=1)
    inside = (labels < ARTERY_KIND).float()
    vessel = ((labels > 0) & (labels < ARTERY_KIND)).float()
    scores = [_dice((1 - probabilities[:, 0]) * inside, vessel)]
    for value in (1, 2):
        scores.append(_dice(probabilities[:, value] * known, (labels == value).float()))
    return {
        "loss_av_ce": _mean_entropy(logits, target),
        "loss_av_dice": 1 - torch.stack(scores).mean(),
        "loss_av_kind": _mean_entropy(logits[:, 1:], kind),
    }


def _mean_entropy(logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Cross-entropy, a mean over what is not `IGNORED`; 0 where everything is."""
    total = F.cross_entropy(logits, target, ignore_index=IGNORED, reduction="sum")
    return total / (target != IGNORED).sum().clamp(min=1)


def _dice(probability: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Soft Dice over the batch, 0-1; 1 where there is nothing to find and nothing is found."""
    both = 2 * (probability * target).sum() + 1
    return both / (probability.sum() + target.sum() + 1)


def disc_loss(logits: torch.Tensor, labels: torch.Tensor) -> dict[str, torch.Tensor]:
    """Loss of an optic disc's map: cross-entropy and Dice, half each.

    Args:
        logits: (B, H, W).
        labels: (B, H, W), 1 on the disc, 0 off it, `IGNORED` where it is not known.

    Returns:
        loss_disc; 0 where nothing is known.
    """
    known = labels != IGNORED
    target = (known & (labels > 0)).float()
    entropy = F.binary_cross_entropy_with_logits(logits, target, reduction="none")
    dice = 1 - _dice(logits.sigmoid() * known, target)
    return {"loss_disc": 0.5 * ((entropy * known).sum() / known.sum().clamp(min=1) + dice)}


def kinds_alone(labels: torch.Tensor, reach: int) -> torch.Tensor:
    """Labels (H, W), 0-4, of which only the kind is to be learnt, not the edges.

    Args:
        labels: as `av_loss` takes them.
        reach: how far from a vessel background is not scored (px).
    """
    vessel = (labels > 0) & (labels != IGNORED)
    near = F.max_pool2d(vessel[None].float(), 2 * reach + 1, stride=1, padding=reach)[0] > 0
    kinds = torch.where(near, torch.full_like(labels, IGNORED), labels)
    kinds[labels == 1] = ARTERY_KIND
    kinds[labels == 2] = VEIN_KIND
    return kinds
