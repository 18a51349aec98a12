"""Centrelines of the vessels that cross: from the crossing outwards, on either side.

A vessel that is crossed goes on behind the crossing in about the direction that it came from;
where it also branches nearby, direction tells the branch from the vessel itself.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, sparse
from scipy.sparse.csgraph import dijkstra
from skimage.morphology import skeletonize

from av_grading.formats.errors import NotMeasurable
from av_grading.formats.labels import ARTERY, OVERLAP, VEIN

Points = NDArray[np.float64]

NEAR = 6.0
"""The centreline passes within this distance of the crossing (DRIVE px)."""
SHORTEST = 0.5
"""Share of the asked length that an arm must have where the vessel ends early."""
STRAIGHT = 110.0
"""Least angle between the two arms of one vessel (degrees; 180 is straight on)."""
COURSE = 9.0
"""Over what way an arm's direction is told (DRIVE px)."""
SMOOTH = 1.5
"""Standard deviation of the smoothing along a centreline (DRIVE px)."""
_AROUND = np.array([(x, y) for y in (-1, 0, 1) for x in (-1, 0, 1) if x or y])
"""x and y of the pixels around one, row by row."""


@dataclass(frozen=True)
class VesselLine:
    """The centreline of one vessel through a crossing, in two arms.

    Attributes:
        first, second: (N, 2) and (M, 2), x and y in px, about 1 px apart, from the crossing
            outwards.
    """

    first: Points
    second: Points

    @property
    def points(self) -> Points:
        """All points, (N + M, 2), from the end of the first arm to the end of the second."""
        return np.concatenate([self.first[::-1], self.second])


def vessel_mask(
    av_map: NDArray[np.uint8], kind: int, center: tuple[float, float], drive_px: float
) -> NDArray[np.bool_]:
    """Pixels of one kind near a crossing, the overlap at the crossing included.

    Args:
        av_map: labels (H, W), 0-3.
        kind: `ARTERY` or `VEIN`.
        center: x and y of the crossing (px).
        drive_px: length of one DRIVE px in px.
    """
    overlap = _reaching(av_map == OVERLAP, center, NEAR * drive_px)
    return np.asarray((av_map == kind) | overlap)


def trace(
    av_map: NDArray[np.uint8],
    kind: int,
    center: tuple[float, float],
    drive_px: float,
    reach: float = 20.0,
) -> VesselLine:
    """Follow the artery or the vein through a crossing.

    Args:
        av_map: labels (H, W), 0-3, of a window around the crossing.
        kind: `ARTERY` or `VEIN`.
        center: x and y of the crossing (px).
        drive_px: length of one DRIVE px in px.
        reach: length of each arm (DRIVE px).

    Raises:
        NotMeasurable: no such vessel at the crossing, or it does not go through; says why.
    """
    name = {ARTERY: "artery", VEIN: "vein"}[kind]
    mask = vessel_mask(av_map, kind, center, drive_px)
    # Only what comes near is followed, and thinning takes time.
    reaching = _reaching(mask, center, NEAR * drive_px)
    xs, ys = _skeleton(reaching if reaching.any() else mask)
    if len(xs) == 0:
        raise NotMeasurable(f"no {name} in the map")
    away = np.hypot(xs - center[0], ys - center[1])
    start = int(np.argmin(away))
    if away[start] > NEAR * drive_px:
        raise NotMeasurable(
            f"no {name} at the crossing: the nearest is {away[start] / drive_px:.1f} DRIVE px away"
        )
    graph = _pixel_graph(xs, ys)
    length, before = dijkstra(
        graph, indices=start, return_predecessors=True, limit=reach * drive_px
    )
    ends = _ends(xs, ys, graph, length, SHORTEST * reach * drive_px, reach * drive_px)
    paths = [_walk(before, start, end) for end in ends]
    if len(paths) < 2:
        raise NotMeasurable(
            f"the {name} ends: {len(paths)} of 2 arms are {SHORTEST * reach:g} DRIVE px long"
        )
    arms = [np.stack([xs[p], ys[p]], axis=1).astype(float) for p in paths]
    first, second = _straightest(paths, arms, name)
    return _smooth(arms[first], arms[second], SMOOTH * drive_px)


def course(arm: Points, drive_px: float) -> float:
    """Direction in which an arm leaves the crossing (degrees from x towards y, -180 to 180).

    Args:
        arm: its points, (N, 2), from the crossing outwards.
        drive_px: length of one DRIVE px in px.
    """
    way = arm[min(round(COURSE * drive_px), len(arm) - 1)] - arm[0]
    return float(np.degrees(np.arctan2(way[1], way[0])))


def _reaching(
    mask: NDArray[np.bool_], center: tuple[float, float], distance: float
) -> NDArray[np.bool_]:
    """The connected parts of a mask that come within a distance of a place (px)."""
    if not mask.any():
        return mask
    count, regions = cv2.connectedComponents(mask.view(np.uint8), connectivity=8)
    rows, columns = np.ogrid[: mask.shape[0], : mask.shape[1]]
    near = (columns - center[0]) ** 2 + (rows - center[1]) ** 2 <= distance**2
    here = np.zeros(count, bool)
    here[regions[near]] = True
    here[0] = False
    return np.asarray(here[regions])


def _skeleton(mask: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Columns and rows of a mask's skeleton, row by row."""
    rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    if len(rows) == 0:
        return rows, columns
    # Thinning takes time for the background too.
    box = mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    thin: NDArray[np.bool_] = skeletonize(box)  # type: ignore[no-untyped-call]
    ys, xs = np.nonzero(thin)
    return xs + columns[0], ys + rows[0]


def _pixel_graph(xs: NDArray[np.int64], ys: NDArray[np.int64]) -> sparse.csr_array:
    """Neighbouring pixels of a skeleton, weighted by their distance; a node for each, in order."""
    numbers = np.full((ys.max() + 3, xs.max() + 3), -1, np.int32)
    numbers[ys + 1, xs + 1] = np.arange(len(xs), dtype=np.int32)
    others = numbers[ys[:, None] + 1 + _AROUND[:, 1], xs[:, None] + 1 + _AROUND[:, 0]]
    linked = others >= 0
    starts = np.concatenate([[0], np.cumsum(linked.sum(axis=1))]).astype(np.int32)
    weights = np.broadcast_to(np.hypot(*_AROUND.T), others.shape)[linked]
    return sparse.csr_array((weights, others[linked], starts), shape=(len(xs), len(xs)))


def _ends(
    xs: NDArray[np.int64],
    ys: NDArray[np.int64],
    graph: sparse.csr_array,
    length: NDArray[np.float64],
    least: float,
    reach: float,
) -> list[int]:
    """Nodes where arms end: one for each place where the reach is met, and early ends."""
    reached = np.where(np.isfinite(length), length, -1.0)
    rim = np.flatnonzero(reached > reach - 2)
    regions = _regions(xs[rim], ys[rim])
    ends = []
    for region in np.unique(regions):
        nodes = rim[regions == region]
        farthest = int(nodes[reached[nodes].argmax()])
        if reached[farthest] >= least:
            ends.append(farthest)
    tips = (np.diff(graph.indptr) == 1) & (reached >= least) & (reached <= reach - 2)
    return ends + np.flatnonzero(tips).tolist()


def _regions(xs: NDArray[np.int64], ys: NDArray[np.int64]) -> NDArray[np.int64]:
    """Of some pixels, the first that each hangs together with; few of them."""
    beside = (abs(xs[:, None] - xs) <= 1) & (abs(ys[:, None] - ys) <= 1)
    regions = np.arange(len(xs))
    while True:
        joined = np.where(beside, regions, len(xs)).min(axis=1, initial=len(xs))
        if (joined == regions).all():
            return regions
        regions = joined


def _walk(before: NDArray[np.int32], start: int, end: int) -> list[int]:
    """Nodes from `start` to `end`."""
    path = [end]
    while path[-1] != start:
        path.append(int(before[path[-1]]))
    return path[::-1]


def _straightest(paths: list[list[int]], arms: list[Points], name: str) -> tuple[int, int]:
    """The two arms that part at the crossing and go on most nearly straight."""
    best, angle = (0, 1), -1.0
    for i in range(len(arms)):
        for j in range(i):
            shared = len(set(paths[i]) & set(paths[j]))
            if shared > 0.3 * min(len(paths[i]), len(paths[j])):
                continue  # two branches of one arm
            a, b = arms[i][-1] - arms[i][0], arms[j][-1] - arms[j][0]
            cosine = float(a @ b / (np.linalg.norm(a) * np.linalg.norm(b)))
            turned = float(np.degrees(np.arccos(np.clip(cosine, -1, 1))))
            if turned > angle:
                best, angle = (i, j), turned
    if angle < STRAIGHT:
        found = "none part at the crossing" if angle < 0 else f"the straightest meet at {angle:.0f}"
        raise NotMeasurable(
            f"the {name} does not go through: expected arms that meet at {STRAIGHT:g} degrees or "
            f"more, {found}"
        )
    return best


def _smooth(first: Points, second: Points, sigma: float) -> VesselLine:
    """Smooth the whole line, so that both arms meet without a kink."""
    shared = 0
    while shared < min(len(first), len(second)) and (first[shared] == second[shared]).all():
        shared += 1
    first, second = first[max(0, shared - 1) :], second[max(0, shared - 1) :]
    line = np.concatenate([first[::-1], second[1:]])
    smoothed = ndimage.gaussian_filter1d(line, sigma, axis=0, mode="nearest")
    middle = len(first) - 1
    return VesselLine(first=smoothed[middle::-1], second=smoothed[middle:])
