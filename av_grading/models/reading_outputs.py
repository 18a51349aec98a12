"""What a network that learned from readings says of a crossing, and in which order."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import repeat

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
class Answer:
    """What is said of one crossing; attributes as `Answers`, of which it is a row."""

    grade: NDArray[np.float64]
    clear: float
    bent: float
    artery_above: float
    sides: NDArray[np.float64]


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

    def of_row(self, number: int) -> Answer | None:
        """What is said of one crossing; None where the network could not look."""
        if not np.isfinite(self.grade[number]).all():
            return None
        clear, bent, above = (float(x[number]) for x in (self.clear, self.bent, self.artery_above))
        return Answer(self.grade[number], clear, bent, above, self.sides[number])


def mean_answer(answers: Mapping[str, Answer], above: Mapping[str, float] | None = None) -> Answer:
    """The mean of what several networks say of one crossing, each question over those that answer
    it; NaN where none does.

    Args:
        answers: by the network's name.
        above: how much networks count in whether the artery lies above, by name; 1 unless named.

    Raises:
        ValueError: no answers.
    """
    if not answers:
        raise ValueError("expected answers, found none")

    def mean(values: Iterable[float], weights: Iterable[float] = repeat(1.0)) -> float:
        known = [(value, w) for value, w in zip(values, weights, strict=False) if value == value]
        total = sum(w for _, w in known)
        return sum(w * value for value, w in known) / total if total else float("nan")

    each = answers.values()
    counted = [(above or {}).get(name, 1.0) for name in answers]
    return Answer(
        np.mean([a.grade for a in each], axis=0),
        mean(a.clear for a in each),
        mean(a.bent for a in each),
        mean((a.artery_above for a in each), counted),
        np.array([mean(float(a.sides[k]) for a in each) for k in (0, 1)]),
    )
