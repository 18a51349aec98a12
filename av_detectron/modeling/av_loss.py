"""Losses of artery/vein maps: what is vessel, and of which kind."""

import torch
import torch.nn.functional as F

IGNORED = 255
"""Label of pixels that are not scored: outside the photograph."""
UNCERTAIN = 3
"""Label of vessels of both or of uncertain kind: vessel, but neither artery nor vein."""


def av_loss(logits: torch.Tensor, labels: torch.Tensor) -> dict[str, torch.Tensor]:
    """Losses of an artery/vein map.

    Cross-entropy over the three classes is taken where the kind is known. Dice, which does not
    mind how few pixels are vessel, is taken for artery and vein there, and for vessel against
    background everywhere. A tenth of a photograph is vessel, so that the kind, which is what is
    learnt last, would be a tenth of the cross-entropy: it has a term of its own, on the vessels.

    Args:
        logits: (B, 3, H, W): background, artery, vein.
        labels: (B, H, W), 0-2, `UNCERTAIN` or `IGNORED`.

    Returns:
        loss_av_ce, loss_av_dice and loss_av_kind (artery against vein on labelled vessels), each
        a mean that does not depend on the crop's size.
    """
    known = labels < UNCERTAIN
    target = torch.where(known, labels, torch.full_like(labels, IGNORED))
    kind = torch.where(known & (labels > 0), labels - 1, torch.full_like(labels, IGNORED))
    probabilities = logits.softmax(dim=1)
    inside = (labels != IGNORED).float()
    vessel = ((labels > 0) & (labels != IGNORED)).float()
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
