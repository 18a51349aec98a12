"""A vein redrawn where it is crossed: narrower, paler, aside or wider, on the retina behind it.

What makes a vein is how much darker it is than the retina on either side, in each colour. That
darkness is measured along the vein, and put back changed; what is left of the photograph, its own
grain included, stays where it is. So there is no hole to fill, nothing is moved or blurred, and a
vein that is taken away leaves the retina of its flanks.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree

from av_grading.formats.labels import BACKGROUND, OVERLAP, VEIN
from av_grading.simulation.darkness import MOST_ASIDE, STEP, VeinDarkness
from av_grading.simulation.vein import Field, dense_line, nearest_points

HIDDEN = 0.25
"""Share of its contrast below which a vein is not seen, and not labelled."""
_BLUR = 0.55  # DRIVE px, standard deviation of a vein's edge across: no vein is sharper than it is


@dataclass(frozen=True)
class Course:
    """What is asked of a vein at points along it, each (N,).

    Attributes:
        along: way from the crossing (px), negative on the first arm, even steps.
        width: as a share of that which it has there.
        contrast: likewise, 0-1.
        aside: how far its middle lies off where it was (px, along the normals).
    """

    along: Field
    width: Field
    contrast: Field
    aside: Field

    @classmethod
    def as_it_is(cls, along: Field) -> "Course":
        """Nothing changes."""
        one = np.ones_like(along)
        return cls(along, one, one, np.zeros_like(along))


UNCHANGED = Course.as_it_is(np.zeros(1))
"""Of a crossing whose vein is not redrawn."""


def redraw(darkness: VeinDarkness, course: Course) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Photograph (H, W, 3) and map (H, W) with the vein as `course` asks."""
    width, contrast, aside = (
        np.interp(darkness.along, course.along, part)
        for part in (course.width, course.contrast, course.aside)
    )
    wanted = _changed(darkness, width, contrast, aside)
    change = wanted - darkness.values
    points, along, normals = dense_line(darkness.vein.line)
    reach = float(darkness.across.max())
    shape = darkness.av_map.shape
    pixels, nearest, inside = nearest_points(shape, points, reach)
    across = np.einsum("ij,ij->i", pixels - points[nearest], normals[nearest])
    inside &= (nearest > 0) & (nearest < len(points) - 1)
    row = (along[nearest] - darkness.along[0]) / STEP
    column = (across - darkness.across[0]) / STEP
    free = 1 - _covering(darkness)
    light = np.stack(
        [
            ndimage.map_coordinates(change[..., c], (row, column), order=1, mode="nearest")
            for c in range(3)
        ],
        axis=-1,
    )
    light = np.where(inside[:, None], light, 0).reshape(*shape, 3) * free[..., None]
    edge = np.abs(darkness.beyond) <= STEP
    moved = np.clip(1 - np.abs(aside) / darkness.vein.half_width, 0, 1)
    seen = np.clip(width * contrast * moved, 0, 1)
    opaque = 1 - float(seen[edge].mean()) if edge.any() else 0.0
    if opaque > 0:
        light += opaque * (1 - free)[..., None] * _through(darkness)
    drawn = (darkness.photograph.astype(np.float64) + 2) * np.exp(light) - 2
    drawn = np.where(np.abs(light) > 1e-6, drawn, darkness.photograph)
    place = (row, np.zeros_like(row))
    w, c, a = (
        ndimage.map_coordinates(np.repeat(part[:, None], 2, 1), place, order=1, mode="nearest")
        for part in (width, contrast, aside)
    )
    labels = _relabelled(darkness, points[nearest], normals[nearest], across, inside, (w, c, a))
    return np.clip(np.rint(drawn), 0, 255).astype(np.uint8), labels


def _changed(darkness: VeinDarkness, width: Field, contrast: Field, aside: Field) -> Field:
    """The darkness that is asked for, (N, K, 3)."""
    rows = np.repeat(np.arange(len(darkness.along))[:, None], len(darkness.across), axis=1)
    source = (darkness.across[None] - aside[:, None]) / width[:, None]
    columns = (source - darkness.across[0]) / STEP
    drawn = np.stack(
        [
            ndimage.map_coordinates(
                darkness.values[..., c], (rows, columns), order=1, mode="constant"
            )
            for c in range(3)
        ],
        axis=-1,
    )
    # Drawn together, edges get sharper than the camera shows any: blurred by what is missing.
    sigma = _BLUR * darkness.drive_px / STEP * np.sqrt(np.clip(1 - width**2, 0, 1))
    levels = np.linspace(0, max(float(sigma.max()), 1e-6), 5)
    blurred = [
        ndimage.gaussian_filter1d(drawn, level, axis=1, mode="constant") if level > 0.1 else drawn
        for level in levels
    ]
    position = sigma / levels[-1] * (len(levels) - 1)
    result = np.zeros_like(drawn)
    for i, part in enumerate(blurred):
        result += np.clip(1 - np.abs(position - i), 0, 1)[:, None, None] * part
    return np.asarray(contrast[:, None, None] * result, np.float64)


def _relabelled(
    darkness: VeinDarkness,
    points: Field,
    normals: Field,
    across: Field,
    inside: NDArray[np.bool_],
    asked: tuple[Field, Field, Field],
) -> NDArray[np.uint8]:
    """The map with the vein's label where the vein is seen."""
    width, contrast, aside = asked
    source = points + ((across - aside) / width)[:, None] * normals
    shape = darkness.av_map.shape
    x, y = source[:, 0].reshape(shape), source[:, 1].reshape(shape)
    vein = ((darkness.av_map == VEIN) | (darkness.av_map == OVERLAP)).astype(np.float32)
    seen = cv2.remap(vein, x.astype(np.float32), y.astype(np.float32), cv2.INTER_LINEAR) > 0.5
    near = np.abs(across) < darkness.vein.half_width + MOST_ASIDE * darkness.drive_px
    own = np.abs((across - aside) / width) < 1.6 * darkness.vein.half_width + darkness.drive_px
    was = np.abs(across) < 1.6 * darkness.vein.half_width + darkness.drive_px
    changed = (np.abs(width - 1) > 1e-3) | (contrast < 0.999) | (np.abs(aside) > 1e-3)
    place = (inside & near & changed & (own | was)).reshape(shape)
    place &= (darkness.av_map == BACKGROUND) | (darkness.av_map == VEIN)
    shown = seen & (contrast >= HIDDEN).reshape(shape) & own.reshape(shape)
    labels = np.where(place, np.where(shown, VEIN, BACKGROUND), darkness.av_map)
    return labels.astype(np.uint8)


def _covering(darkness: VeinDarkness) -> Field:
    """1 on the artery, falling to 0 within a fraction of a DRIVE px off it, (H, W)."""
    share = np.clip(0.5 + darkness.off_artery() / max(1.0, 0.8 * darkness.drive_px), 0, 1)
    return np.asarray(0.5 + 0.5 * np.cos(np.pi * share), np.float64)


def _through(darkness: VeinDarkness) -> Field:
    """Logarithm of the artery's light over what it is where the vein lies below, (H, W, 3).

    The artery's wall is opaque where nicking is: below it the vein is no longer seen.
    """
    points, along, normals = dense_line(darkness.artery.line)
    drive_px, half = darkness.drive_px, darkness.artery.half_width
    across = np.arange(-np.ceil(half + drive_px), np.ceil(half + drive_px) + 1)
    places = points[:, None] + across[None, :, None] * normals[:, None]
    where = places[..., 1], places[..., 0]
    light = np.log(darkness.photograph.astype(np.float64) + 2)
    step = along[1] - along[0]
    smooth = np.stack(
        [
            ndimage.gaussian_filter1d(
                ndimage.map_coordinates(light[..., c], where, order=1, mode="nearest"),
                0.5 * drive_px / step,
                axis=0,
            )
            for c in range(3)
        ],
        axis=-1,
    )
    vein, _, _ = dense_line(darkness.vein.line)
    off = cKDTree(vein).query(points)[0] - darkness.vein.half_width
    below = np.flatnonzero((off < 0.8 * drive_px) & (np.abs(along) < 12 * drive_px))
    change = np.zeros((*darkness.av_map.shape, 3))
    if not len(below):
        return change
    margin = round(drive_px / step)
    first, last = max(below[0] - margin, 0), min(below[-1] + margin, len(points) - 1)
    share = np.linspace(0, 1, last - first + 1)[:, None, None]
    inner = smooth[first] * (1 - share) + smooth[last] * share - smooth[first : last + 1]
    rise = np.clip(np.minimum(share, 1 - share) * (last - first) / max(margin, 1), 0, 1)
    wanted = np.zeros_like(smooth)
    wanted[first : last + 1] = inner * rise
    pixels, nearest, inside = nearest_points(darkness.av_map.shape, points, half + drive_px)
    n = np.einsum("ij,ij->i", pixels - points[nearest], normals[nearest])
    for c in range(3):
        found = ndimage.map_coordinates(
            wanted[..., c], (nearest, n - across[0]), order=1, mode="nearest"
        )
        change[..., c] = np.where(inside, found, 0).reshape(darkness.av_map.shape)
    return change
