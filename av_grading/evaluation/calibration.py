"""Temperature scaling (Guo 2017, https://arxiv.org/abs/1706.04599): confidence made honest."""

import torch
import torch.nn.functional as F

from av_grading.training.losses import probabilities_of

SEARCHED = (0.1, 20.0)
"""Smallest and largest temperature that is tried."""


def fit_temperature(logits: torch.Tensor, grades: torch.Tensor, kind: str) -> float:
    """The temperature with the least negative log-likelihood on held-out patches.

    Args:
        logits: (N, K).
        grades: (N,), 0-3.
        kind: of the loss that the logits were trained with.
    """
    low, high = torch.tensor(SEARCHED).log().tolist()
    tried = torch.linspace(low, high, 101).exp()
    losses = [
        float(F.nll_loss(probabilities_of(logits / t, kind).clamp(min=1e-6).log(), grades))
        for t in tried
    ]
    return float(tried[int(torch.tensor(losses).argmin())])
