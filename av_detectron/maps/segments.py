"""Segments of a vessel tree: the skeleton cut at its junctions."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.morphology import remove_small_objects, skeletonize

_EIGHT = np.ones((3, 3), int)


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
    kept = vessels.astype(bool)
    if smallest > 1:
        kept = remove_small_objects(kept, max_size=int(smallest) - 1, connectivity=2)
    skeleton = skeletonize(kept)
    neighbours = ndimage.convolve(skeleton.astype(np.uint8), _EIGHT, mode="constant") - 1
    junctions = skeleton & (neighbours >= 3)
    segments, count = ndimage.label(skeleton & ~junctions, _EIGHT)
    return VesselSegments(segments.astype(np.int32), int(count), junctions)
