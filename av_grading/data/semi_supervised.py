"""What patches without a grade teach: FixMatch (Sohn 2020, https://arxiv.org/abs/2001.07685).

A teacher, the moving average of the student's weights (Tarvainen 2017), looks at a gently changed
patch; where it is sure, its grade is what the student should say of a strongly changed copy.
"""

import dataclasses

import torch
import torch.nn.functional as F

from av_grading.config import Augment

STRONGER = 2.0
"""Colour changes of the student's copy, as a multiple of those of graded patches."""


def strong(settings: Augment) -> Augment:
    """Changes of the student's copy: more of colour; geometry as ever, since widths decide."""
    changes = {
        name: min(0.8, STRONGER * getattr(settings, name))
        for name in ("brightness", "contrast", "saturation")
    }
    return dataclasses.replace(settings, **changes, hue=min(0.5, STRONGER * settings.hue))


def gentle(settings: Augment) -> Augment:
    """Changes of the teacher's copy: geometry alone."""
    return dataclasses.replace(settings, brightness=0.0, contrast=0.0, saturation=0.0, hue=0.0)


def pseudo_label_loss(
    student: torch.Tensor, teacher: torch.Tensor, threshold: float
) -> tuple[torch.Tensor, float]:
    """Cross-entropy with the teacher's grades where it is sure, a mean over all patches.

    Args:
        student: probabilities (B, 4).
        teacher: probabilities (B, 4) of the same patches, without gradient.
        threshold: least confidence that counts, 0-1.

    Returns:
        the loss, and the share of patches that counted.
    """
    confidence, grades = teacher.max(dim=1)
    sure = (confidence >= threshold).float()
    each = F.nll_loss(student.clamp(min=1e-6).log(), grades, reduction="none")
    return (each * sure).mean(), float(sure.mean())
