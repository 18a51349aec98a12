"""The field of view (FOV) of a fundus photograph: the round part that shows the eye."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from cv2.typing import MatLike
from numpy.typing import NDArray

from av_detectron.config import DRIVE_FOV_DIAMETER


@dataclass(frozen=True)
class FieldOfView:
    """Where the eye is in a photograph.

    Attributes:
        diameter: largest extent of the FOV, horizontal or vertical (px of the photograph). A
            FOV that the sensor cuts at the top and the bottom still has its full width.
        x, y: centre of the FOV's bounding box (px).
    """

    diameter: float
    x: float
    y: float

    @property
    def drive_px(self) -> float:
        """Length of one DRIVE px in this photograph's pixels."""
        return self.diameter / DRIVE_FOV_DIAMETER

    def edge_distance(self, x: float, y: float, shape: tuple[int, ...]) -> float:
        """Distance of a place to where the view ends (px): its circle, or the frame that cuts it.

        Args:
            x, y: of the place (px).
            shape: of the photograph, height and width first.

        >>> FieldOfView(100, 60, 40).edge_distance(100, 40, (90, 120))
        10.0
        >>> FieldOfView(100, 60, 40).edge_distance(60, 70, (80, 120))
        9.0
        """
        inside = self.diameter / 2 - float(np.hypot(x - self.x, y - self.y))
        frame = min(x, y, shape[1] - 1 - x, shape[0] - 1 - y)
        return max(0.0, min(inside, float(frame)))


def fov_circle(fov: FieldOfView, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Pixels (H, W) inside the field of view, taken as a circle."""
    return circle_mask(fov.x, fov.y, fov.diameter, shape)


def circle_mask(x: float, y: float, diameter: float, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Pixels (H, W) whose centres lie inside a circle around x and y (px)."""
    rows, columns = np.ogrid[: shape[0], : shape[1]]
    return np.asarray((columns - x) ** 2 + (rows - y) ** 2 <= (diameter / 2) ** 2)


def measure_fov(mask: NDArray[np.bool_]) -> FieldOfView:
    """Measure a FOV mask (H, W).

    Raises:
        ValueError: the mask is empty.
    """
    ys, xs = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if len(xs) == 0:
        raise ValueError("expected a field of view, found an empty mask")
    width, height = int(xs[-1] - xs[0]) + 1, int(ys[-1] - ys[0]) + 1
    return FieldOfView(
        diameter=float(max(width, height)),
        x=float(xs[0] + xs[-1]) / 2,
        y=float(ys[0] + ys[-1]) / 2,
    )


def detect_fov(photograph: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Find the FOV of a photograph (H, W, 3): the largest bright region, holes filled.

    The surround of a fundus photograph is black up to sensor noise and compression, so the
    threshold is a small share of the photograph's own brightness.

    Raises:
        ValueError: less than a tenth of the frame is bright, as no fundus photograph is.
    """
    red, green, blue = cv2.split(photograph)
    brightest = cv2.max(cv2.max(red, green), blue)
    smooth = np.asarray(cv2.GaussianBlur(brightest, (5, 5), 0), np.uint8)
    threshold = max(10.0, 0.15 * _percentile(smooth, 0.9))
    bright = (smooth > threshold).view(np.uint8)
    contours, hierarchy = cv2.findContours(bright, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    if not contours:
        raise ValueError("expected a bright field of view, found a dark image")
    filled = np.zeros(bright.shape, np.uint8)
    cv2.drawContours(
        filled, [_largest_region(contours, np.asarray(hierarchy[0]))], -1, 1, cv2.FILLED
    )
    if filled.mean() < 0.1:
        raise ValueError(
            f"expected a field of view of at least 10 % of the frame, found {filled.mean():.1%}"
        )
    return filled.astype(bool)


def _largest_region(contours: Sequence[MatLike], hierarchy: NDArray[np.int32]) -> MatLike:
    """Outer contour of the region with most pixels, its holes left out, of what
    `cv2.findContours` gives; labelling every pixel takes several times as long."""
    pixels: dict[int, float] = {}
    for number, (contour, (*_, parent)) in enumerate(zip(contours, hierarchy, strict=True)):
        # Pick's theorem: a contour runs through the middles of the region's last pixels.
        area, rim = cv2.contourArea(contour), len(contour) / 2
        if parent < 0:
            pixels[number] = pixels.get(number, 0.0) + area + rim + 1
        else:
            pixels[int(parent)] = pixels.get(int(parent), 0.0) - (area - rim + 1)
    return contours[max(pixels, key=pixels.__getitem__)]


def _percentile(values: NDArray[np.uint8], share: float) -> float:
    """`np.percentile` of 8-bit values (H, W), from their histogram: no copy, no sorting."""
    below = np.cumsum(cv2.calcHist([values], [0], None, [256], [0, 256]), dtype=np.int64)
    place = share * (below[-1] - 1)
    lower = int(place)
    ends = np.searchsorted(below, [lower, min(lower + 1, below[-1] - 1)], side="right")
    return float(ends[0] + (ends[1] - ends[0]) * (place - lower))
