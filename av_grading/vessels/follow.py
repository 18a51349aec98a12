"""Follow a vessel through a crossing, through stretches where the map does not show it.

A nicked vein vanishes beside the artery: its wall is opaque, the vein pale and thin. A map then has
two ends that point to each other. The vessel is the cheapest way between what leaves the crossing
on either side: cheap on the vessel, nearly as cheap beneath the other one at the crossing, dear
elsewhere, and refused where more of it would be hidden than a person would join by eye.
"""

import math
from dataclasses import dataclass
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.graph import MCP_Geometric

from av_grading.formats.errors import NotMeasurable
from av_grading.formats.labels import ARTERY, OVERLAP, VEIN
from av_grading.vessels.centerline import Points, VesselLine
from av_grading.vessels.profiles import sampled

STEP = 0.5
"""Side of the cells in which ways are sought (DRIVE px)."""
REACHES = (14.0, 11.0, 8.5)
"""How far from the crossing arms are sought (DRIVE px), the farthest first."""
WINDOW = REACHES[0] + 3.0
"""Ways stay within a square that reaches so far from the crossing (DRIVE px)."""
NEAR = 5.0
"""The vessel passes within this distance of the crossing (DRIVE px)."""
HIDDEN = 7.0
"""So far from the crossing a vessel may be hidden beside or beneath the other (DRIVE px)."""
MOST_GAP = 7.0
"""Most of the way that may be seen as neither vessel (DRIVE px): some two widths of a vein."""
LEAST_TURN = 95.0
"""Least angle between the arms' ends as seen from the crossing (degrees; 180 is straight on):
Salus' bends are allowed."""
_GAP_COST, _BENEATH_COST, _DEAR = 5.0, 1.6, 25.0
_SMOOTH = 1.5  # DRIVE px
_TURNING = 3.0  # DRIVE px of an arm's end that say where it goes on
Cells = TypeVar("Cells", NDArray[np.float32], NDArray[np.float64])
_CROSS = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))


@dataclass(frozen=True)
class Followed:
    """A vessel that was followed.

    Attributes:
        line: its centreline, in two arms (px of the map).
        gap: how much of the way is seen as neither vessel (DRIVE px).
        hidden: how much of it is not seen as this vessel, that beneath the other one included
            (DRIVE px).
    """

    line: VesselLine
    gap: float
    hidden: float


def follow(
    shares: NDArray[np.float32], kind: int, center: tuple[float, float], drive_px: float
) -> Followed:
    """Follow the artery or the vein through a crossing.

    Args:
        shares: probabilities of background, artery, vein, overlap, (4, P, P).
        kind: `ARTERY` or `VEIN`.
        center: x and y of the crossing (px).
        drive_px: length of one DRIVE px in px.

    Raises:
        NotMeasurable: no such vessel near the crossing, or it cannot be followed on both sides;
            says why.
    """
    name = {ARTERY: "artery", VEIN: "vein"}[kind]
    cell = STEP * drive_px
    side = round(shares.shape[-1] / cell)
    at = (np.array(center) + 0.5) / cell - 0.5
    origin = np.clip(np.floor(at - WINDOW / STEP), 0, side).astype(int)
    end = np.clip(np.ceil(at + WINDOW / STEP) + 1, 0, side).astype(int)
    part = slice(origin[1], end[1]), slice(origin[0], end[0])
    own = _shrunk(shares[kind] + shares[OVERLAP], side)[part]
    other = _shrunk(shares[ARTERY if kind == VEIN else VEIN], side)[part]
    columns, rows = (np.arange(origin[k], end[k]) - at[k] for k in (0, 1))
    away = np.hypot(columns, rows[:, None]) * STEP
    cost = _costs(own, other, away)
    seen = own > 0.5
    if not seen.any():
        raise NotMeasurable(f"no {name} in the map")
    if not (seen & (away < HIDDEN)).any():
        raise NotMeasurable(f"no {name} at the crossing")
    start = _start(cost, away)
    search = MCP_Geometric(cost)
    rings = seen & (np.abs(away[None] - np.array(REACHES)[:, None, None]) <= STEP).any(axis=0)
    # Ways are sought until the last cell of a ring is reached: nothing else is asked for.
    total, _ = search.find_costs([start], np.argwhere(rings).tolist() or None)
    why = f"the {name} ends: fewer than 2 arms are {REACHES[-1]:g} DRIVE px long"
    for reach in REACHES:
        arms = _arms(search, total, seen, away, reach)
        if len(arms) < 2:
            continue
        pair = _best_pair(arms)
        if pair is None:
            why = f"the {name} does not go through: its arms do not face each other"
            continue
        line = _joined(*pair, own)
        gap, hidden = _hidden(line, own, other)
        if gap > MOST_GAP:
            why = f"the {name} ends: {gap:.1f} DRIVE px of it cannot be seen"
            continue
        scale = [(arm + origin + 0.5) * cell - 0.5 for arm in line]
        return Followed(VesselLine(scale[0], scale[1]), gap, hidden)
    raise NotMeasurable(why)


def _shrunk(share: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    small = cv2.resize(np.ascontiguousarray(share), (side, side), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.float32)


def _costs(
    own: NDArray[np.float32], other: NDArray[np.float32], away: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Of every cell (S, S): 1 in a vessel's middle."""
    inside = np.clip(_blurred(own), 0, 1)
    plain = 1 / np.clip(inside, 0.02, 1)
    near = np.clip((HIDDEN + 2 - away) / 2, 0, 1)
    elsewhere = _DEAR + (_GAP_COST - _DEAR) * near
    beneath = elsewhere + (_BENEATH_COST - elsewhere) * np.clip(other, 0, 1) * near
    return np.asarray(np.minimum(plain, beneath), np.float64)


def _blurred(values: Cells) -> Cells:
    """By one cell."""
    found = cv2.GaussianBlur(values, (9, 9), 1.0, borderType=cv2.BORDER_REFLECT)
    return np.asarray(found, values.dtype)


def _start(cost: NDArray[np.float64], away: NDArray[np.float64]) -> tuple[int, int]:
    """The cheapest cell near the crossing, those nearer to it preferred."""
    smooth = _blurred(cost) + 0.35 * away
    smooth = np.where(away <= NEAR, smooth, np.inf)
    row, column = np.unravel_index(int(smooth.argmin()), smooth.shape)
    return int(row), int(column)


def _arms(
    search: MCP_Geometric,
    total: NDArray[np.float64],
    seen: NDArray[np.bool_],
    away: NDArray[np.float64],
    reach: float,
) -> list[tuple[float, Points]]:
    """Cost and cells, x and y from the crossing outwards, of the ways to where the vessel meets a
    ring."""
    ring = seen & (np.abs(away - reach) <= STEP)
    count, regions = cv2.connectedComponents(
        cv2.dilate(ring.view(np.uint8), _CROSS), connectivity=8
    )
    found = []
    for region in range(1, count):
        cells = np.argwhere((regions == region) & ring)
        if len(cells) == 0:
            continue
        end = cells[int(total[tuple(cells.T)].argmin())]
        middle = cells[int(np.hypot(*(cells - cells.mean(axis=0)).T).argmin())]
        end = middle if total[tuple(middle)] < total[tuple(end)] + 3 else end
        if not math.isfinite(total[tuple(end)]):
            continue
        path = np.array(search.traceback(tuple(end)), float)[:, ::-1]
        found.append((float(total[tuple(end)]), path))
    return found


def _best_pair(arms: list[tuple[float, Points]]) -> tuple[Points, Points] | None:
    """The two arms that part at the crossing, are cheap and go on most nearly straight."""
    best, least = None, math.inf
    for i, (cost, a) in enumerate(arms):
        for other_cost, b in arms[:i]:
            shared = _shared(a, b)
            if shared > 0.35 * min(len(a), len(b)):
                continue  # two branches of one arm
            first, second = a[-1] - a[max(0, shared - 1)], b[-1] - b[max(0, shared - 1)]
            norm = max(float(np.linalg.norm(first) * np.linalg.norm(second)), 1e-9)
            turned = math.degrees(math.acos(np.clip(float(first @ second) / norm, -1, 1)))
            if turned < LEAST_TURN:
                continue
            value = cost + other_cost + 0.4 * (180 - turned) + 1.5 * shared
            if value < least:
                best, least = (b, a), value
    return best


def _shared(a: Points, b: Points) -> int:
    """How many cells both ways begin with."""
    count = min(len(a), len(b))
    same = (a[:count] == b[:count]).all(axis=1)
    return count if same.all() else int(same.argmin())


def _joined(first: Points, second: Points, own: NDArray[np.float32]) -> tuple[Points, Points]:
    """Both arms as one smooth line, moved onto the vessel's middle where it is seen."""
    shared = _shared(first, second)
    first, second = first[max(0, shared - 1) :], second[max(0, shared - 1) :]
    line = np.concatenate([first[::-1], second[1:]])
    middle = len(first) - 1
    for _ in range(2):
        line = ndimage.gaussian_filter1d(line, _SMOOTH / STEP, axis=0, mode="nearest")
        line = _centred(line, own)
    line = ndimage.gaussian_filter1d(line, 0.7 * _SMOOTH / STEP, axis=0, mode="nearest")
    return line[middle::-1], line[middle:]


def _centred(line: Points, own: NDArray[np.float32]) -> Points:
    """Points moved across the line to the middle of what is seen of the vessel there."""
    way = np.gradient(line, axis=0)
    way /= np.maximum(np.linalg.norm(way, axis=1, keepdims=True), 1e-9)
    normal = np.stack([-way[:, 1], way[:, 0]], axis=1)
    offsets = np.arange(-6, 7) * 0.5  # cells
    x = line[:, :1] + offsets * normal[:, :1]
    y = line[:, 1:] + offsets * normal[:, 1:]
    weight = sampled(own, x, y)
    weight = weight * np.exp(-(offsets**2) / 8)
    total = weight.sum(axis=1)
    move = (weight @ offsets) / np.maximum(total, 1e-6) * np.clip(total / 3, 0, 1)
    return np.asarray(line + move[:, None] * normal)


def _hidden(
    line: tuple[Points, Points], own: NDArray[np.float32], other: NDArray[np.float32]
) -> tuple[float, float]:
    """How much of a line is seen as neither vessel, and how much not as its own (DRIVE px)."""
    points = np.concatenate([line[0][:0:-1], line[1]])
    x, y = points[:, :1], points[:, 1:]
    here, there = (sampled(share, x, y)[:, 0] for share in (own, other))
    way = np.linalg.norm(np.gradient(points, axis=0), axis=1) * STEP
    unseen = np.clip(1 - here / 0.5, 0, 1) * way
    return float((unseen * (here + there < 0.5)).sum()), float((way * (here < 0.5)).sum())


def extended(
    line: VesselLine, share: NDArray[np.float32], drive_px: float, reach: float
) -> VesselLine:
    """A vessel's line, its arms followed farther as long as the map shows the vessel plainly.

    Args:
        line: its centreline (px).
        share: probability of the vessel, (P, P).
        drive_px: length of one DRIVE px in px.
        reach: way from the crossing at which arms end (DRIVE px).
    """
    return VesselLine(
        _farther(line.first, share, drive_px, reach), _farther(line.second, share, drive_px, reach)
    )


def _farther(arm: Points, share: NDArray[np.float32], drive_px: float, reach: float) -> Points:
    """An arm with the places that follow on it, each `STEP` farther and moved to the middle of what
    is seen of the vessel across."""
    step = STEP * drive_px
    back = max(2, min(len(arm) - 1, round(_TURNING * len(arm) / max(_length(arm) / drive_px, 1))))
    way = arm[-1] - arm[-1 - back] if len(arm) > back else arm[-1] - arm[0]
    length = math.hypot(*way)
    if length < 1e-6:
        return arm
    x, y = (float(v) for v in arm[-1])
    dx, dy = float(way[0]) / length, float(way[1]) / length
    offsets = np.arange(-3, 4) * STEP * drive_px
    size = share.shape[0]
    places = []
    for _ in range(max(0, round((reach - _length(arm) / drive_px) / STEP))):
        x, y = x + step * dx, y + step * dy
        columns = np.rint(x - offsets * dy).astype(np.intp)
        rows = np.rint(y + offsets * dx).astype(np.intp)
        if min(columns.min(), rows.min()) < 0 or max(columns.max(), rows.max()) >= size:
            break
        weight = share[rows, columns]
        if weight[2:5].max() < 0.5:
            break
        middle = 0.5 * float(weight @ offsets) / float(weight.sum())
        x, y = x - middle * dy, y + middle * dx
        places.append((x, y))
        # Turned as the vessel turns.
        before = places[-5] if len(places) >= 5 else arm[-1]
        ahead = math.hypot(x - before[0], y - before[1])
        if len(places) >= 3 and ahead > 0:
            dx, dy = (x - before[0]) / ahead, (y - before[1]) / ahead
    return np.concatenate([arm, np.array(places)]) if places else arm


def _length(arm: Points) -> float:
    return float(np.linalg.norm(np.diff(arm, axis=0), axis=1).sum())
