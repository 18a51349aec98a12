"""Copies of a picture, shifted by a part of a px, noisy as itself or blurred.

The spread of what is measured on them says how sure a measurement is.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from av_grading.vessels.profiles import sampled

Array = NDArray[np.float64]

COPIES = 6
"""Copies of the picture whose spread is the standard error."""
_SHIFTS = np.array([(0, 0), (0.4, 0.1), (-0.4, -0.1), (0.1, -0.4), (-0.1, 0.4), (0, 0), (0, 0)])
_NOISY = (3, 5)  # copies with the picture's own noise once more; the last one is blurred
_DARKEST = 6.0  # grey level


def light_of_copies(
    light: NDArray[np.float32], x: Array, y: Array, drive_px: float
) -> NDArray[np.float32]:
    """Logarithm of a plane, (P, P), 0-255, at every sample, of it and its copies, (R, N, K)."""
    soft = np.asarray(cv2.GaussianBlur(light, (0, 0), 0.25 * drive_px), np.float32)
    noise = 1.4826 * float(np.median(np.abs(light - soft)[::3, ::3]))
    grain = np.random.default_rng(0).standard_normal((2, *x.shape)).astype(np.float32)
    copies = []
    for number, (dx, dy) in enumerate(_SHIFTS):
        plane = soft if number == COPIES else light
        found = sampled(plane, x + dx, y + dy)
        if number in _NOISY:
            found = found + max(noise, 1.0) * grain[_NOISY.index(number)]
        copies.append(found)
    return np.log(np.maximum(np.stack(copies), np.float32(_DARKEST)))


def least(values: Array) -> Array:
    """Least known value along the last axis; NaN where none is known."""
    found = np.where(np.isfinite(values), values, np.inf).min(axis=-1)
    return np.asarray(np.where(np.isfinite(found), found, np.nan))


def median_known(values: Array) -> Array:
    """Median of what is known along the last axis; NaN where nothing is."""
    there = np.isfinite(values)
    ranked = np.sort(np.where(there, values, np.inf), axis=-1)
    count = there.sum(axis=-1, keepdims=True)
    low, high = np.maximum(count - 1, 0) // 2, np.minimum(count // 2, values.shape[-1] - 1)
    pair = [np.take_along_axis(ranked, at, axis=-1)[..., 0] for at in (low, high)]
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(count[..., 0] > 0, (pair[0] + pair[1]) / 2, np.nan))


def spread(values: Array) -> Array:
    """Standard error of the first of R values by the others, (R, ...) to (...); NaN where fewer
    than three are known."""
    known = np.isfinite(values[1:]).sum(axis=0)
    off = np.where(np.isfinite(values[1:]), values[1:] - values[:1], 0.0)
    return np.asarray(
        np.where(known >= 3, np.sqrt((off**2).sum(axis=0) / np.maximum(known, 1)), np.nan)
    )
