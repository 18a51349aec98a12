"""What a vessel looks like across: blurred blood column, central light reflex, background.

Light is absorbed along its way through the blood (Beer-Lambert), so the optical density, minus the
logarithm of the intensity, is proportional to the depth of blood: half an ellipse across a round
vessel, a box across a flattened one. Real veins lie between the two. The camera blurs both.
"""

import numpy as np
import torch
from numpy.typing import NDArray

Array = NDArray[np.float64]

REFLEX = 0.22
"""Standard deviation of the central reflex as a share of the vessel's radius; its full width at
half maximum is then a quarter of the vessel's width."""
CENTER, RADIUS, LEVEL, SLOPE, DEPTH, SHINE = range(6)
"""Columns of a profile's own parameters: centre (px), log of the radius (px), darkness of the
background at offset 0 and its slope (per px), depth of the blood and of the reflex (darkness)."""
ROUNDNESS, BLUR = range(2)
"""Columns of what all profiles of a vessel share: 0 for a box to 1 for a round vessel, and log of
the standard deviation of the camera's blur (px)."""

_ABSORBED = 0.6  # optical density of a vein's middle in green light
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(7)
_ANGLES = (_NODES + 1) * np.pi / 4
# What a round vessel takes away, 1 - exp(-k sqrt(1 - u^2)) at u radii from its middle, is a stack
# of boxes of half widths sin(angle).
_SHARES = _WEIGHTS * np.sin(_ANGLES) * np.exp(-_ABSORBED * np.cos(_ANGLES))
_BOX = np.array([1.0] + [0.0] * len(_SHARES))
"""Shares of the boxes of `_SIZES` in a flattened vessel."""
_ROUND = np.concatenate([[0.0], _SHARES / _SHARES.sum()])
"""And in a round one."""
_SIZES = np.concatenate([[1.0], np.sin(_ANGLES)])
"""Half widths in radii: of a flattened vessel's box, then of a round one's stack."""


def predict(
    parameters: Array, shared: Array, offsets: Array, by_shared: bool = True
) -> tuple[Array, Array, Array]:
    """Darkness along profiles, and how it changes with the parameters.

    Args:
        parameters: (N, 6), see `CENTER` to `SHINE`.
        shared: (2,), see `ROUNDNESS` and `BLUR`.
        offsets: (K,), distance from the line (px).
        by_shared: whether the derivatives by the shared parameters are needed.

    Returns:
        darkness (N, K), its derivatives by the parameters (N, 6, K) and by those shared (N, 2, K),
        or (N, 0, K).
    """
    center, radius = parameters[:, :1], np.exp(parameters[:, 1:2])
    away = offsets[None] - center  # (N, K)
    blur = float(np.exp(shared[BLUR]))
    blood, by_away, by_radius, rounder = _blurred(away, radius, blur, float(shared[ROUNDNESS]))
    own = REFLEX * radius
    spread = np.hypot(own, blur)
    scaled = (away / spread) ** 2
    reflex = np.exp(-0.5 * scaled)
    reflex *= own / spread
    depth, shine = parameters[:, DEPTH, None], parameters[:, SHINE, None]
    shining = shine / spread**2 * reflex
    bent = shining * (scaled - 1)
    slopes = np.empty((len(away), 6, away.shape[1]))
    slopes[:, CENTER] = -depth * by_away - shining * away
    slopes[:, RADIUS] = depth * radius * by_radius - shine * reflex - own**2 * bent
    slopes[:, LEVEL] = 1
    slopes[:, SLOPE] = offsets
    slopes[:, DEPTH] = blood
    slopes[:, SHINE] = -reflex
    common = np.empty((len(away), 2 if by_shared else 0, away.shape[1]))
    if by_shared:
        common[:, ROUNDNESS] = depth * rounder
        # Heights stay the same where lengths and blur grow alike.
        common[:, BLUR] = -depth * (away * by_away + radius * by_radius) - blur**2 * bent
    darkness = parameters[:, LEVEL, None] + parameters[:, SLOPE, None] * offsets
    darkness += depth * blood
    darkness -= shine * reflex
    return darkness, slopes, common


def _blurred(
    away: Array, radius: Array, blur: float, roundness: float
) -> tuple[Array, Array, Array, Array]:
    """Heights of blurred vessels at distances (N, K) from their middle.

    Returns:
        heights, and their derivatives by the distance, the radius and the roundness, (N, K) each.
        In torch, whose error function takes a part of scipy's time.
    """
    half = _SIZES[:, None, None] * (radius / blur)
    walls = np.empty((2, len(_SIZES), *away.shape))  # distance from either wall of every box
    np.add(away / blur, half, out=walls[0])
    np.subtract(away / blur, half, out=walls[1])
    places = torch.from_numpy(walls)
    edges = torch.erf(places * 0.5**0.5).numpy().reshape(2, len(_SIZES), -1)
    bells = torch.exp(places.square_().mul_(-0.5)).numpy().reshape(2, len(_SIZES), -1)
    shares = (1 - roundness) * _BOX + roundness * _ROUND
    heights = (np.stack([shares, _ROUND - _BOX]) / 2) @ (edges[0] - edges[1])
    shares = shares / (blur * (2 * np.pi) ** 0.5)
    by_away = shares @ bells[0] - shares @ bells[1]
    by_radius = (shares * _SIZES) @ bells[0] + (shares * _SIZES) @ bells[1]
    blood, rounder = heights
    found = blood, by_away, by_radius, rounder
    return tuple(x.reshape(away.shape) for x in found)
