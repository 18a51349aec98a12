"""From an artery/vein map to the crossings in it, and from a crossing to its box and mask."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from av_detectron.config import BOX_SIDE
from av_detectron.data.annotations import ARTERY, OVERLAP, VEIN
from av_detectron.data.disc import OpticDisc

MASK_KINDS = ("box", "vessels-through")
RULES = ("three-arms", "two-each")
MAX_EXTENT = 40.0
"""Longest side of a crossing's overlap (DRIVE px). Two vessels of 12 px that cross at 20 degrees
overlap over 35 px; what is longer lies on the optic disc or where vessels run along each other."""
MIN_AREA = 0.5
"""Smallest overlap (DRIVE px²): smaller ones are specks where the labels of two vessels touch, and
hair-thin vessels that do not show at DRIVE's scale."""
DISC_REACH = 0.6
"""Overlaps this near to the optic disc's centre (disc diameters) lie on it or on its margin."""
DISC_EXTENT = 15.0
"""Longest side of an overlap there (DRIVE px): on the disc vessels run along each other."""

_EIGHT = np.ones((3, 3), int)


@dataclass(frozen=True)
class CrossingRule:
    """When an overlap of artery and vein counts as a crossing.

    Attributes:
        arms: "three-arms" asks for an artery and a vein and at least three separate arms around
            the overlap; "two-each" for at least two arms of each kind.
        max_extent: longest side of an overlap's bounding box (DRIVE px); infinity for no limit.
        ring: width of the ring around the overlap where arms are counted (DRIVE px).
        min_area: smallest overlap (DRIVE px²).
        disc_extent: `max_extent` of overlaps on the optic disc and its margin, where the disc is
            known.
    """

    arms: str = "three-arms"
    max_extent: float = MAX_EXTENT
    ring: float = 2.0
    min_area: float = MIN_AREA
    disc_extent: float = DISC_EXTENT

    def __post_init__(self) -> None:
        if self.arms not in RULES:
            raise ValueError(f"arms must be one of {RULES}, got {self.arms!r}")

    def accepts(self, arteries: int, veins: int) -> bool:
        """Whether so many arterial and venous arms make a crossing."""
        if self.arms == "two-each":
            return arteries >= 2 and veins >= 2
        return arteries >= 1 and veins >= 1 and arteries + veins >= 3


def find_crossings(
    av_map: NDArray[np.uint8],
    drive_px: float,
    rule: CrossingRule | None = None,
    disc: OpticDisc | None = None,
) -> NDArray[np.float64]:
    """Crossings of an artery/vein map (H, W): centroids of overlaps, (N, 2), x and y in px.

    Args:
        av_map: labels 0-4; overlaps are 3.
        drive_px: length of one DRIVE px in pixels of this map.
        rule: when an overlap counts.
        disc: the optic disc (px of the map), where it is known.
    """
    rule = rule or CrossingRule()
    width = max(1, round(rule.ring * drive_px))
    kernel = np.ones((2 * width + 1, 2 * width + 1), np.uint8)
    padded = np.pad(av_map, width)
    labels, _ = ndimage.label(padded == OVERLAP, _EIGHT)
    centers = []
    for number, (rows, columns) in enumerate(ndimage.find_objects(labels), start=1):
        extent = max(rows.stop - rows.start, columns.stop - columns.start)
        if extent > rule.max_extent * drive_px:
            continue
        window = (
            slice(rows.start - width, rows.stop + width),
            slice(columns.start - width, columns.stop + width),
        )
        overlap = labels[window] == number
        if overlap.sum() < rule.min_area * drive_px**2:
            continue
        ring = cv2.dilate(overlap.astype(np.uint8), kernel).astype(bool) & ~overlap
        patch = padded[window]
        arteries = ndimage.label(ring & (patch == ARTERY), _EIGHT)[1]
        veins = ndimage.label(ring & (patch == VEIN), _EIGHT)[1]
        if not rule.accepts(arteries, veins):
            continue
        ys, xs = np.nonzero(overlap)
        center = xs.mean() + columns.start - 2 * width, ys.mean() + rows.start - 2 * width
        on_disc = disc is not None and disc.distance(*center) < DISC_REACH
        if not on_disc or extent <= rule.disc_extent * drive_px:
            centers.append(center)
    return np.array(centers, float).reshape(-1, 2)


def crossing_box(
    center: NDArray[np.float64], drive_px: float, side: float = BOX_SIDE
) -> NDArray[np.float64]:
    """Square box around a crossing: x0, y0, x1, y1 in px, where pixel i covers [i, i + 1).

    Args:
        center: x and y in px (pixel centres at integers).
        drive_px: length of one DRIVE px in px.
        side: side of the box in DRIVE px.
    """
    half = side * drive_px / 2
    return np.concatenate([np.asarray(center) + 0.5 - half, np.asarray(center) + 0.5 + half])


def crossing_mask(
    vessels: NDArray[np.bool_], box: NDArray[np.float64], kind: str = "box"
) -> tuple[NDArray[np.bool_], int, int]:
    """Instance mask of a crossing: the vessel pixels whose centres lie in its box.

    Args:
        vessels: binary vessel map (H, W).
        box: x0, y0, x1, y1 in px.
        kind: "box" takes every vessel pixel in the box, as the study does; "vessels-through"
            only those connected to the crossing inside the box (to the overlap's surroundings,
            a quarter of the box's side around its centre).

    Returns:
        The mask's pixels inside the box, and the column and row of its top left pixel.
    """
    if kind not in MASK_KINDS:
        raise ValueError(f"mask must be one of {MASK_KINDS}, got {kind!r}")
    height, width = vessels.shape
    x0, y0, x1, y1 = np.ceil(box - 0.5).astype(int)  # first pixel centre at or behind each edge
    x0, x1 = np.clip((x0, x1), 0, width)
    y0, y1 = np.clip((y0, y1), 0, height)
    inside = vessels[y0:y1, x0:x1]
    if kind == "vessels-through" and inside.any():
        labels, _ = ndimage.label(inside, _EIGHT)
        ys, xs = np.nonzero(inside)
        middle = (box[:2] + box[2:]) / 2 - 0.5 - (x0, y0)
        distance = np.maximum(np.abs(xs - middle[0]), np.abs(ys - middle[1]))
        reach = max(float(distance.min()), (box[2] - box[0]) / 8)
        through = np.unique(labels[ys, xs][distance <= reach])
        inside = np.isin(labels, through) & inside
    return inside, int(x0), int(y0)
