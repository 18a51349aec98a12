"""Patches with a vein of known width: what the measurement is tested against.

    patch = draw_vein(np.random.default_rng(0), width=8.0, reflex=0.3)

The vein is an arc of constant width, or pressed at a crossing; noise, blur and blood are those of
a fundus photograph, and nothing is shared with the model that measures it.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from av_grading.formats.labels import ARTERY, BACKGROUND, OVERLAP, VEIN

Array = NDArray[np.float64]

BACKGROUND_COLOR = (0.75, 0.43, 0.24)
ABSORBED = {VEIN: (0.42, 0.85, 0.55), ARTERY: (0.17, 0.60, 0.45)}
"""Optical density of red, green and blue in the middle of a vessel."""
_FINE = 4  # supersampling


@dataclass(frozen=True)
class VeinPhantom:
    """A patch and what is true of it.

    Attributes:
        photograph: RGB, (S, S, 3), 0-255.
        av_map: labels (S, S), 0-3.
        center: x and y of the crossing, or of the vein's middle (px).
        width: of the vein away from the crossing (px).
        ratios: width at the artery's edge as a share of that, on the vein's left and right side.
    """

    photograph: NDArray[np.uint8]
    av_map: NDArray[np.uint8]
    center: tuple[float, float]
    width: float
    ratios: tuple[float, float] = (1.0, 1.0)


def draw_vein(
    rng: np.random.Generator,
    width: float,
    *,
    size: int = 97,
    reflex: float = 0.0,
    roundness: float = 1.0,
    noise: float = 0.012,
    blur: float = 0.9,
    artery: float = 0.0,
    ratios: tuple[float, float] = (1.0, 1.0),
    length: float = 20.0,
    above: bool = True,
) -> VeinPhantom:
    """Draw a vein at a random angle and with a random curvature.

    Args:
        rng: of angle, curvature, light and noise.
        width: of the vein, wall to wall (px).
        size: side of the patch (px).
        reflex: height of the central reflex, as a share of the vein's darkening, 0-1.
        roundness: 1 for a round vessel, 0 for one with a flat floor.
        noise: standard deviation, as a share of 255.
        blur: standard deviation of the camera's blur (px).
        artery: width of an artery that crosses (px); 0 for none.
        ratios: see `VeinPhantom`.
        length: way from the artery's edge until the vein has its own width again (px).
        above: the artery lies above the vein, and hides some of it; else the other way round.
    """
    middle = (size - 1) / 2 + rng.uniform(-0.5, 0.5, 2)
    turn, bend = rng.uniform(-0.6, 0.6), rng.uniform(-1, 1) / (3 * size)
    lean = turn + np.pi / 2 + rng.uniform(-0.5, 0.5)
    x, y = _grid(size, middle)
    along, across = _arc(x, y, turn, bend)
    off_artery = np.abs(_line(x, y, lean))
    beyond = np.clip((np.abs(along) - 0.55 * artery) / length, 0, 1)
    least = np.where(along < 0, *ratios)
    local = width * (least + (1 - least) * (0.5 - 0.5 * np.cos(np.pi * beyond)))
    density = np.zeros((*x.shape, 3))
    inside = {VEIN: np.abs(across) / (local / 2), ARTERY: off_artery / max(artery / 2, 1e-6)}
    reflected = reflex * np.exp(-0.5 * (inside[VEIN] / 0.2) ** 2)
    for kind in (VEIN, ARTERY):
        chord = np.sqrt(np.clip(1 - inside[kind] ** 2, 0, None))
        column = roundness * chord + (1 - roundness) * (inside[kind] < 1)
        column = column * (1 - reflected) if kind == VEIN else column
        other = ARTERY if kind == VEIN else VEIN
        below = (kind == VEIN) == above
        hidden = np.where(below & (inside[other] < 1), 0.3, 1.0)
        density += (column * hidden)[..., None] * np.array(ABSORBED[kind])
    light = 1 + rng.uniform(-0.15, 0.15) * x / size + rng.uniform(-0.15, 0.15) * y / size
    fine = np.array(BACKGROUND_COLOR) * light[..., None] * np.exp(-density)
    area = cv2.resize(fine, (size, size), interpolation=cv2.INTER_AREA)
    seen = cv2.GaussianBlur(area, (0, 0), blur) + rng.normal(0, noise, area.shape)
    shares = {k: _share(inside[k] < 1, size) for k in (VEIN, ARTERY)}
    vein, crossed = shares[VEIN] >= 0.5, shares[ARTERY] >= 0.5
    av_map = np.where(vein, VEIN, BACKGROUND)
    av_map = np.where(crossed, np.where(vein, OVERLAP, ARTERY), av_map)
    return VeinPhantom(
        np.clip(255 * seen, 0, 255).round().astype(np.uint8),
        av_map.astype(np.uint8),
        (float(middle[0]), float(middle[1])),
        width,
        ratios,
    )


def _grid(size: int, middle: Array) -> tuple[Array, Array]:
    """x and y from the middle of every fine pixel (px)."""
    places = (np.arange(size * _FINE) + 0.5) / _FINE - 0.5
    x, y = np.meshgrid(places - middle[0], places - middle[1])
    return x, y


def _line(x: Array, y: Array, angle: float) -> Array:
    """Signed distance from a line through the middle."""
    return np.asarray(y * np.cos(angle) - x * np.sin(angle))


def _arc(x: Array, y: Array, angle: float, bend: float) -> tuple[Array, Array]:
    """Way along and signed distance from an arc through the middle, of curvature `bend`."""
    u, v = x * np.cos(angle) + y * np.sin(angle), _line(x, y, angle)
    radius = 1 / bend if abs(bend) > 1e-6 else 1e6
    from_middle = np.hypot(u, v - radius)
    return abs(radius) * np.arctan2(u, np.sign(radius) * (radius - v)), from_middle - abs(radius)


def _share(inside: NDArray[np.bool_], size: int) -> Array:
    """Share of every pixel that is inside."""
    area = cv2.resize(inside.astype(np.float32), (size, size), interpolation=cv2.INTER_AREA)
    return np.asarray(area, np.float64)
