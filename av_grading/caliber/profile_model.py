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
_BOX_SHARES = torch.from_numpy(_WEIGHTS * np.sin(_ANGLES) * np.exp(-_ABSORBED * np.cos(_ANGLES)))
_BOX_SHARES /= _BOX_SHARES.sum()
_SIZES = torch.from_numpy(np.concatenate([[1.0], np.sin(_ANGLES)]))
"""Half widths in radii: of a flattened vessel's box, then of a round one's stack."""


def predict(parameters: Array, shared: Array, offsets: Array) -> tuple[Array, Array, Array]:
    """Darkness along profiles, and how it changes with the parameters.

    Args:
        parameters: (N, 6), see `CENTER` to `SHINE`.
        shared: (2,), see `ROUNDNESS` and `BLUR`.
        offsets: (K,), distance from the line (px).

    Returns:
        darkness (N, K), its derivatives by the parameters (N, K, 6) and by those shared (N, K, 2).
    """
    center, radius = parameters[:, :1], np.exp(parameters[:, 1:2])
    away = offsets[None] - center  # (N, K)
    blur = float(np.exp(shared[BLUR]))
    box, round_ = _box_and_round(away, radius, blur)
    blood, by_away, by_radius, by_blur = box + shared[ROUNDNESS] * (round_ - box)
    own = REFLEX * radius
    spread = np.hypot(own, blur)
    reflex = own / spread * np.exp(-0.5 * (away / spread) ** 2)
    bend = (away**2 / spread**2 - 1) / spread**2
    depth, shine = parameters[:, DEPTH, None], parameters[:, SHINE, None]
    own_slopes = np.empty((*away.shape, 6))
    own_slopes[..., CENTER] = -depth * by_away - shine * reflex * away / spread**2
    own_slopes[..., RADIUS] = depth * by_radius * radius - shine * reflex * (1 + bend * own**2)
    own_slopes[..., LEVEL] = 1
    own_slopes[..., SLOPE] = offsets
    own_slopes[..., DEPTH] = blood
    own_slopes[..., SHINE] = -reflex
    shared_slopes = np.empty((*away.shape, 2))
    shared_slopes[..., ROUNDNESS] = depth * (round_[0] - box[0])
    shared_slopes[..., BLUR] = (depth * by_blur - shine * reflex * bend * blur) * blur
    linear = parameters[:, None, LEVEL:]
    return (own_slopes[..., LEVEL:] * linear).sum(axis=2), own_slopes, shared_slopes


def _box_and_round(away: Array, radius: Array, blur: float) -> tuple[Array, Array]:
    """A flattened and a round vessel, blurred, at distances (N, K): (4, N, K) each.

    Heights, and their derivatives by the distance, the radius and the blur. In torch, whose error
    function takes a part of scipy's time.
    """
    sizes = _SIZES[:, None, None]
    half = sizes * torch.from_numpy(radius)
    places = torch.from_numpy(away)
    left, right = (places + half) / blur, (places - half) / blur
    bell_left, bell_right = _bell(left) / blur, _bell(right) / blur
    height = (torch.erf(left * 0.5**0.5) - torch.erf(right * 0.5**0.5)) / 2
    slopes = (
        bell_left - bell_right,
        sizes * (bell_left + bell_right),
        right * bell_right - left * bell_left,
    )
    boxes = torch.stack((height, *slopes), dim=1)
    return boxes[0].numpy(), torch.tensordot(_BOX_SHARES, boxes[1:], 1).numpy()


def _bell(z: torch.Tensor) -> torch.Tensor:
    return torch.exp(-0.5 * z * z).div((2 * np.pi) ** 0.5)
