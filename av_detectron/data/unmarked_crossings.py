"""Crossings that a labelled artery/vein map shows without an overlap marked there.

Crossings are derived from overlaps (`crossing_rule`). Where a grader drew the upper vessel over the
lower one and marked no overlap, the map shows a crossing all the same, artery and vein alternate
around the place, but none is derived: whoever finds it is told to be wrong.
"""

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from av_detectron.data.annotations import ARTERY, BACKGROUND, OVERLAP, UNCERTAIN, VEIN
from av_detectron.maps.map_crossings import find_map_crossings

FINEST = 1.5
"""px a DRIVE px at which a map is looked at: centrelines show, and time does not grow."""
LEAST_SCORE = 0.6
"""Of a crossing of the map: above what places get where artery and vein do not alternate."""
APART = 10.0
"""An overlap this near to a place (DRIVE px) is one that was marked for it, or near the disc a run
that the rule leaves out."""


def find_unmarked_crossings(av_map: NDArray[np.uint8], drive_px: float) -> NDArray[np.float64]:
    """Places of a labelled map where artery and vein cross and no overlap is marked.

    Args:
        av_map: labels 0-4, (H, W).
        drive_px: length of one DRIVE px in its px.

    Returns:
        (N, 2), x and y (px of the map).
    """
    factor = min(1.0, FINEST / drive_px)
    height, width = av_map.shape
    size = max(1, round(width * factor)), max(1, round(height * factor))
    labels = cv2.resize(av_map, size, interpolation=cv2.INTER_NEAREST)
    either = (labels == OVERLAP) | (labels == UNCERTAIN)
    shares = np.stack(
        [labels == BACKGROUND, (labels == ARTERY) + 0.5 * either, (labels == VEIN) + 0.5 * either]
    ).astype(np.float32)
    scale = np.array([width / size[0], height / size[1]])
    places, scores = find_map_crossings(shares, drive_px / float(scale[0]))
    places = (places[scores >= LEAST_SCORE] + 0.5) * scale - 0.5
    marked = np.argwhere(av_map == OVERLAP)[:, ::-1]
    if len(marked) == 0 or len(places) == 0:
        return np.asarray(places)
    away, _ = cKDTree(marked).query(places)
    return np.asarray(places[away > APART * drive_px])
