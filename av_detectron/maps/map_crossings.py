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

_EIGHT = np.ones((3, 3), np.uint8)


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
    skeleton = (tree.segments > 0) | tree.junctions
    share = np.zeros(skeleton.shape, np.float32)  # of artery, on centrelines
    artery, vein = probabilities[1][skeleton], probabilities[2][skeleton]
    share[skeleton] = artery / np.maximum(artery + vein, 1e-6)
    numbers = tree.segments[skeleton]
    share[skeleton] = np.where(numbers > 0, tree.means(share)[numbers], share[skeleton])
    places = _label(_grow(tree.junctions, MERGED * drive_px))
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
    labels = _label(near)
    # An arm starts at the place; other vessels may pass within reach.
    touching = cv2.dilate(place.astype(np.uint8), _EIGHT) > 0
    starting = np.unique(labels[touching & near])
    if len(starting) < 3:
        return 0.0
    ys, xs = np.nonzero(near)
    arms = labels[ys, xs]
    length = np.bincount(arms)[starting]

    def mean(values: NDArray[np.generic]) -> NDArray[np.float64]:
        return np.asarray(np.bincount(arms, weights=values)[starting] / length)

    kinds = mean(share[ys, xs])
    arteries, veins = kinds[kinds > 0.5], kinds[kinds <= 0.5]
    if len(arteries) == 0 or len(veins) == 0:
        return 0.0
    sure = float(min(arteries.max(), 1 - veins.min()))
    middle = [at.mean() for at in np.nonzero(place)]
    angles = np.arctan2(mean(ys) - middle[0], mean(xs) - middle[1])
    around = (kinds > 0.5)[np.argsort(angles)]
    changes = int((around != np.roll(around, 1)).sum())
    return sure if changes >= 4 else TOUCHING * sure


def _grow(mask: NDArray[np.bool_], reach: float) -> NDArray[np.bool_]:
    """Dilate by a disc."""
    size = 2 * max(1, round(reach)) + 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    return np.asarray(cv2.dilate(mask.astype(np.uint8), disc), bool)


def _label(mask: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Connected parts, diagonals included, from 1; twice as fast as scipy's."""
    return np.asarray(cv2.connectedComponents(mask.astype(np.uint8))[1])


def _widen(part: slice, margin: int, length: int) -> slice:
    return slice(max(0, part.start - margin), min(length, part.stop + margin))
