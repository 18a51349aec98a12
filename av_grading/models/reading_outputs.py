"""What a network that learned from readings says of a crossing, and in which order."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from av_grading.formats.grade_definition import GRADES

QUESTIONS = ("clear", "bent", "artery_above")
"""Asked of every crossing: is it clear, is the vein bent, does the artery lie above."""
_GRADES = len(GRADES)
OUTPUTS = _GRADES + len(QUESTIONS) + 2 * _GRADES
"""Logits of a crossing: the grade's, the questions', those of the vein's first and second side."""


def split_outputs(
    logits: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """Logits (B, OUTPUTS) → those of the grade (B, 4), the questions (B, 3), and the vein's sides
    (B, 4), twice."""
    sizes = [_GRADES, len(QUESTIONS), _GRADES, _GRADES]
    grade, questions, first, second = torch.split(logits, sizes, dim=1)
    return grade, questions, first, second


def probabilities_of_outputs(logits: torch.Tensor) -> torch.Tensor:
    """Logits (B, OUTPUTS) → probabilities in the same order."""
    grade, questions, first, second = split_outputs(logits)
    parts = [grade.softmax(1), questions.sigmoid(), first.softmax(1), second.softmax(1)]
    return torch.cat(parts, dim=1)


@dataclass(frozen=True)
class Answers:
    """What a network says of N crossings; NaN where it could not look.

    Attributes:
        grade: probabilities of the grades 0-3, (N, 4).
        clear, bent, artery_above: probabilities, (N,).
        sides: expected reading of the vein's first and second side, (N, 2), 0 (its own width and
            darkness) to 3 (it vanishes).
    """

    grade: NDArray[np.float64]
    clear: NDArray[np.float64]
    bent: NDArray[np.float64]
    artery_above: NDArray[np.float64]
    sides: NDArray[np.float64]

    @classmethod
    def of(cls, probabilities: NDArray[np.float64]) -> "Answers":
        """From probabilities (N, OUTPUTS)."""
        steps = np.arange(_GRADES)
        first = _GRADES + len(QUESTIONS)
        sides = [
            probabilities[:, first + _GRADES * k : first + _GRADES * (k + 1)] @ steps
            for k in (0, 1)
        ]
        clear, bent, above = probabilities[:, _GRADES:first].T
        return cls(probabilities[:, :_GRADES], clear, bent, above, np.stack(sides, axis=1))
