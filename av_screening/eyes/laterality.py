"""Which eye a photograph shows, guessed from where its optic disc lies.

The disc lies on the nose's side of the macula. So in a photograph whose middle is the macula, taken
and stored the usual way (upright, not mirrored), a disc right of the middle is that of a right eye
(OD), one left of it that of a left eye (OS). In a photograph whose middle is the disc its place
says nothing, and the score without a vessel map is 0. With one, the macula's side can still be
told: level with the disc it has fewer vessels. How often that is right has not been measured.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RIGHT, LEFT = "OD", "OS"
CENTRED, SURE = 0.2, 0.5
"""Distances of the disc from the middle, along x (radii of the field of view): up to the first the
photograph is disc-centred, from the second on the place alone is sure. In a macula-centred
photograph of 45 degrees it is some 0.7."""
SURE_SCORE = 0.5
"""Guesses below this score are none: tables leave the eye empty."""
VESSELS_SHARE, FULL_ASYMMETRY = 0.6, 0.3
"""Largest part of the score that vessels alone can give, and the asymmetry that gives it."""
BAND = 0.5
"""Half height of the band, level with the disc, in which vessels are counted (disc diameters)."""
REACH = (1.0, 1.8, 3.0)
"""Where the band begins, and where it ends at least and at most, from the disc's centre (disc
diameters), as the field of view allows on both sides alike; the macula is at 2.5."""


@dataclass(frozen=True)
class EyeGuess:
    """A guess of laterality.

    Attributes:
        eye: "OD" (right) or "OS" (left), empty where nothing tells them apart.
        score: how sure, 0-1; not a probability.
    """

    eye: str
    score: float

    @property
    def sure_eye(self) -> str:
        """The eye where the score is `SURE_SCORE` or more, else empty."""
        return self.eye if self.score >= SURE_SCORE else ""


def guess_eye(
    disc: tuple[float, float, float],
    fov: tuple[float, float, float],
    vessels: NDArray[np.bool_] | None = None,
) -> EyeGuess:
    """Guess the eye of a photograph.

    Args:
        disc: x, y and diameter of the optic disc (px).
        fov: x, y and diameter of the field of view (px).
        vessels: vessel map (H, W) in the same px, which helps where the disc is in the middle.

    >>> guess_eye((900, 500, 150), (500, 500, 1000)).eye
    'OD'
    >>> guess_eye((490, 500, 150), (500, 500, 1000)).sure_eye
    ''
    """
    offset = (disc[0] - fov[0]) / (fov[2] / 2)
    towards_right = np.sign(offset) * np.clip((abs(offset) - CENTRED) / (SURE - CENTRED), 0, 1)
    if vessels is not None:
        asymmetry = vessel_asymmetry(disc, fov, vessels)
        towards_right += VESSELS_SHARE * np.clip(asymmetry / FULL_ASYMMETRY, -1, 1)
    eye = RIGHT if towards_right > 0 else LEFT if towards_right < 0 else ""
    return EyeGuess(eye, round(min(1.0, abs(float(towards_right))), 3))


def vessel_asymmetry(
    disc: tuple[float, float, float],
    fov: tuple[float, float, float],
    vessels: NDArray[np.bool_],
) -> float:
    """How much more vessel lies right of the disc, level with it, than left of it: -1 to 1.

    The macula's side has less; more on the right speaks for a left macula, that is for a right
    eye. 0 where the field of view ends before the macula on either side.
    """
    x, y, diameter = disc
    top, bottom = round(y - BAND * diameter), round(y + BAND * diameter) + 1
    band = vessels[max(0, top) : max(0, bottom)]
    near, least, most = (round(reach * diameter) for reach in REACH)
    middle = round(x)
    edges = max(0.0, fov[0] - fov[2] / 2), min(float(vessels.shape[1]), fov[0] + fov[2] / 2)
    far = min(most, int(middle - edges[0]), int(edges[1] - middle))
    if far < least or not band.size:
        return 0.0
    left = float(band[:, middle - far : middle - near].mean())
    right = float(band[:, middle + near : middle + far].mean())
    return (right - left) / (right + left) if right + left > 0 else 0.0
