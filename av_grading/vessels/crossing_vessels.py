"""What can be told of the two vessels of a crossing from its close-up and fine map."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from av_grading.close_ups.cut import SCALE
from av_grading.formats.errors import NotMeasurable
from av_grading.formats.labels import ARTERY, VEIN, first_largest
from av_grading.vessels.centerline import Points, VesselLine
from av_grading.vessels.follow import follow
from av_grading.vessels.profiles import even_points, sampled
from av_grading.vessels.sides import in_order

SPAN = 10.0
"""How far to either side of a vessel its profile is read (DRIVE px)."""
_NEAR = 8.0 * SCALE  # px from the crossing
_BESIDE = 3.5 * SCALE  # px from a centreline
FEATURES = (
    "through",
    "angle",
    "vein_width",
    "artery_width",
    "narrower_width",
    "vein_contrast",
    "artery_contrast",
    "sharpness",
    "certainty",
    "overlap",
    "other_vessels",
)
"""Numbers of `CrossingVessels.features`."""


@dataclass(frozen=True)
class CrossingVessels:
    """The two vessels of a crossing; lengths in DRIVE px.

    Attributes:
        artery, vein: centrelines (px of the close-up); None where they do not go through.
        why: why not, empty where both do.
        angle: between them, 0-90 degrees; 0 where one does not go through.
        artery_width, vein_width: 0 where they do not go through.
        contrast: of artery and vein, how much darker than what lies beside, 0-1.
        sharpness: how fast the darkness changes at their walls (share a DRIVE px).
        certainty: mean probability of what the map says near the crossing, 0-1.
        overlap: area where both lie (DRIVE px²).
        other_vessels: share of the vessel pixels near the crossing that are of neither.
        vein_gap: how much of the vein's way through is seen as neither vessel.
    """

    artery: VesselLine | None
    vein: VesselLine | None
    why: str
    angle: float
    artery_width: float
    vein_width: float
    contrast: tuple[float, float]
    sharpness: float
    certainty: float
    overlap: float
    other_vessels: float
    vein_gap: float = 0.0

    def features(self) -> NDArray[np.float64]:
        """Numbers for a classifier, in the order of `FEATURES`."""
        return np.array(
            [
                float(not self.why),
                np.sin(np.radians(self.angle)),
                self.vein_width,
                self.artery_width,
                min(self.vein_width, self.artery_width),
                self.contrast[1],
                self.contrast[0],
                self.sharpness,
                self.certainty,
                np.sqrt(self.overlap),
                self.other_vessels,
            ]
        )


def crossing_vessels(
    patch: NDArray[np.uint8],
    shares: NDArray[np.float32],
    center: tuple[float, float],
    disc_direction: NDArray[np.float64] | None = None,
) -> CrossingVessels:
    """Follow both vessels through a crossing, their first side first (see `sides`).

    Args:
        patch: close-up, RGB, (P, P, 3).
        shares: its fine map, probabilities of background, artery, vein, overlap, (4, P, P).
        center: x and y of the crossing (px).
        disc_direction: unit vector (2,), x and y, from it towards the optic disc; None without.
    """
    labels = first_largest(shares)
    lines: dict[int, VesselLine | None] = {}
    gaps = {ARTERY: 0.0, VEIN: 0.0}
    reasons = []
    for kind in (ARTERY, VEIN):
        try:
            followed = follow(shares, kind, center, SCALE)
            lines[kind], gaps[kind] = followed.line, followed.gap
        except NotMeasurable as error:
            lines[kind] = None
            reasons.append(str(error).split(":")[0])
    artery, vein = lines[ARTERY], lines[VEIN]
    # All that is counted lies near; what is beside a centreline is seen `_BESIDE` further.
    part = tuple(
        slice(max(0, int(at - _NEAR - _BESIDE) - 1), int(at + _NEAR + _BESIDE) + 3)
        for at in center[::-1]
    )
    rows, columns = np.ogrid[: labels.shape[0], : labels.shape[1]]
    near = ((columns - center[0]) ** 2 + (rows - center[1]) ** 2 < _NEAR**2)[part]
    close = shares[(slice(None), *part)][:, near]
    certainty = float(close.max(axis=0).mean())
    overlap = float(close[3].sum()) / SCALE**2
    darkness = _darkness(patch)
    widths, contrasts, sharp = [0.0, 0.0], [0.0, 0.0], [0.0, 0.0]
    for number, (line, kind) in enumerate(((artery, 1), (vein, 2))):
        if line is not None:
            found = _profile(darkness, shares[kind] + shares[3], line)
            widths[number], contrasts[number], sharp[number] = found
    angle = 0.0 if artery is None or vein is None else _angle(artery, vein)
    return CrossingVessels(
        artery and in_order(artery, disc_direction),
        vein and in_order(vein, disc_direction),
        "; ".join(reasons),
        angle,
        widths[0],
        widths[1],
        (contrasts[0], contrasts[1]),
        min(sharp),
        certainty,
        overlap,
        _others(labels, (artery, vein), part, near),
        gaps[VEIN],
    )


def _darkness(patch: NDArray[np.uint8]) -> NDArray[np.float32]:
    green = patch[..., 1].astype(np.float32)
    return np.asarray(1 - green / max(float(np.median(green)), 4.0), np.float32)


def _profile(
    darkness: NDArray[np.float32], share: NDArray[np.float32], line: VesselLine
) -> tuple[float, float, float]:
    """Median width (DRIVE px), contrast and sharpness of a vessel, away from the crossing."""
    points, normals, along = even_points(line, 1.0)
    away = np.abs(along) > 3 * SCALE
    if away.sum() < 4:
        return 0.0, 0.0, 0.0
    points, normals = points[away], normals[away]
    offsets = np.arange(-SPAN * SCALE, SPAN * SCALE + 1)
    x = points[:, :1] + offsets * normals[:, :1]
    y = points[:, 1:] + offsets * normals[:, 1:]
    inside = sampled(share, x, y)
    dark = sampled(darkness, x, y)
    middle = len(offsets) // 2
    # Only what is joined to the centreline: other vessels may run beside.
    low = inside < 0.5
    right = np.where(low[:, middle:].any(axis=1), low[:, middle:].argmax(axis=1), middle)
    left = np.where(low[:, middle::-1].any(axis=1), low[:, middle::-1].argmax(axis=1), middle)
    width = float(np.median(right + left))
    profile = np.median(dark, axis=0)
    half = max(1, round(width / 2))
    core = profile[middle - max(1, half // 2) : middle + max(1, half // 2) + 1].mean()
    beside = np.concatenate(
        [
            profile[max(0, middle - half - 3 * SCALE) : middle - half - SCALE // 2],
            profile[middle + half + SCALE // 2 : middle + half + 3 * SCALE],
        ]
    )
    contrast = float(core - np.median(beside)) if len(beside) else 0.0
    window = profile[max(0, middle - half - SCALE) : middle + half + SCALE + 1]
    slope = float(np.abs(np.diff(window)).max()) * SCALE if len(window) > 1 else 0.0
    return width / SCALE, contrast, slope


def _angle(artery: VesselLine, vein: VesselLine) -> float:
    """Between the vessels' courses within a few px of the crossing (degrees, 0-90)."""
    ways = [_course(line) for line in (artery, vein)]
    cosine = abs(float(ways[0] @ ways[1]))
    return float(np.degrees(np.arccos(min(1.0, cosine))))


def _course(line: VesselLine) -> Points:
    reach = 7 * SCALE
    way = (
        line.second[min(reach, len(line.second) - 1)] - line.first[min(reach, len(line.first) - 1)]
    )
    return np.asarray(way / max(float(np.linalg.norm(way)), 1e-9))


def _others(
    labels: NDArray[np.uint8],
    lines: tuple[VesselLine | None, VesselLine | None],
    part: tuple[slice, ...],
    near: NDArray[np.bool_],
) -> float:
    """Share of vessel pixels near the crossing that do not lie beside either centreline.

    Args:
        labels: (P, P).
        lines: the centrelines.
        part: rows and columns that count.
        near: which of these do.
    """
    free = np.ones(labels.shape, np.uint8)
    for line in lines:
        if line is not None:
            x, y = line.points.round().astype(int).T.clip(0, labels.shape[0] - 1)
            free[y, x] = 0
    away = cv2.distanceTransform(free[part], cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    vessel = (labels[part] > 0) & near
    return float((vessel & (away > _BESIDE)).sum()) / max(int(vessel.sum()), 1)
