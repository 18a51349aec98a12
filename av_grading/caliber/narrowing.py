"""How far a vein is narrowed on either side of a crossing, from its width along it.

The log of the width is the vein's own, about the same on both sides, plus a narrowing that is
strongest at the artery's edge and fades with the distance, plus what every vein's width does by
itself, which goes on over some px, plus the error of each width. All are weighed by how large they
usually are (a Gaussian process, Rasmussen 2006, section 2.7), outliers count less (Student's t).
How far the narrowing reaches is averaged over.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from av_grading.formats.errors import NotMeasurable

Array = NDArray[np.float64]

REACHES = (4.0, 6.0, 8.0)
"""Ways from the artery's edge over which a narrowing may fade (DRIVE px)."""
SIDES_DIFFER = 0.07
"""How far the vein's own width differs between the sides (standard deviation of its log)."""
WAVES = 0.08
"""How far a vein's width swings by itself along it (standard deviation of its log)."""
WAVE_LENGTH = 6.0
"""Over which it swings (DRIVE px)."""
USUAL = 1.2
"""How far veins are narrowed (standard deviation of the log): weak, so that data decide."""
LEAST_ERROR = 0.04
"""Of the log of any single width; what the model of a profile leaves out."""
FEWEST = 6
"""Widths that are needed."""
_HEAVY = 4.0  # degrees of freedom of Student's t
_ROUNDS = 6


Arm = tuple[Array, Array, Array]
"""Points of one side: way from the artery's edge, width, and its standard error (px), (N,) each."""


@dataclass(frozen=True)
class Side:
    """One side of a crossing.

    Attributes:
        own: the vein's own width on this side (px).
        ratio: width at the artery's edge as a share of it.
        log_error: standard error of the ratio's logarithm.
    """

    own: float
    ratio: float
    log_error: float

    @property
    def ratio_error(self) -> float:
        """Standard error of the ratio."""
        return self.ratio * self.log_error


def fit_narrowing(first: Arm, second: Arm, drive_px: float) -> tuple[Side, Side]:
    """Narrowing of both sides together.

    Args:
        first, second: points of either side.
        drive_px: length of one DRIVE px in px.

    A side without points is as uncertain as before anything was measured.

    Raises:
        NotMeasurable: hardly any points.
    """
    count = len(first[0]) + len(second[0])
    if count < FEWEST:
        raise NotMeasurable(f"hidden: {count} widths in all, expected {FEWEST} or more")
    way, width, error = (np.concatenate(pair) for pair in zip(first, second, strict=True))
    side = np.repeat([0, 1], [len(first[0]), len(second[0])])
    noise = np.hypot(error / width, LEAST_ERROR)
    way, logs = way / drive_px, np.log(width)
    found = [_solve(way, side, logs, noise, reach) for reach in REACHES]
    evidence = np.array([f[2] for f in found])
    share = np.exp(evidence - evidence.max())
    share /= share.sum()
    mean = sum(s * f[0] for s, f in zip(share, found, strict=True))
    covariance = sum(
        s * (f[1] + np.outer(f[0] - mean, f[0] - mean)) for s, f in zip(share, found, strict=True)
    )
    # Unknowns: log width of the vein, its change on either side, narrowing of either side.
    return _side(mean, covariance, 0), _side(mean, covariance, 1)


def _side(mean: Array, covariance: Array, side: int) -> Side:
    own = float(np.exp(mean[0] + mean[1 + side]))
    return Side(
        own,
        float(np.exp(-mean[3 + side])),
        float(np.sqrt(covariance[3 + side, 3 + side])),
    )


def _solve(
    way: Array, side: NDArray[np.int64], logs: Array, noise: Array, reach: float
) -> tuple[Array, Array, float]:
    """Mean (5,) and covariance (5, 5) of the unknowns, and log evidence, for one reach."""
    design = np.zeros((len(way), 5))
    design[:, 0] = 1
    fade = np.clip(1 - way / reach, 0, 1)
    for s in (0, 1):
        design[:, 1 + s] = side == s
        design[:, 3 + s] = -fade * (side == s)
    before = np.diag([4.0, SIDES_DIFFER**2, SIDES_DIFFER**2, USUAL**2, USUAL**2])
    middle = np.array([float(np.median(logs)), 0, 0, 0, 0])
    near = np.exp(-0.5 * ((way[:, None] - way[None]) / WAVE_LENGTH) ** 2)
    waves = WAVES**2 * near * (side[:, None] == side[None])
    spread = waves + design @ before @ design.T
    off = logs - design @ middle
    heavier = np.ones_like(logs)
    for _ in range(_ROUNDS):
        total = spread + np.diag(noise**2 * heavier)
        solved = np.linalg.solve(total, off)
        alone = noise**2 * heavier * solved  # what neither the vein nor its waves explain
        heavier = (_HEAVY + (alone / noise) ** 2) / (_HEAVY + 1)
    total = spread + np.diag(noise**2 * heavier)
    gain = np.linalg.solve(total, design @ before)  # (N, 5)
    mean = middle + gain.T @ off
    covariance = before - before @ design.T @ gain
    _, size = np.linalg.slogdet(total)
    evidence = -0.5 * float(off @ np.linalg.solve(total, off) + size)
    return mean, covariance, evidence
