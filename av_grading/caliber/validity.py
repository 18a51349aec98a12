"""Is this a real crossing, and is the artery above the vein?

Vessels that merely touch, branch or run along each other are no crossings: both must go through, at
an angle. Where the vein lies above, nothing presses on it; which one is above shows in the colour
where they overlap: the one above absorbs light as it does beside the overlap, the one below is
partly hidden.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.optimize import nnls

from av_grading.formats.errors import NotMeasurable
from av_grading.formats.labels import ARTERY, BACKGROUND, VEIN
from av_grading.vessels.centerline import VesselLine, trace
from av_grading.vessels.profiles import even_points

Array = NDArray[np.float64]

LEAST_ANGLE = 25.0
"""Angle between artery and vein below which they run along each other (degrees)."""
REACH = 14.0
"""Length of the arms that are followed (DRIVE px)."""
BESIDE = (6.0, 12.0)
"""Ways from the overlap between which the vessels are seen alone (DRIVE px)."""
_BLUR = 0.5  # DRIVE px
_FEWEST = 4  # points beside the overlap


@dataclass(frozen=True)
class Validity:
    """What was found at a place where artery and vein meet.

    Attributes:
        crossing: both vessels go through at an angle.
        above: from -1, the overlap looks like the vein, to 1, like the artery; None where there is
            no crossing.
        angle: between the vessels (degrees, 0-90); None where one does not go through.
        reason: why it is no crossing; empty where it is.

    `above` tells which vessel is above on all drawn crossings. On 131 real ones it says the artery
    on 40 %, where anatomists find it above on more than half: the colour of an overlap alone is not
    enough in a photograph, so it is shown and decides nothing.
    """

    crossing: bool
    above: float | None
    angle: float | None
    reason: str


def check_crossing(
    photograph: NDArray[np.uint8],
    av_map: NDArray[np.uint8],
    center: tuple[float, float],
    drive_px: float,
) -> Validity:
    """Look at one place.

    Args:
        photograph: RGB, (H, W, 3), 0-255.
        av_map: labels (H, W), 0-3.
        center: x and y where the vessels meet (px).
        drive_px: length of one DRIVE px in px.
    """
    try:
        artery = trace(av_map, ARTERY, center, drive_px, REACH)
        vein = trace(av_map, VEIN, center, drive_px, REACH)
    except NotMeasurable as error:
        return Validity(False, None, None, str(error))
    angle = _angle(artery, vein)
    if angle < LEAST_ANGLE:
        return Validity(False, None, angle, f"nearly parallel: they meet at {angle:.0f} degrees")
    above = _above(photograph, av_map, artery, vein, center, drive_px)
    return Validity(True, above, angle, "")


def _angle(a: VesselLine, b: VesselLine) -> float:
    """Angle between two vessels (degrees, 0-90)."""
    u, v = a.second[-1] - a.first[-1], b.second[-1] - b.first[-1]
    cosine = abs(float(u @ v)) / max(float(np.linalg.norm(u) * np.linalg.norm(v)), 1e-9)
    return float(np.degrees(np.arccos(min(cosine, 1.0))))


def _above(
    photograph: NDArray[np.uint8],
    av_map: NDArray[np.uint8],
    artery: VesselLine,
    vein: VesselLine,
    center: tuple[float, float],
    drive_px: float,
) -> float:
    """Share of the artery's colour in the overlap against the vein's, from -1 to 1.

    The optical density of the overlap is taken apart into those of the artery and the vein beside
    it, in red, green and blue; 0 where it cannot be seen.
    """
    smooth = ndimage.gaussian_filter(photograph.astype(float), (_BLUR * drive_px,) * 2 + (0,))
    density = -np.log(np.maximum(smooth, 1.0))
    rows, columns = np.ogrid[: av_map.shape[0], : av_map.shape[1]]
    near = np.hypot(columns - center[0], rows - center[1]) < REACH * drive_px
    free = near & ndimage.binary_erosion(av_map == BACKGROUND, iterations=round(drive_px) + 1)
    overlap = _overlap(artery, vein, drive_px)
    beside = [_beside(line, overlap, drive_px) for line in (artery, vein)]
    if not free.any() or min(len(b) for b in beside) < _FEWEST:
        return 0.0
    level = np.median(density[free], axis=0)
    of_artery, of_vein, of_both = (
        np.median(_at(density, points), axis=0) - level for points in (*beside, overlap)
    )
    shares, _ = nnls(np.stack([of_artery, of_vein], axis=1), of_both)
    total = float(shares.sum())
    return float(shares[0] - shares[1]) / total if total > 0 else 0.0


def _overlap(artery: VesselLine, vein: VesselLine, drive_px: float) -> Array:
    """Points of the artery's centreline nearest to the vein's, (N, 2)."""
    points, _, _ = even_points(artery, 0.25 * drive_px)
    away = np.linalg.norm(points[:, None] - vein.points[None], axis=2).min(axis=1)
    return np.asarray(points[away <= away.min() + 0.5 * drive_px])


def _beside(line: VesselLine, overlap: Array, drive_px: float) -> Array:
    """Points of a centreline beside the overlap, where the other vessel is out of the way."""
    points, _, _ = even_points(line, 0.5 * drive_px)
    away = np.linalg.norm(points - overlap.mean(axis=0), axis=1) / drive_px
    return np.asarray(points[(away > BESIDE[0]) & (away < BESIDE[1])])


def _at(values: Array, points: Array) -> Array:
    """Values (N, C) of an image (H, W, C) at points (N, 2), interpolated."""
    places = points[:, 1], points[:, 0]
    channels = [ndimage.map_coordinates(c, places, order=1) for c in np.moveaxis(values, 2, 0)]
    return np.stack(channels, axis=1)
