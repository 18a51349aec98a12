"""How much darker a vein is than the retina on either side of it, along and across it."""

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree

from av_grading.formats.labels import ARTERY, BACKGROUND
from av_grading.simulation.vein import EDGE, Artery, Field, Vein, dense_line

STEP = 0.5
"""Between samples, along and across (px)."""
MOST_COVERED = 12.0
"""Longest way of the vein under the artery, on either side of the middle (DRIVE px)."""
MOST_ASIDE = 4.0
"""Farthest that a vein is drawn aside (DRIVE px)."""
DARKER = -0.10
"""Crossings that are darker than their artery by more than this (logarithm of green) have the vein
above."""
_WALL = (0.6, 1.8)  # DRIVE px beyond the half width where a vein's darkness starts to end, and ends
_FLANK = 5.0  # DRIVE px beyond the half width up to which the retina beside is looked at
_ALONG = (
    0.6,
    2.0,
    6.0,
)  # DRIVE px, smoothing along the vein; the least that has data
_FAR = 6.0  # DRIVE px beyond the artery's edge from which on the vein is as it is by itself


class VeinDarkness:
    """How much darker a vein is than what lies beside it, along and across it.

    Attributes:
        photograph, av_map, vein, artery, drive_px: that it was measured with.
        along: way from the crossing of each row (px), negative on the first arm, (N,).
        across: distance from the centreline of each column (px), (K,).
        values: logarithm of the vein's light over the retina's, (N, K, 3); negative is darker.
        beyond: way beyond the artery's edge of each row (px), below 0 where the artery covers it.
        own: darkness across the vein, integrated, beyond the artery's neighbourhood (green, px).
    """

    def __init__(
        self,
        photograph: NDArray[np.uint8],
        av_map: NDArray[np.uint8],
        vein: Vein,
        artery: Artery,
        drive_px: float,
    ) -> None:
        self.photograph, self.av_map, self.vein, self.drive_px = photograph, av_map, vein, drive_px
        self.artery = artery
        off_artery = self.off_artery()
        points, along, normals = dense_line(vein.line)
        every = max(1, round(STEP / (along[1] - along[0])))
        self.along = along[::every]
        half = vein.half_width
        reach = half + (_FLANK + MOST_ASIDE) * drive_px
        self.across = np.arange(-np.ceil(reach / STEP), np.ceil(reach / STEP) + 1) * STEP
        places = points[::every, None] + self.across[None, :, None] * normals[::every, None]
        where = places[..., 1], places[..., 0]
        light = np.log(photograph.astype(np.float64) + 2)
        sampled = np.stack(
            [
                ndimage.map_coordinates(light[..., c], where, order=1, mode="nearest")
                for c in (0, 1, 2)
            ],
            axis=-1,
        )
        vessel = _grown(av_map != BACKGROUND, 0.6 * drive_px)
        off = ndimage.map_coordinates(off_artery, where, order=1, mode="nearest")
        hidden = off < 0.8 * drive_px
        self._off_line = ndimage.map_coordinates(
            off_artery, (points[::every, 1], points[::every, 0]), order=1, mode="nearest"
        )
        taken = ndimage.map_coordinates(vessel, where, order=0, mode="constant", cval=1) > 0
        self.beyond = self._beyond()
        away = np.abs(self.across)
        flank = (away > half + 0.8 * drive_px) & (away < half + _FLANK * drive_px)
        beside = self._beside(sampled, (flank & ~taken).astype(float))
        start, end = (half + w * drive_px for w in _WALL)
        window = 0.5 + 0.5 * np.cos(np.pi * np.clip((away - start) / (end - start), 0, 1))
        free = (~hidden).astype(float)
        self.values = window[:, None] * self._smoothed(
            (sampled - beside) * free[..., None], free[..., None]
        )
        weight = -self.values[..., 1].sum(axis=1) * STEP
        self._integrated = weight
        far = self.beyond > _FAR * drive_px
        self.own = float(np.median(weight[far])) if far.any() else 0.0

    def _beyond(self) -> Field:
        """Way beyond the artery's edge of each row (px); 0 and less where it lies above."""
        above = self._off_line <= 0
        result = np.zeros_like(self.along)
        for side in (-1, 1):
            arm = np.flatnonzero(side * self.along >= 0)
            way = side * self.along[arm]
            # The crossing's own stretch: what the same artery covers farther off is another's.
            hidden = above[arm] & (way < MOST_COVERED * self.drive_px)
            edge = way[hidden].max() + STEP / 2 if hidden.any() else 0.0
            result[arm] = way - edge
        return result

    def off_artery(self) -> Field:
        """Distance of each pixel from the artery's wall (px), negative on the artery, (H, W)."""
        shape = self.av_map.shape
        points, _, _ = dense_line(self.artery.line)
        rows, columns = np.mgrid[: shape[0], : shape[1]]
        away, _ = cKDTree(points).query(np.stack([columns.ravel(), rows.ravel()], axis=1))
        off = np.asarray(away, np.float64).reshape(shape) - self.artery.half_width
        # Another artery of the map hides the vein as well; overlaps with it are its own.
        other = _apart(self.av_map == ARTERY, off <= self.drive_px)
        if other.any():
            off = np.minimum(off, ndimage.distance_transform_edt(~other))
        return np.asarray(off, np.float64)

    def _beside(self, sampled: Field, weights: Field) -> Field:
        """Light of the retina where the vein is: a line across from flank to flank, (N, K, 3)."""
        n = self.across
        sigmas = [s * self.drive_px / STEP for s in (2.0, 5.0, 15.0)]
        scale = float(np.abs(n).max())
        u = n / scale
        moments = [weights.sum(1), weights @ u, weights @ u**2]
        light = [
            np.einsum("nk,nkc->nc", weights, sampled),
            np.einsum("nk,nkc->nc", weights * u, sampled),
        ]
        result = np.zeros_like(sampled)
        settled = np.zeros(len(sampled))
        for sigma in sigmas:
            s0, s1, s2 = (ndimage.gaussian_filter1d(m, sigma, mode="nearest") for m in moments)
            t0, t1 = (ndimage.gaussian_filter1d(t, sigma, axis=0, mode="nearest") for t in light)
            ridge = s2 + 0.02 * s0 + 1e-6
            level = s0 * ridge - s1**2
            level = np.where(level > 1e-9, level, np.inf)
            a = (ridge[:, None] * t0 - s1[:, None] * t1) / level[:, None]
            b = (s0[:, None] * t1 - s1[:, None] * t0) / level[:, None]
            line = a[:, None] + b[:, None] * u[None, :, None]
            trust = np.clip(s0 / (2 * self.drive_px / STEP), 0, 1) * (1 - settled)
            result += trust[:, None, None] * line
            settled += trust
        return result / np.maximum(settled, 1e-9)[:, None, None]

    def _smoothed(self, values: Field, weights: Field) -> Field:
        """Weighted means along the vein, over as little as has something to go by."""
        result, settled = np.zeros_like(values), np.zeros_like(weights)
        for sigma in (s * self.drive_px / STEP for s in _ALONG):
            total = ndimage.gaussian_filter1d(values, sigma, axis=0, mode="nearest")
            weight = ndimage.gaussian_filter1d(weights, sigma, axis=0, mode="nearest")
            trust = np.clip(2 * weight, 0, 1) * (1 - settled)
            result += trust * total / np.maximum(weight, 1e-6)
            settled += trust
        return result / np.maximum(settled, 1e-6)

    def visible(self) -> tuple[float, float]:
        """Darkness beside the artery on either side as a share of the vein's own: what is seen."""
        if not self.own > 0:
            return 0.0, 0.0
        first, second = (self.mean_beside(side, self._integrated / self.own) for side in (-1, 1))
        return first, second

    def mean_beside(self, side: int, values: Field) -> float:
        """Mean of values along the vein, (N,), over `EDGE` beside the artery; 0 where the vein does
        not come out. `side` is -1 for the first arm and 1 for the second."""
        here = (side * self.along > 0) & (self.beyond >= 0)
        here &= self.beyond <= EDGE * self.drive_px
        return float(values[here].mean()) if here.any() else 0.0

    def artery_above(self) -> bool:
        """Whether the crossing is hardly darker than its artery beside it: the artery lies above.

        Where the vein does, the crossing has the vein's darkness and the artery's. On 359 crossings
        of three cameras this has AUC .957 against machine readings of which vessel is above; what
        it calls artery-above is so in 99 of 100, and 29 of 100 such crossings are left out.
        """
        light = np.log(cv2.GaussianBlur(self.photograph[..., 1], (0, 0), 0.4 * self.drive_px) + 2.0)
        points, along, _ = dense_line(self.artery.line)
        vein, _, _ = dense_line(self.vein.line)
        off = cKDTree(vein).query(points)[0] - self.vein.half_width
        green = ndimage.map_coordinates(light, (points[:, 1], points[:, 0]), order=1)
        way, off = np.abs(along) / self.drive_px, off / self.drive_px
        crossing = (off < 0) & (way < 8)
        beside = (off > 1.2) & (off < 6) & (way < 16)
        if not crossing.any() or not beside.any():
            return False
        return bool(np.median(green[crossing]) - np.median(green[beside]) > DARKER)


def _apart(mask: NDArray[np.bool_], touched: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The connected parts of a mask that touch another nowhere."""
    regions, count = ndimage.label(mask, np.ones((3, 3)))
    here = np.zeros(count + 1, bool)
    here[np.unique(regions[touched])] = True
    here[0] = True
    return np.asarray(~here[regions])


def _grown(mask: NDArray[np.bool_], by: float) -> NDArray[np.uint8]:
    """A mask grown by a distance (px), 0 and 1."""
    return np.asarray(ndimage.distance_transform_edt(~mask) <= by, np.uint8)
