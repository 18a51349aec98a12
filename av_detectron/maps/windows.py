"""Parts of a map at another size, without the rest of it."""

import numpy as np
from numpy.typing import NDArray


def enlarge_window(
    values: NDArray[np.float32], shape: tuple[int, int], rows: slice, columns: slice
) -> NDArray[np.float32]:
    """A window of a map that is resized linearly: what torch's `interpolate` without
    `align_corners` gives there.

    Args:
        values: (C, h, w).
        shape: height and width after resizing (px).
        rows, columns: the window (px after resizing), with ends.

    Returns:
        (C, rows, columns).
    """
    top, bottom, down = _taps(values.shape[1], shape[0], rows)
    left, right, across = _taps(values.shape[2], shape[1], columns)
    first, last = (int(left[0]), int(right[-1]) + 1) if len(left) else (0, 0)
    strip = values[:, :, first:last]
    tall = strip[:, top] * (1 - down)[:, None] + strip[:, bottom] * down[:, None]
    return np.asarray(tall[:, :, left - first] * (1 - across) + tall[:, :, right - first] * across)


def _taps(
    before: int, after: int, part: slice
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
    """The two pixels that each position lies between, and how far it is from the first."""
    place = (np.arange(part.start, part.stop) + 0.5) * (before / after) - 0.5
    place = place.clip(min=0)
    lower = np.floor(place).astype(np.int64).clip(max=before - 1)
    return lower, (lower + 1).clip(max=before - 1), (place - lower).astype(np.float32)
