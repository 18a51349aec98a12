"""Graders that know nothing, to see whether their maps differ (Adebayo 2018,
https://arxiv.org/abs/1810.03292)."""

import copy
import dataclasses

import torch

from av_grading.grader import Grader


def shuffled(grader: Grader, seed: int, *, classifier_only: bool = False) -> Grader:
    """A grader whose weights are shuffled within each of its parameters.

    Shuffled, not drawn anew: activations keep their size, so that a map that changes has not
    merely faded. Buffers stay.

    Args:
        grader: left as it is.
        seed: of the shuffling.
        classifier_only: leave the encoders as they are.
    """
    model = copy.deepcopy(grader.model)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, weights in model.named_parameters():
            if classifier_only and not name.startswith(("classify", "bilinear", "norms")):
                continue
            order = torch.randperm(weights.numel(), generator=generator)
            weights.copy_(weights.flatten()[order.to(weights.device)].view_as(weights))
    return dataclasses.replace(grader, model=model)
