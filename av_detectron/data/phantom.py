"""Synthetic fundus photographs whose vessels and crossings are known exactly.

Only rendering knows the photograph's pixels, so a seed shows the same eye at any size.
"""

import zlib
from dataclasses import dataclass
from math import cos, hypot, pi, sin
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from av_detectron.config import DRIVE_FOV_DIAMETER
from av_detectron.data.annotations import ARTERY, VEIN
from av_detectron.data.phantom_vessels import (
    DISC,
    DISC_ZONE,
    View,
    find_intersections,
    grow_forest,
)
from av_detectron.formats.files import png, write_whole

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


def _draw(
    vessels: list[Array], view: View, reflex: float
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


def _background(rng: np.random.Generator, view: View) -> Array:
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
        if hypot(*spot) > 1.6 * DISC:
            image += bump(np.hypot(x - spot[0], y - spot[1]), radius, 4) * tone * contrast

    wobble = 1 + 0.03 * np.sin(2 * np.arctan2(y, x) + rng.uniform(0, 2 * pi))
    rim = np.hypot(x, y / rng.uniform(1.0, 1.12)) / (DISC * wobble)
    image += 0.10 * bump(rim, 1.12, 12) * bump(x - 20, 40)  # crescent around the disc
    nerve = color(0.95, 0.66, 0.40) * (1 + 0.05 * noise(40) + 0.03 * x / DISC)[..., None]
    image += bump(rim, 1.0, 24) * (nerve - image)
    cup = bump(np.hypot(x - 5, y), DISC * rng.uniform(0.4, 0.6), 4)
    image += 0.75 * cup * (color(1.0, 0.88, 0.66) - image)

    u, v = (x - view.center[0]) / 270, (y - view.center[1]) / 270
    slope = rng.normal(0, 0.07, 2)
    light = 1.04 - rng.uniform(0.2, 0.4) * np.hypot(u, v) ** 2.6 + slope[0] * u + slope[1] * v
    return image * light[..., None]


def _place(rng: np.random.Generator, fov_diameter: int) -> View:
    """A left or right eye, somewhat tilted, the macula near the middle."""
    fovea = np.array([rng.uniform(180, 205), rng.uniform(5, 20)])
    tilt, mirror = rng.normal(0, 0.06), rng.choice([-1, 1])
    scale = fov_diameter / DRIVE_FOV_DIAMETER
    turn = np.array([[mirror * cos(tilt), -mirror * sin(tilt)], [sin(tilt), cos(tilt)]])
    return View(
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
    forest = grow_forest(rng, view)
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
    veins &= ~arteries | (np.hypot(x, y) > DISC_ZONE)  # nobody can tell them apart on the disc
    return Phantom(
        image=np.clip(255 * image, 0, 255).astype(np.uint8),
        av_map=((ARTERY * arteries + VEIN * veins) * fov).astype(np.uint8),
        fov=fov,
        crossings=view.to_image(find_intersections(forest, view)),
    )


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
    for index, name in enumerate(tqdm(names, split, disable=None, unit="phantom")):
        words = np.random.SeedSequence([seed, zlib.crc32(split.encode()), index]).generate_state(4)
        phantom = make_phantom(int.from_bytes(words.tobytes(), "little"), fov_diameter)
        write_whole(folder / "images" / f"{name}.png", png(phantom.image))
        write_whole(folder / "av" / f"{name}.png", png(phantom.av_map, _PALETTE))
        write_whole(folder / "fov" / f"{name}.png", png(phantom.fov * np.uint8(255)))
        lines += [f"{name},{x:.2f},{y:.2f}" for x, y in phantom.crossings] or [f"{name},,"]
    write_whole(folder / "crossings.csv", "\n".join(lines) + "\n")
    return folder
