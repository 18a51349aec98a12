"""Crossings from an artery/vein map alone: junctions of the skeleton where both kinds meet.

The classical road, and what the detector is measured against: thin the vessels, look at every
place where branches meet, and call it a crossing when artery and vein come together there with
at least three arms in all.
"""

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from av_detectron.maps.segments import find_segments

MERGED = 4.0
"""Junctions closer than twice this are one place (DRIVE px): a crossing at a sharp angle has two
junctions of the skeleton, one at either end of the overlap."""
ARM = 6.0
"""Length of an arm on which its kind is read (DRIVE px)."""
TOUCHING = 0.3
"""What is left of the score where artery and vein do not alternate around the place: on the labels
of DRIVE's training photographs nine tenths of the places where they do are crossings, one seventh
of the others."""
SMALLEST = 30.0
"""Connected vessels of fewer px (at DRIVE's scale) are taken for noise."""

_EIGHT = np.ones((3, 3), int)


def find_map_crossings(
    probabilities: NDArray[np.float32], drive_px: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Crossings of an artery/vein map.

    Args:
        probabilities: background, artery and vein, (3, H, W), 0-1.
        drive_px: length of one DRIVE px in px of the map.

    Returns:
        Centres (N, 2), x and y in px (pixel centres at integers), and scores (N,), 0-1: how
        sure the less certain of the two kinds is, on its surest arm.
    """
    tree = find_segments(probabilities[0] < 0.5, SMALLEST * drive_px**2)
    share = probabilities[1] / np.maximum(probabilities[1] + probabilities[2], 1e-6)
    share = np.where(tree.segments > 0, tree.means(share)[tree.segments], share)
    skeleton = (tree.segments > 0) | tree.junctions
    places, _ = ndimage.label(_grow(tree.junctions, MERGED * drive_px), _EIGHT)
    margin = int(np.ceil(ARM * drive_px)) + 1
    centers, scores = [], []
    for number, (rows, columns) in enumerate(ndimage.find_objects(places), start=1):
        window = (
            _widen(rows, margin, skeleton.shape[0]),
            _widen(columns, margin, skeleton.shape[1]),
        )
        place = places[window] == number
        score = _score(skeleton[window], share[window], place, ARM * drive_px)
        if score > 0:
            ys, xs = np.nonzero(place & tree.junctions[window])
            centers.append((xs.mean() + window[1].start, ys.mean() + window[0].start))
            scores.append(score)
    return np.array(centers, float).reshape(-1, 2), np.array(scores, float)


def _score(
    skeleton: NDArray[np.bool_], share: NDArray[np.float32], place: NDArray[np.bool_], reach: float
) -> float:
    """0 where the arms of a place make no crossing, else how sure the less certain kind is.

    Vessels that cross alternate around the place (artery, vein, artery, vein); where they do
    not, they rather touch or branch side by side, and the score is `TOUCHING` times as high.
    """
    near = _grow(place, reach) & skeleton & ~place
    arterial = share[near] > 0.5
    if arterial.all() or not arterial.any():  # a branching of one vessel, as most junctions are
        return 0.0
    labels, _ = ndimage.label(near, _EIGHT)
    # An arm starts at the place; other vessels may pass within reach.
    starting = np.unique(labels[ndimage.binary_dilation(place, _EIGHT) & near])
    if len(starting) < 3:
        return 0.0
    kinds = ndimage.mean(share, labels, starting)
    arteries, veins = kinds[kinds > 0.5], kinds[kinds <= 0.5]
    if len(arteries) == 0 or len(veins) == 0:
        return 0.0
    sure = float(min(arteries.max(), 1 - veins.min()))
    middle = np.array(ndimage.center_of_mass(place))
    ys, xs = (np.array(ndimage.center_of_mass(near, labels, starting)) - middle).T
    around = (kinds > 0.5)[np.argsort(np.arctan2(ys, xs))]
    changes = int((around != np.roll(around, 1)).sum())
    return sure if changes >= 4 else TOUCHING * sure


def _grow(mask: NDArray[np.bool_], reach: float) -> NDArray[np.bool_]:
    """Dilate by a disc."""
    size = 2 * max(1, round(reach)) + 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    return np.asarray(cv2.dilate(mask.astype(np.uint8), disc), bool)


def _widen(part: slice, margin: int, length: int) -> slice:
    return slice(max(0, part.start - margin), min(length, part.stop + margin))
