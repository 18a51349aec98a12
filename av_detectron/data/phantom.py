"""Synthetic fundus photographs whose vessels and crossings are known exactly.

Vessels grow in the eye's own frame: DRIVE px, the optic disc's centre at the origin, x towards
the fovea. Only rendering knows the photograph's pixels, so a seed shows the same eye at any size.
A vessel is an array of rows x, y, heading (radians), radius.
"""

import io
import zlib
from collections import deque
from dataclasses import dataclass
from math import atan2, cos, hypot, pi, sin
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.spatial import cKDTree

from av_detectron.config import DRIVE_FOV_DIAMETER
from av_detectron.data.annotations import ARTERY, VEIN

_STEP = 3.0  # between points of a centreline; this and all lengths below in DRIVE px
_DISC = 38.0  # radius of the optic disc
_DISC_ZONE = 1.1 * _DISC  # vessels overlap at will inside, and no crossing is counted there
_FOVEAL_ZONE = 38.0  # radius free of vessels
_MERGE = 6.0  # intersections closer than this are one crossing
_THINNEST = 0.8  # radius at which a vessel ends
_PALETTE = [0, 0, 0, 255, 0, 0, 0, 0, 255, 0, 255, 0]  # RITE's colours of the labels 0-3

Array = NDArray[np.floating]


@dataclass(frozen=True)
class Phantom:
    """A synthetic fundus photograph and its labels.

    Attributes:
        image: RGB, (H, W, 3), 0-255, black outside the FOV.
        av_map: (H, W); 0 background, 1 artery, 2 vein, 3 artery over vein.
        fov: field of view, (H, W).
        crossings: (N, 2), x and y in px; pixel centres are at integers.
    """

    image: NDArray[np.uint8]
    av_map: NDArray[np.uint8]
    fov: NDArray[np.bool_]
    crossings: Array


@dataclass(frozen=True)
class _View:
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


class _Forest:
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
        outside = np.hypot(*points.T) > _DISC_ZONE
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
    rng: np.random.Generator, forest: _Forest, view: _View, bud: _Bud
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
        if wait < 0 and gap > radius + near[3] + 9 and hypot(*here) > 1.4 * _DISC:
            share, angle = rng.uniform(0.45, 0.95), side * rng.uniform(0.5, 1.1)
            radius /= (1 + share**3) ** (1 / 3)  # Murray's law: cubes of the radii add up
            offset = bud.offset + side * rng.uniform(0.3, 1.0)
            child = _Bud(bud.kind, here, heading + angle, share * radius, offset)
            buds.append((len(rows), child))
            heading -= 0.15 * angle
            wait, side = rng.uniform(18, 50), side * rng.choice([-1, 1], p=[0.8, 0.2])
        if hypot(*here) > _DISC:
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


def _grow_forest(rng: np.random.Generator, view: _View) -> _Forest:
    """Grow all vessels; each is the longest legal one of some attempts."""
    forest = _Forest()
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


def _find_crossings(forest: _Forest, view: _View) -> Array:
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
    valid &= np.hypot(*points.T) > _DISC_ZONE
    valid &= np.hypot(*(points - view.center).T) < DRIVE_FOV_DIAMETER / 2 - 2
    found: list[Array] = []
    for point in points[valid]:
        if all(hypot(*(point - other)) > _MERGE for other in found):
            found.append(point)
    return np.array(found).reshape(-1, 2)


def _draw(
    vessels: list[Array], view: _View, reflex: float
) -> tuple[Array, Array, NDArray[np.bool_]]:
    """Blood depth 0-1, light reflex 0-1 and mask of the vessels of a kind, each (H, W)."""
    fine = max(2, round(2 / view.scale))  # supersampling
    height, width = view.shape
    layers = [np.zeros((height * fine, width * fine), np.uint8) for _ in range(3)]
    ribbons = [(0, 1.0, 0.47), (0, 0.8, 0.75), (0, 0.6, 1.0), (1, 0.36, reflex), (2, 1.0, 1.0)]
    for layer, share, level in ribbons:
        for vessel in sorted(vessels, key=lambda v: v[0, 3]):  # thick over thin at bifurcations
            radius, level_at = vessel[:, 3], np.full(len(vessel), level)
            if layer == 0:  # thin vessels are pale
                level_at *= np.clip((radius / 2.8) ** 0.5, 0.5, 1)
            elif layer == 1:  # and have no reflex
                level_at *= np.clip((radius - 1.3) / 1.2, 0, 1)
            else:  # and stay connected in the photograph's pixels
                radius = np.maximum(radius, 0.72 / view.scale)
            across = np.stack([-np.sin(vessel[:, 2]), np.cos(vessel[:, 2])], axis=1)
            across *= share * radius[:, None]
            left, right = (view.to_image(vessel[:, :2] + s * across) for s in (-1, 1))
            quads = np.stack([left[:-1], left[1:], right[1:], right[:-1]], axis=1)
            quads = np.rint(((quads + 0.5) * fine - 0.5) * 16).astype(np.int32)
            for quad, value in zip(quads[::-1], level_at[-2::-1], strict=True):
                cv2.fillConvexPoly(layers[layer], quad, 255 * value, cv2.LINE_8, 4)
    area = [cv2.resize(c, (width, height), interpolation=cv2.INTER_AREA) / 255 for c in layers]
    depth, reflection, coverage = np.asarray(area)
    return depth, reflection, coverage >= 0.5


def _background(rng: np.random.Generator, view: _View) -> Array:
    """The eye without vessels, lit, (H, W, 3), about 0-1."""
    x, y = view.eye_grid()
    size = view.shape[::-1]

    def color(*rgb: float) -> Array:
        return np.array(rgb, np.float32)

    def noise(cells: int) -> Array:
        nodes = rng.normal(size=(cells, cells)).astype(np.float32)
        return np.asarray(cv2.resize(nodes, size, interpolation=cv2.INTER_CUBIC))

    def bump(distance: Array, size: float, power: int = 2) -> Array:
        return np.exp(-((distance / np.float32(size)) ** power))[..., None]

    # Pigment: texture of the retina, ridges for the vessels of the choroid, macula and fovea.
    pigment = sum(noise(cells) / cells**0.4 for cells in (8, 20, 50, 110)) * 0.1
    pigment += 0.04 * np.abs(noise(36))
    log = pigment[..., None] * color(0.5, 1.0, 1.2)
    macula = np.hypot(x - view.fovea[0], y - view.fovea[1])
    log -= bump(macula, 62) * color(0.10, 0.28, 0.30) + bump(macula, 20) * color(0.08, 0.22, 0.2)
    pale, dark = color(0.88, 0.46, 0.26), color(0.72, 0.33, 0.15)
    base = (pale + rng.uniform() * (dark - pale)) * rng.uniform(0.94, 1.06, 3)
    image = np.exp(log) * base.astype(np.float32)
    image += bump(np.abs(y) - 75, 55) * bump(x - 25, 90) * color(0.02, 0.045, 0.04)  # nerve fibres

    for _ in range(rng.integers(3, 9)):  # drusen and small haemorrhages
        spot, radius = view.fovea + rng.normal(0, 85, 2), rng.uniform(1.5, 4)
        contrast = rng.uniform(0.5, 1)
        tone = color(0.08, 0.14, 0.06) if rng.random() < 0.6 else color(-0.22, -0.16, -0.08)
        if hypot(*spot) > 1.6 * _DISC:
            image += bump(np.hypot(x - spot[0], y - spot[1]), radius, 4) * tone * contrast

    wobble = 1 + 0.03 * np.sin(2 * np.arctan2(y, x) + rng.uniform(0, 2 * pi))
    rim = np.hypot(x, y / rng.uniform(1.0, 1.12)) / (_DISC * wobble)
    image += 0.10 * bump(rim, 1.12, 12) * bump(x - 20, 40)  # crescent around the disc
    nerve = color(0.95, 0.66, 0.40) * (1 + 0.05 * noise(40) + 0.03 * x / _DISC)[..., None]
    image += bump(rim, 1.0, 24) * (nerve - image)
    cup = bump(np.hypot(x - 5, y), _DISC * rng.uniform(0.4, 0.6), 4)
    image += 0.75 * cup * (color(1.0, 0.88, 0.66) - image)

    u, v = (x - view.center[0]) / 270, (y - view.center[1]) / 270
    slope = rng.normal(0, 0.07, 2)
    light = 1.04 - rng.uniform(0.2, 0.4) * np.hypot(u, v) ** 2.6 + slope[0] * u + slope[1] * v
    return image * light[..., None]


def _place(rng: np.random.Generator, fov_diameter: int) -> _View:
    """A left or right eye, somewhat tilted, the macula near the middle."""
    fovea = np.array([rng.uniform(180, 205), rng.uniform(5, 20)])
    tilt, mirror = rng.normal(0, 0.06), rng.choice([-1, 1])
    scale = fov_diameter / DRIVE_FOV_DIAMETER
    turn = np.array([[mirror * cos(tilt), -mirror * sin(tilt)], [sin(tilt), cos(tilt)]])
    return _View(
        center=fovea + (rng.uniform(-35, 5), rng.uniform(-20, 10)),
        fovea=fovea,
        turn=scale * turn,
        scale=scale,
        shape=(round(1.08 * fov_diameter), round(1.05 * fov_diameter)),
    )


def make_phantom(seed: int, fov_diameter: int = 270) -> Phantom:
    """Make a synthetic fundus photograph; a seed shows the same eye at every size.

    Args:
        seed: any non-negative integer.
        fov_diameter: of the field of view, in px; the photograph is a little larger.
    """
    rng = np.random.default_rng(seed)
    view = _place(rng, fov_diameter)
    forest = _grow_forest(rng, view)
    vein_depth, vein_reflex, veins = _draw(forest.vessels[VEIN], view, reflex=0.3)
    artery_depth, artery_reflex, arteries = _draw(forest.vessels[ARTERY], view, reflex=1.0)

    image = _background(rng, view)
    through_vein = np.exp(-vein_depth[..., None] * (0.42, 0.85, 0.55))
    through_vein += 0.1 * vein_reflex[..., None]
    on_top = 0.85 * np.minimum(1.6 * artery_depth, 1)[..., None]  # arteries hide the veins below
    image *= through_vein + on_top * (1 - through_vein)
    through_artery = np.exp(-artery_depth[..., None] * (0.17, 0.60, 0.45))
    image *= through_artery + artery_reflex[..., None] * (0.18, 0.3, 0.3)
    image = np.asarray(cv2.GaussianBlur(image, (0, 0), max(0.75 * view.scale, 0.3)))
    image += rng.normal(0, 0.012, image.shape)

    x, y = view.eye_grid()
    radius = np.hypot(x - view.center[0], y - view.center[1]) * view.scale
    fov = radius <= fov_diameter / 2
    image *= np.clip((fov_diameter / 2 - radius) / 1.5, 0, 1)[..., None]
    veins &= ~arteries | (np.hypot(x, y) > _DISC_ZONE)  # nobody can tell them apart on the disc
    return Phantom(
        image=np.clip(255 * image, 0, 255).astype(np.uint8),
        av_map=((ARTERY * arteries + VEIN * veins) * fov).astype(np.uint8),
        fov=fov,
        crossings=view.to_image(_find_crossings(forest, view)),
    )


def _replace(path: Path, content: bytes) -> None:
    """Write a file so that a reader finds all of it or nothing."""
    partial = path.with_name(f".{path.name}.partial")
    partial.write_bytes(content)
    partial.replace(path)


def _png(pixels: NDArray[np.uint8], palette: list[int] | None = None) -> bytes:
    image = Image.fromarray(pixels)
    if palette:
        image.putpalette(palette)
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def write_phantoms(root: Path, split: str, count: int, seed: int, fov_diameter: int) -> Path:
    """Write phantoms to root/phantom/split: images, av, fov (0 or 255) and crossings.csv.

    Args:
        root: folder of all data sets.
        split: name of the split; splits of one seed share no phantom.
        count: number of phantoms.
        seed: non-negative.
        fov_diameter: of the field of view, in px.

    Returns:
        The split's folder.
    """
    folder = root / "phantom" / split
    lines = ["image,x,y"]
    for kind in ("images", "av", "fov"):
        (folder / kind).mkdir(parents=True, exist_ok=True)
    names = [f"phantom_{index:04d}" for index in range(count)]
    for stale in folder.glob("*/phantom_????.png"):  # of an earlier, larger set
        if stale.stem not in names:
            stale.unlink()
    for index, name in enumerate(names):
        words = np.random.SeedSequence([seed, zlib.crc32(split.encode()), index]).generate_state(4)
        phantom = make_phantom(int.from_bytes(words.tobytes(), "little"), fov_diameter)
        _replace(folder / "images" / f"{name}.png", _png(phantom.image))
        _replace(folder / "av" / f"{name}.png", _png(phantom.av_map, _PALETTE))
        _replace(folder / "fov" / f"{name}.png", _png(phantom.fov * np.uint8(255)))
        lines += [f"{name},{x:.2f},{y:.2f}" for x, y in phantom.crossings] or [f"{name},,"]
    _replace(folder / "crossings.csv", ("\n".join(lines) + "\n").encode())
    return folder
