"""From any bit depth to 8 bits."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from av_screening.errors import RejectedPhotograph


def to_eight_bits(values: NDArray[Any], bits: int = 0) -> NDArray[np.uint8]:
    """Integers of more than 8 bits as 0-255.

    Args:
        values: not negative.
        bits: that they use; by default what their largest value needs, since 12 bits are often
            stored as 16.

    Raises:
        RejectedPhotograph: they are no integers, negative, or need more than 16 bits.
    """
    if values.dtype.kind not in "iu":
        raise RejectedPhotograph(
            "unreadable", f"expected 8 or 16 bits a channel, found {values.dtype}"
        )
    low, high = int(values.min(initial=0)), int(values.max(initial=0))
    if low < 0 or high >= 2**16:
        raise RejectedPhotograph(
            "unreadable", f"expected values of 8 or 16 bits, found {low} to {high}"
        )
    shift = max(0, (bits or high.bit_length()) - 8)
    return np.asarray(values >> shift, np.uint8)
