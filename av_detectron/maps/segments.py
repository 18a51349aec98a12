"""Segments of a vessel tree: the skeleton cut at its junctions."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.morphology import skeletonize


@dataclass(frozen=True)
class VesselSegments:
    """Skeleton of a vessel map, numbered.

    Attributes:
        segments: (H, W), number of the segment (from 1) on centreline pixels between junctions,
            0 elsewhere.
        count: number of segments.
        junctions: (H, W), centreline pixels where three or more branches meet.
    """

    segments: NDArray[np.int32]
    count: int
    junctions: NDArray[np.bool_]

    def means(self, values: NDArray[np.float32]) -> NDArray[np.float64]:
        """Mean of values (H, W) along each segment's centreline: (count + 1,), the first is 0."""
        on_line = self.segments > 0
        numbers = self.segments[on_line]
        length = np.bincount(numbers, minlength=self.count + 1)
        total = np.bincount(numbers, weights=values[on_line], minlength=self.count + 1)
        return np.asarray(total / np.maximum(length, 1))

    def nearest(self, vessels: NDArray[np.bool_]) -> NDArray[np.int32]:
        """Segment whose centreline is nearest to each vessel pixel: (H, W), 0 off the vessels."""
        if self.count == 0:
            return np.zeros_like(self.segments)
        where = ndimage.distance_transform_edt(
            self.segments == 0, return_distances=False, return_indices=True
        )
        return np.asarray(np.where(vessels, self.segments[tuple(where)], 0), np.int32)


def find_segments(vessels: NDArray[np.bool_], smallest: float = 0.0) -> VesselSegments:
    """Thin a vessel map (H, W) to its centrelines and cut them at junctions.

    Args:
        vessels: binary vessel map.
        smallest: connected vessels of fewer px than this are left out.
    """
    kept = vessels.astype(np.uint8)
    if smallest > 1:
        _, parts, stats, _ = cv2.connectedComponentsWithStats(kept)
        large = stats[:, cv2.CC_STAT_AREA] >= int(smallest)
        large[0] = False  # the background
        kept = large[parts]
    skeleton = skeletonize(kept > 0)
    ones = skeleton.astype(np.uint8)
    # Centreline pixels in the square of three around each, itself included.
    around = cv2.boxFilter(ones, -1, (3, 3), normalize=False, borderType=cv2.BORDER_CONSTANT)
    junctions = skeleton & (around >= 4)
    count, segments = cv2.connectedComponents((skeleton & ~junctions).astype(np.uint8))
    return VesselSegments(segments.astype(np.int32), count - 1, junctions)
