"""Steps that can be plugged in: what measures a crossing, and what explains its grade.

Each is one function, so that the pipeline needs to know nothing of how it is done.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Patch = NDArray[np.uint8]


@dataclass(frozen=True)
class CrossingPatch:
    """A crossing as it is graded and measured.

    Attributes:
        patch: RGB, (P, P, 3), 0-255.
        av_map: labels, (P, P): 0 background, 1 artery, 2 vein.
        drive_px: length of one DRIVE px in px of the patch.
        unit: px of the patch per px of the photograph.
    """

    patch: Patch
    av_map: Patch
    drive_px: float
    unit: float


class Measure(Protocol):
    """Caliber: columns of `columns.CALIBER` for one crossing; where it cannot be measured,
    "measurable" is 0 and "not_measurable" says why."""

    def __call__(self, crossing: CrossingPatch) -> Mapping[str, object]: ...


class Explain(Protocol):
    """Where graders looked: an RGB picture (Q, Q, 3) over the patch for each crossing's grade."""

    def __call__(
        self, crossings: Sequence[CrossingPatch], grades: NDArray[np.int64]
    ) -> list[Patch]: ...
