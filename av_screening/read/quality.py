"""The quality gate: what is no fundus photograph, or none that can be screened, is reported.

Every threshold lies far beyond the 55 training photographs of DRIVE, LES-AV and HRF, whose extremes
stand beside it: the gate is to catch what is wrong, not what is merely difficult.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from av_detectron.data.fov import FieldOfView, detect_fov, fov_circle, measure_fov
from av_screening.errors import RejectedPhotograph
from av_screening.read.limits import QualityLimits

SMALL = 256
"""Diameter of the field of view in the copy that is looked at (px)."""
RIM = 15
"""Ring at the field's edge that is left out of its statistics (px of that copy)."""


@dataclass(frozen=True)
class Look:
    """What the gate sees of a photograph; the names are those of `QualityLimits`."""

    fov: FieldOfView
    brightness: float
    saturated: float
    round: float
    spill: float
    smooth: float
    blue: float
    contrast: float


def look_at(pixels: NDArray[np.uint8]) -> Look:
    """Measure a photograph (H, W, 3), RGB.

    Raises:
        RejectedPhotograph: no field of view.
    """
    try:
        mask = detect_fov(pixels)
        fov = measure_fov(mask)
    except ValueError as error:
        dark = float(pixels.max(initial=0)) < 40
        raise RejectedPhotograph("too_dark" if dark else "no_fov", str(error)) from error
    scale = SMALL / fov.diameter
    size = tuple(max(1, round(side * scale)) for side in reversed(mask.shape))
    small = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
    bright = cv2.resize(mask.view(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
    circle = fov_circle(FieldOfView(SMALL, fov.x * scale, fov.y * scale), bright.shape)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * RIM + 1, 2 * RIM + 1))
    inside = cv2.erode((bright & circle).astype(np.uint8), kernel, borderValue=0) > 0
    if not inside.any():
        raise RejectedPhotograph("no_fov", "expected a round field of view, found a thin shape")
    red, green, blue = small[inside].astype(np.float64).T
    return Look(
        fov=fov,
        brightness=float(np.median(small[inside].max(axis=1))),
        saturated=float((small[inside].min(axis=1) >= 250).mean()),
        round=float((bright & circle).sum() / circle.sum()),
        spill=float((bright & ~circle).sum() / max(1, (~circle).sum())),
        smooth=_neighbours(small[:, :, 1].astype(np.float64), inside),
        blue=float(blue.mean() / max(red.mean(), 1.0)),
        contrast=float(green.std()),
    )


def check_quality(pixels: NDArray[np.uint8], limits: QualityLimits) -> FieldOfView:
    """The field of view (px) of a photograph (H, W, 3) that can be screened.

    Raises:
        RejectedPhotograph: it cannot; says what was expected and found.
    """
    seen = look_at(pixels)
    checks = (
        (
            "not_fundus",
            seen.spill > limits.max_spill,
            "a round field of view in a dark surround",
            f"{seen.spill:.0%} of the surround bright",
        ),
        (
            "not_fundus",
            seen.round < limits.min_round,
            "a round field of view",
            f"{seen.round:.0%} of the circle filled",
        ),
        (
            "too_small",
            seen.fov.diameter < limits.min_fov,
            f"a field of view of at least {limits.min_fov:g} px across",
            f"{seen.fov.diameter:.0f} px",
        ),
        (
            "too_dark",
            seen.brightness < limits.min_brightness,
            f"a median brightness of at least {limits.min_brightness:g} of 255",
            f"{seen.brightness:.0f}",
        ),
        (
            "overexposed",
            seen.saturated > limits.max_saturated,
            f"at most {limits.max_saturated:.0%} of the field white",
            f"{seen.saturated:.0%}",
        ),
        (
            "not_fundus",
            seen.contrast < limits.min_contrast,
            "vessels and disc",
            f"an even area (standard deviation {seen.contrast:.1f} of 255)",
        ),
        (
            "not_fundus",
            seen.smooth < limits.min_smooth,
            "vessels and disc",
            f"noise (neighbouring pixels correlate by {seen.smooth:.2f})",
        ),
        (
            "not_fundus",
            seen.blue > limits.max_blue,
            "the red of an eye's background, or grey",
            f"{seen.blue:.1f} times as much blue as red",
        ),
    )
    for reason, fails, expected, found in checks:
        if fails:
            raise RejectedPhotograph(reason, f"expected {expected}, found {found}")
    return seen.fov


def _neighbours(values: NDArray[np.float64], inside: NDArray[np.bool_]) -> float:
    """Correlation of horizontal neighbours; 0 where all values are the same."""
    both = inside[:, :-1] & inside[:, 1:]
    left, right = values[:, :-1][both], values[:, 1:][both]
    if len(left) < 2 or left.std() == 0 or right.std() == 0:
        return 0.0
    return float(np.corrcoef(left, right)[0, 1])
