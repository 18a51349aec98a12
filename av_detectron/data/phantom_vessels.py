"""The vessels of a phantom: arterial and venous trees that grow, branch and cross.

Vessels grow in the eye's own frame: DRIVE px, the optic disc's centre at the origin, x towards
the fovea. A vessel is an array of rows x, y, heading (radians), radius.
"""

from collections import deque
from dataclasses import dataclass
from math import atan2, cos, hypot, pi, sin

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from av_detectron.config import DRIVE_FOV_DIAMETER
from av_detectron.data.annotations import ARTERY, VEIN

_STEP = 3.0  # between points of a centreline; this and all lengths below in DRIVE px
DISC = 38.0  # radius of the optic disc
DISC_ZONE = 1.1 * DISC  # vessels overlap at will inside, and no crossing is counted there
_FOVEAL_ZONE = 38.0  # radius free of vessels
_MERGE = 6.0  # intersections closer than this are one crossing
_THINNEST = 0.8  # radius at which a vessel ends

Array = NDArray[np.floating]


@dataclass(frozen=True)
class View:
    """How the eye lies in the photograph: p_image = middle + turn @ (p_eye - center)."""

    center: Array  # of the FOV, in the eye frame, as is the fovea
    fovea: Array
    turn: Array  # (2, 2): tilt of the eye, left or right eye, scale
    scale: float  # px per DRIVE px
    shape: tuple[int, int]

    @property
    def middle(self) -> Array:
        return (np.array(self.shape[::-1]) - 1) / 2

    def to_image(self, points: Array) -> Array:
        return self.middle + (points - self.center) @ self.turn.T

    def eye_grid(self) -> tuple[Array, Array]:
        """x and y in the eye frame of every pixel, each (H, W)."""
        grid = np.indices(self.shape)[::-1].reshape(2, -1) - self.middle[:, None]
        x, y = np.linalg.inv(self.turn) @ grid + self.center[:, None]
        return x.reshape(self.shape).astype(np.float32), y.reshape(self.shape).astype(np.float32)


@dataclass(frozen=True)
class _Bud:
    """Where and how a vessel starts; `offset` is its lasting angle to the arcades (radians)."""

    kind: int
    point: Array
    heading: float
    radius: float
    offset: float


class Forest:
    """The vessels grown so far, arteries and veins."""

    def __init__(self) -> None:
        far = np.array([[1e6, 1e6, 0.0, 0.0]])  # so that there is always a nearest point
        self.vessels: dict[int, list[Array]] = {ARTERY: [], VEIN: []}
        self._rows = {kind: far for kind in self.vessels}
        self._nodes = {kind: far[:, :2] for kind in self.vessels}
        self._trees = {kind: cKDTree(far[:, :2]) for kind in self.vessels}

    def add(self, kind: int, vessel: Array, buds: list[_Bud]) -> None:
        """Add a vessel; the places of its buds and its tip are nodes that others must not cross."""
        self.vessels[kind].append(vessel)
        self._rows[kind] = np.vstack([self._rows[kind], vessel])
        self._nodes[kind] = np.vstack([self._nodes[kind], vessel[-1, :2], *(b.point for b in buds)])
        self._trees[kind] = cKDTree(self._rows[kind][:, :2])

    def nearest(self, kind: int, points: Array) -> tuple[Array, Array]:
        """Distances to the nearest centreline points of a kind, and the rows of those."""
        distance, index = self._trees[kind].query(points)
        return distance, self._rows[kind][index]

    def legal_count(self, kind: int, vessel: Array) -> int:
        """How many leading points of a vessel stay clear of everything but clean crossings.

        Vessels of a kind do not touch. An artery and a vein cross one at a time, at a good angle
        and away from bifurcations and tips, so that every overlap in the map is one crossing.
        """
        points, radius = vessel[:, :2], vessel[:, 3]
        outside = np.hypot(*points.T) > DISC_ZONE
        gap, near = self.nearest(kind, points)
        detached = np.arange(len(vessel)) * _STEP > 15
        touching = outside & detached & (gap < radius + near[:, 3] + 3)
        count = int(np.argmax(touching)) - 2 if touching.any() else len(vessel)

        gap, near = self.nearest(ARTERY + VEIN - kind, points)
        nodes = self._nodes[ARTERY + VEIN - kind]
        away = points - near[:, :2]
        left = np.cos(near[:, 2]) * away[:, 1] > np.sin(near[:, 2]) * away[:, 0]
        close = outside & (gap < radius + near[:, 3] + 1)
        previous = -99
        for start, stop in np.flatnonzero(np.diff(np.r_[0, close, 0])).reshape(-1, 2):
            long = (stop - start) * _STEP > 2.6 * (radius[start] + near[start, 3]) + 8
            grazing = stop == len(vessel) or left[start] == left[stop - 1]
            crowded = (start - previous) * _STEP < 9
            to_nodes = points[max(start - 1, 0) : stop + 1, None] - nodes
            if long or grazing or crowded or np.hypot(*to_nodes.T).min() < 10:
                return max(min(count, int(start) - 3), 0)
            previous = stop
        return max(count, 0)


def _avoid(here: Array, row: Array, near: Array, gap: Array, same: bool) -> float:
    """Turn (radians) away from a vessel nearby, or squarely across one of the other kind."""
    reach = row[3] + near[3] + 9
    across = abs(sin(row[2] - near[2]))
    if gap > reach or (across > 0.75 and not same):
        return 0.0
    x, y = here - near[:2]
    turn = 0.22 * (1.2 - gap / reach) * (1 if cos(row[2]) * y > sin(row[2]) * x else -1)
    approaching = x * cos(row[2]) + y * sin(row[2]) < 0
    return float(-turn if not same and across > 0.3 and approaching else turn)


def _arcade(here: Array) -> float:
    """Direction (radians) of the arcades at a position: temporal ones arch around the macula."""
    x, y = here
    return atan2(y, 1.4 * x) if x < -12 else atan2(y * (1 - (y / 215) ** 2), 2 * x + 38)


def _grow(
    rng: np.random.Generator, forest: Forest, view: View, bud: _Bud
) -> tuple[Array, list[tuple[int, _Bud]]]:
    """Grow a vessel until it is thin, long or out of view; also its buds and where they are."""
    here, heading, radius = bud.point, bud.heading, bud.radius
    points, wander = 100 * radius * rng.uniform(0.7, 1.3) / _STEP, 0.0
    rows: list[Array] = []
    buds: list[tuple[int, _Bud]] = []
    kinds = (bud.kind, ARTERY + VEIN - bud.kind)
    gaps = [forest.nearest(kind, here) for kind in kinds]
    wait, side = rng.uniform(15, 45), rng.choice([-1, 1])
    while radius > _THINNEST and len(rows) < points:
        row = np.array([*here, heading, radius])
        rows.append(row)
        past_edge = hypot(*(here - view.center)) > DRIVE_FOV_DIAMETER / 2 + 9
        if past_edge or hypot(*(here - view.fovea)) < _FOVEAL_ZONE:
            break
        gaps = [(gap - _STEP, near) for gap, near in gaps]  # lower bounds, exact where it matters
        for i, kind in enumerate(kinds):
            if gaps[i][0] < 25:
                gaps[i] = forest.nearest(kind, here)
        (gap_kin, kin), (gap, near) = gaps
        wait -= _STEP
        if wait < 0 and gap > radius + near[3] + 9 and hypot(*here) > 1.4 * DISC:
            share, angle = rng.uniform(0.45, 0.95), side * rng.uniform(0.5, 1.1)
            radius /= (1 + share**3) ** (1 / 3)  # Murray's law: cubes of the radii add up
            offset = bud.offset + side * rng.uniform(0.3, 1.0)
            child = _Bud(bud.kind, here, heading + angle, share * radius, offset)
            buds.append((len(rows), child))
            heading -= 0.15 * angle
            wait, side = rng.uniform(18, 50), side * rng.choice([-1, 1], p=[0.8, 0.2])
        if hypot(*here) > DISC:
            heading += 0.08 * sin(_arcade(here) + bud.offset - heading)
            heading += _avoid(here, row, kin, gap_kin, same=True)
            heading += _avoid(here, row, near, gap, same=False)
        wander = 0.88 * wander + rng.normal(0, 0.017)
        heading += wander
        radius *= 0.998
        here = here + (_STEP * cos(heading), _STEP * sin(heading))
    return np.array(rows).reshape(-1, 4), buds


def _trunks(rng: np.random.Generator) -> list[_Bud]:
    """The arteries and veins that leave the disc, thick ones first."""
    buds = []
    courses = [(70, 1.0, 1.0), (138, 0.75, 1.0), (100, 0.6, 0.6), (30, 0.48, 0.8)]
    for degrees, size, chance in courses + [(-angle, *rest) for angle, *rest in courses]:
        lean = rng.choice([-8, 8])  # whether the artery or the vein runs closer to the macula
        for kind, widest, shift in ((VEIN, 4.5, lean), (ARTERY, 3.8, -lean)):
            heading = (degrees + shift + rng.normal(0, 3.5)) * pi / 180
            point = 4 * np.array([cos(heading), sin(heading)]) + rng.normal(0, 1.5, 2)
            radius, offset = widest * size * rng.uniform(0.8, 1.0), rng.normal(0, 0.06)
            if rng.random() < chance:
                buds.append(_Bud(kind, point, heading, radius, offset))
    return sorted(buds, key=lambda bud: -bud.radius)


def grow_forest(rng: np.random.Generator, view: View) -> Forest:
    """Grow all vessels; each is the longest legal one of some attempts."""
    forest = Forest()
    queue = deque((bud, 12 if bud.radius > 2.5 else 5) for bud in _trunks(rng))
    while queue:
        bud, attempts = queue.popleft()
        best: Array = np.zeros((0, 4))
        buds: list[tuple[int, _Bud]] = []
        for _ in range(attempts):
            vessel, candidates = _grow(rng, forest, view, bud)
            count = forest.legal_count(bud.kind, vessel) if len(vessel) else 0
            if count > len(best):
                best, buds = vessel[:count], candidates
            if count == len(vessel) or count > 110:
                break
        if len(best) * _STEP < 20:
            continue
        if hypot(*(best[-1, :2] - view.center)) < DRIVE_FOV_DIAMETER / 2:
            tip = best[-25:, 3]  # a vessel that was cut short must not end abruptly
            tip += np.linspace(0, 1, len(tip)) ** 0.7 * (_THINNEST - tip)
        kept = [child for at, child in buds if at < len(best) - 4]
        forest.add(bud.kind, best, kept)
        queue.extend((child, 2) for child in kept if child.radius > _THINNEST)
    return forest


def find_intersections(forest: Forest, view: View) -> Array:
    """Intersections of arterial and venous centrelines off the disc, (N, 2), eye frame."""
    segments = []
    for kind in (ARTERY, VEIN):
        ends = [np.hstack([v[:-1, :2], np.diff(v[:, :2], axis=0)]) for v in forest.vessels[kind]]
        segments.append(np.vstack([np.zeros((0, 4)), *ends]))
    trees = [cKDTree(s[:, :2] + s[:, 2:] / 2) for s in segments]
    near = trees[0].query_ball_tree(trees[1], 1.1 * _STEP)
    pairs = np.array([(i, j) for i, js in enumerate(near) for j in js], int).reshape(-1, 2)
    artery, vein = segments[0][pairs[:, 0]], segments[1][pairs[:, 1]]
    (px, py), (qx, qy), (dx, dy) = artery[:, 2:].T, vein[:, 2:].T, (vein - artery)[:, :2].T
    area = px * qy - py * qx
    area[area == 0] = np.nan  # parallel: no intersection
    along, across = (dx * qy - dy * qx) / area, (dx * py - dy * px) / area
    points = artery[:, :2] + along[:, None] * artery[:, 2:]
    valid = (abs(along - 0.5) <= 0.5) & (abs(across - 0.5) <= 0.5)
    valid &= np.hypot(*points.T) > DISC_ZONE
    valid &= np.hypot(*(points - view.center).T) < DRIVE_FOV_DIAMETER / 2 - 2
    crossings: list[Array] = []
    for point in points[valid]:
        if all(hypot(*(point - other)) > _MERGE for other in crossings):
            crossings.append(point)
    return np.array(crossings).reshape(-1, 2)
