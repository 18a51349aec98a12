"""One kind along a vessel: labels of an artery/vein map agree between junctions.

A network that answers pixel by pixel swaps artery and vein along a stretch of a vessel now and
then. Blood does not: between two junctions a vessel is of one kind, so that each segment takes
the kind on which its centreline agrees.
"""

import numpy as np
from numpy.typing import NDArray

from av_detectron.maps.segments import VesselSegments, find_segments


def agree_along_segments(
    probabilities: NDArray[np.float32],
    smallest: float = 0.0,
    segments: VesselSegments | None = None,
) -> NDArray[np.float32]:
    """Give every vessel segment the mean artery share of its centreline.

    What is vessel does not change, only how it is shared between artery and vein; at pixels that
    belong to no segment nothing changes.

    Args:
        probabilities: background, artery and vein, (3, H, W), 0-1.
        smallest: connected vessels of fewer px are left as they are.
        segments: of the map's vessels, where they are known already; found by default.

    Returns:
        The same, consistent.
    """
    background, artery, vein = probabilities
    vessels = background < 0.5
    segments = segments or find_segments(vessels, smallest)
    vessel = artery + vein
    share = artery / np.maximum(vessel, 1e-6)
    mean = segments.means(share)
    nearest = segments.nearest(vessels)
    agreed = np.where(nearest > 0, mean[nearest], share)
    return np.stack([background, vessel * agreed, vessel * (1 - agreed)]).astype(np.float32)
