"""Losses of grades, and the probabilities that their logits mean.

"ce": cross-entropy. "ce_qwk": with a soft quadratic weighted kappa (de la Torre 2018,
https://doi.org/10.1016/j.patrec.2017.05.018), which minds how far off an error is. "corn":
conditional ordinal regression (Shi 2021, https://arxiv.org/abs/2111.08851): is the grade above 0;
if so, above 1; if so, above 2?

Where the vein's widths on both sides are known (simulated nicking), a model may learn these as
well, as two more outputs: a grade says in four steps what they say exactly.
"""

import torch
import torch.nn.functional as F

from av_grading.config import LOSSES
from av_grading.formats.grade_definition import GRADES
from av_grading.models.reading_outputs import OUTPUTS

WIDTHS = 2
"""Outputs of the widths: the narrower side's, the wider side's."""
TYPICAL_WIDTH, WIDTH_SPREAD = 0.8, 0.2
"""Of widths as shares of the vein's own: outputs are (width - typical) / spread."""


def outputs_of(kind: str, widths: bool = False, readings: bool = False) -> int:
    """Outputs that a loss needs: logits, and after them those of the widths, or of readings.

    Raises:
        ValueError: unknown kind.
    """
    if kind not in LOSSES:
        raise ValueError(f"loss: expected one of {LOSSES}, found {kind!r}")
    if readings:
        return OUTPUTS
    return len(GRADES) - (kind == "corn") + WIDTHS * widths


def grade_logits(outputs: torch.Tensor, kind: str) -> torch.Tensor:
    """The logits (B, K) among a model's outputs, of which they are the first."""
    return outputs[:, : outputs_of(kind)]


def probabilities_of(logits: torch.Tensor, kind: str) -> torch.Tensor:
    """Outputs (B, K or K + 2) → probabilities of the grades (B, 4)."""
    logits = grade_logits(logits, kind)
    if kind != "corn":
        return logits.softmax(dim=1)
    above = logits.sigmoid().cumprod(dim=1)  # P(grade > k), (B, 3)
    one, zero = torch.ones_like(above[:, :1]), torch.zeros_like(above[:, :1])
    return torch.cat([one, above], dim=1) - torch.cat([above, zero], dim=1)


def grade_loss(
    logits: torch.Tensor, grades: torch.Tensor, kind: str, class_weights: torch.Tensor | None = None
) -> torch.Tensor:
    """Loss of one batch, a scalar.

    Args:
        logits: outputs (B, K or K + 2), K of `outputs_of`.
        grades: (B,), 0-3.
        kind: one of `LOSSES`.
        class_weights: (4,), of each grade; all alike by default.
    """
    logits = grade_logits(logits, kind)
    weights = logits.new_ones(len(GRADES)) if class_weights is None else class_weights.to(logits)
    if kind == "corn":
        return _corn(logits, grades, weights)
    loss = F.cross_entropy(logits, grades, weights)
    if kind == "ce_qwk":
        loss = loss + soft_qwk_loss(logits.softmax(dim=1), grades)
    return loss


def width_loss(outputs: torch.Tensor, widths: torch.Tensor) -> torch.Tensor:
    """Mean absolute error of the last two outputs, a scalar; 0 where no width is known.

    Args:
        outputs: (B, K + 2).
        widths: (B, 2), narrower and wider side as shares of the vein's own width; NaN: unknown.
    """
    target = (widths - TYPICAL_WIDTH) / WIDTH_SPREAD
    known = target.isfinite()
    errors = (outputs[:, -WIDTHS:] - torch.where(known, target, 0.0)).abs()
    return (errors * known).sum() / known.sum().clamp(min=1)


def soft_qwk_loss(probabilities: torch.Tensor, grades: torch.Tensor) -> torch.Tensor:
    """1 - quadratic weighted kappa with expected instead of counted errors; 0-2.

    Args:
        probabilities: (B, 4).
        grades: (B,), 0-3.
    """
    steps = torch.arange(len(GRADES), dtype=probabilities.dtype, device=probabilities.device)
    cost = (steps[:, None] - steps[None]) ** 2  # (true, predicted)
    observed = (probabilities * cost[grades]).sum()
    truth = F.one_hot(grades, len(GRADES)).to(probabilities).sum(dim=0)
    chance = (truth[:, None] * probabilities.sum(dim=0)[None] * cost).sum() / len(grades)
    return observed / chance.clamp(min=1e-6)


def _corn(logits: torch.Tensor, grades: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """Mean over the questions that are asked: of grade g, whether it is above 0, …, above g."""
    asked = torch.arange(logits.shape[1], device=logits.device)[None] <= grades[:, None]  # (B, 3)
    answer = (grades[:, None] > torch.arange(logits.shape[1], device=logits.device)).to(logits)
    each = F.binary_cross_entropy_with_logits(logits, answer, reduction="none")
    share = asked * weights[grades][:, None]
    return (each * share).sum() / share.sum()
