"""What the sign strip says of a crossing: names of what it reads, for its network and for signs."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from av_grading.close_ups.close_look import CloseLook

OUTPUT = "sign_strip"
"""Of the network among `CloseLook.outputs`: means and standard deviations of what it reads on both
sides, (2, 2, Q)."""
READ = ("visible_width", "contrast", "wall_width")
"""What it reads of a side, the Q in their order: what is left beside the artery, as shares of the
vein's own, of width times contrast, of contrast, and of width between the walls."""

Sides = NDArray[np.float64]


def read_by_strip(look: "CloseLook") -> Mapping[str, tuple[Sides, Sides]] | None:
    """By name of `READ` the values of both sides, (2,), and their standard deviations, (2,); None
    where the network was not asked."""
    output = look.outputs.get(OUTPUT)
    if output is None:
        return None
    means, deviations = output
    return {name: (means[:, i], deviations[:, i]) for i, name in enumerate(READ)}
