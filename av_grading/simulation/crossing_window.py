"""One crossing of a photograph, ready for what is to be done to it."""

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from av_grading.command_line.defaults import WIDTHS as WIDTHS
from av_grading.formats.errors import NotMeasurable
from av_grading.formats.labels import ARTERY, VEIN
from av_grading.formats.patches import cut_map, cut_patch
from av_grading.simulation.course import UNCHANGED, Course, redraw
from av_grading.simulation.darkness import VeinDarkness
from av_grading.simulation.vein import Artery, Field, Vein, measure_artery, measure_vein
from av_grading.vessels.centerline import trace

LEAST_ANGLE = 25.0
"""Least angle between artery and vein (degrees)."""
MOST_COVERED = 9.0
"""Longest way of the vein under the artery, on either side of the middle (DRIVE px)."""
WIDEST_EDGE = 1.3
"""Greatest width at the artery as a share of the vein's own: what is wider branches there."""
MARGIN = 4.0
"""What is cut around the patch before squeezing (DRIVE px), so that no edge shows."""


@dataclass(frozen=True)
class CrossingWindow:
    """A crossing cut out of its photograph at the photograph's own scale.

    Attributes:
        photograph: RGB, (H, W, 3).
        av_map: labels, (H, W).
        center: x and y of the crossing in the window (px).
        drive_px: length of one DRIVE px in px.
        vein: the vein through it.
        artery: the artery through it.
        darkness: the vein's, where it was measured.
        course: what is asked of the vein.
    """

    photograph: NDArray[np.uint8]
    av_map: NDArray[np.uint8]
    center: tuple[float, float]
    drive_px: float
    vein: Vein
    artery: Artery
    darkness: VeinDarkness | None = field(default=None, repr=False, compare=False)
    course: Course = field(default=UNCHANGED, repr=False, compare=False)

    @property
    def beyond(self) -> Field:
        """Way beyond the artery's edge at each point of `course` (px); below 0 under the artery."""
        return self.measured.beyond

    @property
    def measured(self) -> VeinDarkness:
        """The vein's darkness.

        Raises:
            ValueError: it was not measured.
        """
        if self.darkness is None:
            raise ValueError("expected a window whose vein was measured: measure() does it")
        return self.darkness

    @property
    def natural(self) -> tuple[float, float]:
        """What is seen of the vein beside the artery on either side, as a share of its own: by its
        width in the map and by its darkness, whose errors have little in common."""
        first, second = self.measured.visible()
        widths = self.vein.at_edge
        return (max(first, 0) * widths[0]) ** 0.5, (max(second, 0) * widths[1]) ** 0.5

    def measure(self) -> "CrossingWindow":
        """The same, with the vein's darkness and a course to be changed."""
        darkness = VeinDarkness(self.photograph, self.av_map, self.vein, self.artery, self.drive_px)
        return replace(self, darkness=darkness, course=Course.as_it_is(darkness.along))

    def redrawn(self) -> "CrossingWindow":
        """The same with its vein redrawn as its course asks."""
        if self.darkness is None:
            return self
        photograph, av_map = redraw(self.darkness, self.course)
        return replace(self, photograph=photograph, av_map=av_map)

    def patch(self, side: float, pixels: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Patch (pixels, pixels, 3) and map (pixels, pixels) of it; `side` in DRIVE px."""
        place = (self.center, self.drive_px, side, pixels)
        return cut_patch(self.photograph, *place), cut_map(self.av_map, *place)


def open_window(
    photograph: NDArray[np.uint8],
    av_map: NDArray[np.uint8],
    center: tuple[float, float],
    drive_px: float,
    side: float,
    least_edge: float = 0.0,
    widths: tuple[float, float] = WIDTHS,
) -> CrossingWindow:
    """Cut a crossing out and follow its vessels.

    Args:
        photograph: RGB, (H, W, 3).
        av_map: labels, (H, W).
        center: x and y of the crossing (px of the photograph).
        drive_px: length of one DRIVE px in px of the photograph.
        side: of the patches to come (DRIVE px).
        least_edge: least width at the artery as a share of the vein's own.
        widths: least of the vein, and what it must stay below (DRIVE px).

    Raises:
        NotMeasurable: it lies at the photograph's edge, its vessels do not go through or are too
            nearly parallel to simulate nicking there, or the vein is of another width, is pressed
            or branches as it is; says why.
    """
    half = int(np.ceil((side / 2 + MARGIN) * drive_px))
    x, y = round(center[0]), round(center[1])
    height, width = av_map.shape
    if not (half <= x < width - half and half <= y < height - half):
        raise NotMeasurable("the patch reaches beyond the photograph")
    window = slice(y - half, y + half + 1), slice(x - half, x + half + 1)
    inner = (center[0] - x + half, center[1] - y + half)
    cut = np.ascontiguousarray(av_map[window])
    line = trace(cut, VEIN, inner, drive_px)
    artery = trace(cut, ARTERY, inner, drive_px)
    turned = _angle(line.second[-1] - line.first[-1], artery.second[-1] - artery.first[-1])
    if turned < LEAST_ANGLE:
        raise NotMeasurable(f"nearly parallel: artery and vein meet at {turned:.0f} degrees")
    vein = measure_vein(cut, line, drive_px)
    width = 2 * vein.half_width / drive_px
    if not widths[0] <= width < widths[1]:
        kind = "thin" if width < widths[0] else "wide"
        raise NotMeasurable(f"{kind} vein: {width:.1f} DRIVE px wide")
    if max(vein.covered) > MOST_COVERED * drive_px:
        raise NotMeasurable("the artery runs along the vein")
    if min(vein.at_edge) < least_edge:
        raise NotMeasurable(f"pressed as it is: {min(vein.at_edge):.2f} of the vein's own width")
    if max(vein.at_edge) > WIDEST_EDGE:
        raise NotMeasurable(f"branches: {max(vein.at_edge):.2f} of the vein's own width")
    pixels = np.ascontiguousarray(photograph[window])
    return CrossingWindow(pixels, cut, inner, drive_px, vein, measure_artery(cut, artery))


def _angle(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Angle between two lines (degrees, 0-90)."""
    cosine = abs(float(a @ b)) / float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(np.degrees(np.arccos(min(cosine, 1.0))))
