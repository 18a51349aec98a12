"""A vein through a crossing, straightened: what is left of its width can be read at one place."""

import numpy as np
from numpy.typing import NDArray

from av_grading.close_ups.cut import SCALE
from av_grading.vessels.centerline import Points, VesselLine
from av_grading.vessels.crossing_vessels import CrossingVessels
from av_grading.vessels.profiles import even_points, sampled

CHANNELS = 6
"""Red, green, blue, and the fine map's shares of artery, vein and overlap."""
COLUMNS = 80
"""Samples along the vein, half of them on either side of the crossing."""
ALONG = 0.5
"""Between samples along the vein (DRIVE px)."""
ROWS = 48
"""Samples across the vein."""
ACROSS = 4.0
"""How much a strip shows across, in the vein's own widths."""
LEAST_WIDTH, MOST_WIDTH = 2.5, 9.0
"""Veins narrower or wider than this are shown as if they were so wide (DRIVE px)."""

VESSELS = 2
"""The vein, then the artery."""

Strip = NDArray[np.uint8]
Both = tuple[Strip, NDArray[np.float32]]
"""What `straighten_both` gives."""


def straighten(
    patch: NDArray[np.uint8],
    shares: NDArray[np.float32],
    line: VesselLine,
    width: float,
) -> Strip:
    """Pixels and fine map along a vein, (CHANNELS, ROWS, COLUMNS), 0-255.

    The first arm's end is at the left, the crossing in the middle. Where the line is shorter, it
    goes on straight.

    Args:
        patch: close-up, RGB, (P, P, 3), `SCALE` px a DRIVE px.
        shares: its fine map, probabilities of background, artery, vein, overlap, (4, P, P).
        line: the vein's centreline (px).
        width: the vein's own (DRIVE px).
    """
    step = ALONG * SCALE
    points, normals = _at(line, step * (np.arange(COLUMNS, dtype=np.float64) - (COLUMNS - 1) / 2))
    shown = ACROSS * min(max(width, LEAST_WIDTH), MOST_WIDTH) * SCALE
    offsets = shown * (np.arange(ROWS) - (ROWS - 1) / 2) / ROWS
    x = points[:, 0] + offsets[:, None] * normals[:, 0]
    y = points[:, 1] + offsets[:, None] * normals[:, 1]
    fine = 255 * shares[1:].transpose(1, 2, 0)
    values = np.concatenate([sampled(patch, x, y), sampled(fine, x, y)], axis=2)
    found = np.clip(np.rint(values), 0, 255).astype(np.uint8)
    return np.ascontiguousarray(found.transpose(2, 0, 1))


def straighten_both(
    patch: NDArray[np.uint8], shares: NDArray[np.float32], vessels: CrossingVessels
) -> Both:
    """Strips of vein and artery, (VESSELS, CHANNELS, ROWS, COLUMNS), and their widths (DRIVE px),
    (VESSELS,); zeros for a vessel that was not followed.

    Args:
        patch: RGB, (P, P, 3), as `cut.cut_close_up` cuts it.
        shares: its fine map, (4, P, P).
        vessels: that cross.
    """
    strips = np.zeros((VESSELS, CHANNELS, ROWS, COLUMNS), np.uint8)
    widths = np.zeros(VESSELS, np.float32)
    followed = ((vessels.vein, vessels.vein_width), (vessels.artery, vessels.artery_width))
    for number, (line, width) in enumerate(followed):
        if line is not None:
            strips[number] = straighten(patch, shares, line, width)
            widths[number] = width
    return strips, widths


def _at(line: VesselLine, ways: NDArray[np.float64]) -> tuple[Points, Points]:
    """Points and normals of a line at ways along it (px, negative on the first arm)."""
    points, normals, along = even_points(line, 1.0)
    inner = np.clip(ways, along[0], along[-1])
    place = np.stack([np.interp(inner, along, points[:, k]) for k in (0, 1)], axis=1)
    normal = np.stack([np.interp(inner, along, normals[:, k]) for k in (0, 1)], axis=1)
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-9)
    onward = np.stack([normal[:, 1], -normal[:, 0]], axis=1)
    return place + (ways - inner)[:, None] * onward, normal
