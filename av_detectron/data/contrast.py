"""Local contrast: every photograph against its own background, whatever the camera and the light.

Vessels differ from what is around them by some grey levels, photographs from each other by many.
Taking the local mean away and dividing by what is left's spread (in the manner of B. Graham's
report to the Kaggle diabetic retinopathy competition, 2015) leaves the vessels, with the
difference in colour between artery and vein.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from av_detectron.data.fov import FieldOfView, fov_circle

MIDDLE = 128.0
"""Value of a pixel like its surroundings, and of pixels outside the field of view."""
SPREAD = 40.0
"""Standard deviation of a normalised channel inside the field of view."""


def normalise_contrast(
    image: NDArray[np.uint8], radius: float, center: tuple[float, float], diameter: float
) -> NDArray[np.uint8]:
    """Normalise a photograph (H, W, 3), 0-255, channel by channel.

    Args:
        image: the photograph.
        radius: of the surroundings: standard deviation of the Gaussian window (px).
        center: x and y of the field of view (px).
        diameter: of the field of view (px).

    Returns:
        (H, W, 3), 0-255, `MIDDLE` outside the field of view.
    """
    circle = fov_circle(FieldOfView(diameter, *center), image.shape)
    brightest = np.maximum(np.maximum(image[..., 0], image[..., 1]), image[..., 2])
    inside = circle & (brightest > 0.1 * np.percentile(brightest[circle], 90))
    counted = inside.astype(np.float32)
    weight = np.maximum(_blur(counted, radius), 1e-3)
    rest = image.astype(np.float32)
    rest *= counted[..., None]
    rest -= _blur(rest, radius) / weight[..., None] * counted[..., None]
    spread = np.sqrt(np.square(rest).sum(axis=(0, 1)) / max(int(inside.sum()), 1))
    rest *= SPREAD
    rest /= np.maximum(spread, 1.0)
    rest += MIDDLE
    return np.asarray(np.rint(rest, out=rest).clip(0, 255), np.uint8)


def _blur(values: NDArray[np.float32], radius: float) -> NDArray[np.float32]:
    """Gaussian blur; three box filters, whose time does not grow with the radius."""
    side = 2 * round(radius) + 1
    for _ in range(3):
        values = np.asarray(cv2.blur(values, (side, side)), np.float32)
    return values
