"""Topology of artery/vein maps: can one go along a vessel of the map as one can along the label's?

Infeasible and correct path ratios, INF and COR, as RRWNet reports them (Morano 2024,
https://doi.org/10.1016/j.eswa.2024.124970), after Araújo 2019 (A deep learning design for improving
topology coherence in blood vessel segmentation), for arteries and veins each:

1. A point is drawn on the centreline of the labelled vessels, evenly; a second one on that part of
   the centreline that is connected with it (8-connectivity).
2. The path between them is infeasible where either lies off the map's vessels, or they lie on
   different connected parts of these.
3. Else the shortest path along the map's centreline, between the points of it that are nearest to
   the two, is measured. It is correct if the labelled path's length is within 10 % of its own (or
   both ends fall on one point), else it is too long or too short.

An overlap belongs to both kinds. A map with one kind for each pixel cannot say so: its vessels on
and beside labelled overlaps count as both, as these are left out of artery against vein elsewhere.
RRWNet predicts arteries and veins apart and has to join them under each other itself, so that
figures of arteries and veins compare with its own roughly; those of vessels of either kind do.
Maps finer than DRIVE's are brought to its scale, at which published figures were made.
"""

from collections.abc import Mapping
from dataclasses import astuple, dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import cKDTree
from skimage.graph import pixel_graph
from skimage.measure import label
from skimage.morphology import skeletonize

from av_detectron.config import DRIVE_FOV_DIAMETER
from av_detectron.data import annotations as read
from av_detectron.data.fov import FieldOfView
from av_detectron.data.photograph import resize_labels

PATHS = 100
"""Pairs of points a photograph and kind, as in RRWNet."""
LENGTHS = (0.9, 1.1)
"""Labelled length over that in the map, from and to, of a correct path."""
OVERLAP_REACH = 2
"""How far from a labelled overlap the map's vessels count as both kinds (DRIVE px)."""
KINDS = ("artery", "vein", "vessel")

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class PathCounts:
    """Paths of one photograph or of many (add them up)."""

    infeasible: int = 0
    correct: int = 0
    other_length: int = 0

    def __add__(self, other: "PathCounts") -> "PathCounts":
        return PathCounts(*(a + b for a, b in zip(astuple(self), astuple(other), strict=True)))

    @property
    def ratios(self) -> tuple[float, float]:
        """Shares that are infeasible and correct; NaN without paths."""
        total = sum(astuple(self))
        if total == 0:
            return float("nan"), float("nan")
        return self.infeasible / total, self.correct / total


@dataclass(frozen=True)
class Topology:
    """Paths by kind: along arteries, along veins, and along vessels of either kind."""

    kinds: Mapping[str, PathCounts] = field(default_factory=dict)

    def __add__(self, other: "Topology") -> "Topology":
        none = PathCounts()
        return Topology({k: self.kinds.get(k, none) + other.kinds.get(k, none) for k in KINDS})

    def metrics(self) -> dict[str, float]:
        """topology_infeasible and topology_correct of arteries and veins together, and
        `…_artery`, `…_vein`, `…_vessel`; NaN where there was no path to draw."""
        values = {}
        apart = {k: self.kinds.get(k, PathCounts()) for k in KINDS}
        for suffix, counts in {"": apart["artery"] + apart["vein"], **apart}.items():
            end = f"_{suffix}" if suffix else ""
            infeasible, correct = counts.ratios
            values[f"topology_infeasible{end}"] = infeasible
            values[f"topology_correct{end}"] = correct
        return values


def count_topology(
    probabilities: NDArray[np.float32],
    labels: NDArray[np.uint8],
    fov: FieldOfView,
    paths: int = PATHS,
    seed: int = 0,
) -> Topology:
    """Count paths of a map against labels of the same photograph.

    Args:
        probabilities: background, artery and vein, (3, H, W).
        labels: (H, W), 0-4.
        fov: of the photograph.
        paths: pairs of points for each kind.
        seed: of the points, the same in every photograph.
    """
    factor = min(1.0, DRIVE_FOV_DIAMETER / fov.diameter)
    if factor < 1:
        height, width = (round(factor * n) for n in labels.shape)
        labels = resize_labels(labels, width, height)
        smaller = [
            cv2.resize(p, (width, height), interpolation=cv2.INTER_AREA) for p in probabilities
        ]
        probabilities = np.stack(smaller)
    overlap = labelled_overlap(labels)
    labelled = _trees(labels > read.BACKGROUND, labels == read.ARTERY, labels == read.VEIN, overlap)
    artery = probabilities[1] > probabilities[2]
    size = 2 * OVERLAP_REACH + 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    beside = cv2.dilate(overlap.astype(np.uint8), disc) > 0
    found = _trees(probabilities[0] < 0.5, artery, ~artery, beside)
    rng = np.random.default_rng(seed)
    return Topology({k: count_paths(labelled[k], found[k], paths, rng) for k in KINDS})


def labelled_overlap(labels: NDArray[np.uint8]) -> Mask:
    """Where labels (H, W), 0-4, have an artery over or under a vein: label 3 where it touches both
    kinds, since index maps have it for uncertain vessels as well."""
    parts = label(labels == read.OVERLAP, connectivity=2)
    overlap = parts > 0
    for kind in (read.ARTERY, read.VEIN):
        beside = cv2.dilate((labels == kind).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
        overlap &= np.isin(parts, np.unique(parts[beside]))
    return overlap


def _trees(vessel: Mask, artery: Mask, vein: Mask, both: Mask) -> dict[str, Mask]:
    """Vessels of each of `KINDS`, (H, W): `both` counts as either kind."""
    kinds = {"artery": artery | both, "vein": vein | both}
    return {**{kind: vessel & mask for kind, mask in kinds.items()}, "vessel": vessel}


def count_paths(labelled: Mask, found: Mask, paths: int, rng: np.random.Generator) -> PathCounts:
    """Draw pairs of points on labelled vessels (H, W) and look for their paths in found ones."""
    line = skeletonize(labelled)
    starts, ends = _draw_pairs(line, paths, rng)
    if len(starts) == 0:
        return PathCounts()
    parts = label(found, connectivity=2)
    of_start, of_end = parts[tuple(starts.T)], parts[tuple(ends.T)]
    feasible = (of_start > 0) & (of_start == of_end)
    starts, ends, part = starts[feasible], ends[feasible], of_start[feasible]
    infeasible = paths - len(starts)
    if len(starts) == 0:
        return PathCounts(infeasible)
    found_line = skeletonize(found)
    near_starts = _nearest(found_line, parts, starts, part)
    near_ends = _nearest(found_line, parts, ends, part)
    in_label = _path_lengths(line, starts, ends)
    in_map = _path_lengths(found_line, near_starts, near_ends)
    low, high = LENGTHS
    ratio = in_label / np.maximum(in_map, 1e-9)
    correct = int(((in_map == 0) | ((ratio >= low) & (ratio <= high))).sum())
    return PathCounts(infeasible, correct, len(starts) - correct)


def _draw_pairs(
    line: Mask, count: int, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows and columns (count, 2) of the two ends of each path; none without a centreline."""
    points = np.argwhere(line)
    if len(points) == 0:
        return points, points
    parts = label(line, connectivity=2)[line]
    first = rng.integers(len(points), size=count)
    second = [rng.choice(np.flatnonzero(parts == parts[i])) for i in first]
    return points[first], points[second]


def _nearest(
    line: Mask, parts: NDArray[np.int64], points: NDArray[np.int64], of_part: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Point of the centreline nearest to each point (N, 2), on the same connected part."""
    on_line = np.argwhere(line)
    line_parts = parts[line]
    result = np.empty_like(points)
    for part in np.unique(of_part):
        candidates = on_line[line_parts == part]
        chosen = of_part == part
        _, nearest = cKDTree(candidates).query(points[chosen])
        result[chosen] = candidates[nearest]
    return result


def _path_lengths(
    line: Mask, starts: NDArray[np.int64], ends: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Length of the shortest path along a centreline between each two of its points (px)."""
    graph, nodes = pixel_graph(line, connectivity=2)

    def node(points: NDArray[np.int64]) -> NDArray[np.int64]:
        flat = np.ravel_multi_index(tuple(points.T), line.shape)
        return np.asarray(np.searchsorted(nodes, flat))

    sources, which = np.unique(node(starts), return_inverse=True)
    distances = dijkstra(graph, directed=False, indices=sources)
    return np.asarray(distances[which, node(ends)])
