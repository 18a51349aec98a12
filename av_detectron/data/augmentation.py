"""Training crops: a deterministic core (`Crop`, `Tint`) inside a random shell (`draw_*`)."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from av_detectron.data.contrast import MIDDLE
from av_detectron.data.photograph import WorkingPhotograph


@dataclass(frozen=True)
class Crop:
    """A square window of a photograph, rotated, zoomed and flipped.

    Attributes:
        center: x and y of the photograph's point that comes to the middle of the crop (px).
        size: side of the crop (px).
        angle: rotation (degrees).
        zoom: crop px per photograph px.
        flip: mirror left and right.
    """

    center: tuple[float, float]
    size: int
    angle: float = 0.0
    zoom: float = 1.0
    flip: bool = False

    @property
    def matrix(self) -> NDArray[np.float64]:
        """Affine map, (2, 3), from the photograph to the crop; pixel centres at integers."""
        turn = np.deg2rad(self.angle)
        linear = self.zoom * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
        if self.flip:
            linear[0] *= -1
        middle = (self.size - 1) / 2
        shift = middle - linear @ np.array(self.center)
        return np.concatenate([linear, shift[:, None]], axis=1)

    def image(self, pixels: NDArray[np.uint8], outside: int = 0) -> NDArray[np.uint8]:
        """Cut (H, W) or (H, W, C) out, `outside` where the photograph ends."""
        return np.asarray(
            cv2.warpAffine(
                pixels,
                self.matrix,
                (self.size, self.size),
                flags=cv2.INTER_LINEAR,
                borderMode=cv2.BORDER_CONSTANT,
                borderValue=(outside,) * 3,
            )
        )

    def labels(self, labels: NDArray[np.uint8], outside: int) -> NDArray[np.uint8]:
        """Cut labels (H, W) out without mixing them, `outside` where the photograph ends."""
        return np.asarray(
            cv2.warpAffine(
                labels,
                self.matrix,
                (self.size, self.size),
                flags=cv2.INTER_NEAREST,
                borderMode=cv2.BORDER_CONSTANT,
                borderValue=outside,
            )
        )

    def points(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Positions (N, 2) in the crop."""
        return points @ self.matrix[:, :2].T + self.matrix[:, 2]


@dataclass(frozen=True)
class Tint:
    """A change of colour, about `MIDDLE`, where photographs of normalised contrast are grey.

    Attributes:
        contrast, saturation: factors, 1 for none.
        gains: a factor for each of red, green and blue.
        offsets: added to each channel at the end (grey levels, 0-255).
    """

    contrast: float = 1.0
    saturation: float = 1.0
    gains: tuple[float, float, float] = (1.0, 1.0, 1.0)
    offsets: tuple[float, float, float] = (0.0, 0.0, 0.0)

    def image(self, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """RGB (H, W, 3), 0-255 → the same."""
        values = pixels.astype(np.float32) - MIDDLE
        grey = values.mean(axis=2, keepdims=True)
        values = (grey + (values - grey) * self.saturation) * self.contrast
        values = values * np.array(self.gains, np.float32) + np.array(self.offsets, np.float32)
        return np.asarray((values + MIDDLE).clip(0, 255).round(), np.uint8)


def draw_crop(
    rng: np.random.Generator,
    photograph: WorkingPhotograph,
    *,
    size: int,
    crossing_share: float,
    rotation: float,
    zoom: float,
) -> Crop:
    """Draw a crop, around a crossing with probability `crossing_share`, else in the FOV.

    The crossing lies anywhere in the inner three quarters of its crop, so that the detector
    cannot learn that crossings are in the middle. Crops do not reach beyond the FOV further
    than they must.
    """
    factor = float(np.exp(rng.uniform(-np.log(zoom), np.log(zoom))))
    if len(photograph.centers) and rng.random() < crossing_share:
        x, y = photograph.centers[rng.integers(len(photograph.centers))]
        x, y = np.array((x, y)) + rng.uniform(-0.375, 0.375, 2) * size / factor
    else:
        x, y = photograph.fov_center
        distance = 0.45 * photograph.fov_diameter * np.sqrt(rng.random())
        turn = rng.uniform(0, 2 * np.pi)
        x, y = x + distance * np.cos(turn), y + distance * np.sin(turn)
    reach = max(0.0, (photograph.fov_diameter - size / factor) / 2)
    middle = np.array(photograph.fov_center)
    x, y = np.clip((x, y), middle - reach, middle + reach)
    return Crop(
        center=(float(x), float(y)),
        size=size,
        angle=float(rng.uniform(-rotation, rotation)),
        zoom=factor,
        flip=bool(rng.random() < 0.5),
    )


def draw_tint(rng: np.random.Generator, strength: float) -> Tint:
    """Draw a change of colour: contrast and saturation from 1 - strength to 1 + strength, gains
    half as far from 1, offsets up to 64 times the strength either way."""
    contrast, saturation = 1 + strength * rng.uniform(-1, 1, 2)
    red, green, blue = 1 + 0.5 * strength * rng.uniform(-1, 1, 3)
    offsets = 64 * strength * rng.uniform(-1, 1, 3)
    return Tint(
        contrast=float(contrast),
        saturation=float(saturation),
        gains=(float(red), float(green), float(blue)),
        offsets=(float(offsets[0]), float(offsets[1]), float(offsets[2])),
    )
