"""What is known of one crossing, in one record; tables, files and pages are views of it.

It stands here and not in `av_grading`, since half of it is the detector's.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from av_grading.close_ups.close_look import CloseLook
from av_grading.decision import Decided
from av_grading.gradable import NotGradable
from av_grading.models.reading_outputs import Answer
from av_grading.signs.sign import Measurement
from av_screening.steps.patches import CrossingPatch


@dataclass(frozen=True, eq=False)
class Crossing:
    """One crossing of a photograph. Positions are px of the photograph: x to the right, y down, the
    centre of the top left pixel at 0, 0.

    Attributes:
        number: in the photograph, from 0; the highest score first.
        center: x and y, by the detector.
        box: x0, y0, x1, y1, where pixel i covers [i, i + 1).
        mask: of the vessels in it, COCO's run-length encoding.
        score: how sure the detector is, 0-1.
        patch: pixels and map as graders take them.
        close_look: what signs are measured from: close up with the second look, else what graders
            take.
        place: x and y where the fine map has the crossing; without the second look, `center`.
        clear: probability that it is read as clear, 0-1; None where that was not asked.
        reason: why it is not gradable; None where it is. Without the second look all are.
        answers: what networks that learned from readings say of it, by their name.
        members: probabilities of the grades by whatever gives them, (4,) each, grades taken to be
            equally common; empty where it is not gradable, or without graders.
        decision: its grade; None without one.
        signs: what was measured, by the sign's name.
        explained: where graders looked, RGB over the patch; None without that step.
    """

    number: int
    center: tuple[float, float]
    box: tuple[float, float, float, float]
    mask: Mapping[str, Any]
    score: float
    patch: CrossingPatch
    close_look: CloseLook
    place: tuple[float, float]
    clear: float | None = None
    reason: NotGradable | None = None
    answers: Mapping[str, Answer] = field(default_factory=dict)
    members: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    decision: Decided | None = None
    signs: Mapping[str, Measurement] = field(default_factory=dict)
    explained: NDArray[np.uint8] | None = None

    @property
    def gradable(self) -> bool:
        """Whether nothing speaks against grading it."""
        return self.reason is None

    @property
    def grade(self) -> int | None:
        """Its grade, 0-3; None where it has none."""
        return None if self.decision is None else self.decision.grade

    def value(self, sign: str, column: str) -> float | None:
        """A number that was measured; None where it is not known."""
        measured = self.signs.get(sign)
        value = None if measured is None else measured.values.get(column)
        return float(value) if isinstance(value, int | float) and value == value else None
