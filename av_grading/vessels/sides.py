"""Which side of a crossing is the first: one rule for every column, sentence and picture.

The first side is the one nearer to the optic disc. Where no disc is known, or both sides are as
near, it is the left one (smaller x), and of an upright vessel the upper one (smaller y).
"""

import numpy as np
from numpy.typing import NDArray

from av_grading.vessels.centerline import VesselLine

ALIKE = 1.0
"""Ends that differ by less than this are taken to be as near, or as far to the left (px)."""


def in_order(line: VesselLine, disc_direction: NDArray[np.float64] | None = None) -> VesselLine:
    """A vessel through a crossing, its first side first.

    Args:
        line: as it was followed.
        disc_direction: unit vector (2,), x and y, from the crossing towards the optic disc; None
            where no disc is to be seen.
    """
    ends = line.first[-1] - line.first[0], line.second[-1] - line.second[0]
    keys = [np.array([end[0], end[1]]) for end in ends]
    if disc_direction is not None:
        keys = [np.array([-end @ disc_direction, *end]) for end in ends]
    for first, second in zip(*keys, strict=True):
        if abs(first - second) >= ALIKE:
            return line if first < second else reverse(line)
    return line


def ordered_as(line: VesselLine, other: VesselLine) -> VesselLine:
    """A vessel with its sides in the order of another line of the same vessel."""
    ways = [one.second[-1] - one.first[-1] for one in (line, other)]
    return line if ways[0] @ ways[1] >= 0 else reverse(line)


def reverse(line: VesselLine) -> VesselLine:
    """The same vessel, its sides exchanged."""
    return VesselLine(first=line.second, second=line.first)
