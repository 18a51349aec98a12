"""The narrowing step: what is left of the veins' widths at gradable crossings."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from av_grading.models.vein_strip import NarrowingReader
from av_screening.steps.second_look import CloseLook


@dataclass(frozen=True)
class Narrowings:
    """Of N crossings; NaN where a crossing is not gradable.

    Attributes:
        ratios: width at the artery's edge as a share of the vein's own, (N, 2), on the side of the
            first and second arm of the vein's centreline.
        deviations: standard deviations of these, (N, 2).
        probabilities: of the grades 0-3 that follow, (N, 4), grades taken to be equally common.
    """

    ratios: NDArray[np.float64]
    deviations: NDArray[np.float64]
    probabilities: NDArray[np.float64]

    def part(self, rows: slice) -> "Narrowings":
        """Those of some of the crossings."""
        return Narrowings(self.ratios[rows], self.deviations[rows], self.probabilities[rows])


def read_narrowings(looks: Sequence[CloseLook], reader: NarrowingReader) -> Narrowings:
    """Read the veins of gradable crossings together.

    Args:
        looks: N close looks.
        reader: the network.
    """
    chosen = [i for i, look in enumerate(looks) if not look.why_not]
    read = reader(
        [looks[i].patch for i in chosen],
        [looks[i].shares for i in chosen],
        [looks[i].vessels for i in chosen],
    )
    found = Narrowings(*(np.full((len(looks), width), np.nan) for width in (2, 2, 4)))
    found.ratios[chosen] = read.ratios
    found.deviations[chosen] = read.deviations
    found.probabilities[chosen] = read.probabilities()
    return found
