"""Standard pictures of the grades and of single signs: one crossing, nicked further and further as
patients have it, then with one sign alone."""

import numpy as np
from numpy.typing import NDArray

from av_grading.simulation.crossing_window import open_window
from av_grading.simulation.effects.banking import Banking
from av_grading.simulation.effects.bending import Bending
from av_grading.simulation.effects.concealment import Concealment
from av_grading.simulation.effects.taper import Taper
from av_grading.simulation.protocols import PROTOCOLS, Drawn

AMOUNTS = {
    0: (Taper(0.9, 0.9, 1.5), Concealment(), Banking(), Bending()),
    1: (Taper(0.9, 0.68, 1.8), Concealment(0, 0.05, 1.8), Banking(), Bending()),
    2: (Taper(0.9, 0.4, 2.2), Concealment(0, 0.6, 2.0, 0, 0.2), Banking(), Bending()),
    3: (Taper(0.4, 0.4, 2.2), Concealment(0.7, 0.8, 2.0, 0.2, 0.3), Banking(), Bending(0.8)),
}
"""Grade → amounts of the clinical protocol's effects."""

SIGN_AMOUNTS = {
    "concealment": (
        Taper(0.9, 0.9, 1.5),
        Concealment(0.75, 0.75, 2.2, 0.3, 0.3),
        Banking(),
        Bending(),
    ),
    "tapering": (Taper(0.3, 0.3, 2.6), Concealment(), Banking(), Bending()),
    "deflection": (Taper(0.9, 0.9, 1.5), Concealment(), Banking(), Bending(2.8, 7.0)),
    "banking": (Taper(0.6, 0.6, 1.8), Concealment(), Banking(0, 0.6, 1.1), Bending()),
}
"""Sign → amounts that show it alone."""


def draw_sign_standards(
    photograph: NDArray[np.uint8],
    av_map: NDArray[np.uint8],
    center: tuple[float, float],
    drive_px: float,
    side: float,
    pixels: int,
) -> dict[str, NDArray[np.uint8]]:
    """Pictures of a crossing with each sign of `SIGN_AMOUNTS` alone, (pixels, pixels, 3).

    Args and Raises: as `draw_standards`, but for the grade.
    """
    window = open_window(photograph, av_map, center, drive_px, side).measure()
    drawn = {}
    for sign, amounts in SIGN_AMOUNTS.items():
        drawn[sign], _ = Drawn(PROTOCOLS["clinical"], 0, amounts).apply(window).patch(side, pixels)
    return drawn


def draw_standards(
    photograph: NDArray[np.uint8],
    av_map: NDArray[np.uint8],
    center: tuple[float, float],
    drive_px: float,
    side: float,
    pixels: int,
) -> dict[int, NDArray[np.uint8]]:
    """Pictures of a crossing, its artery above, with each grade, (pixels, pixels, 3).

    Args:
        photograph: RGB, (H, W, 3).
        av_map: labels, (H, W).
        center: x and y of the crossing (px).
        drive_px: length of one DRIVE px in px.
        side: of the pictures (DRIVE px).
        pixels: likewise (px).

    Raises:
        NotMeasurable: nicking cannot be drawn there.
        ValueError: what is left to see is not of the grade.
    """
    protocol = PROTOCOLS["clinical"]
    window = open_window(photograph, av_map, center, drive_px, side).measure()
    drawn = {}
    for grade, amounts in AMOUNTS.items():
        nicked = Drawn(protocol, grade, amounts)
        seen = nicked.shares(window)
        if protocol.rule.grade(*seen) != grade:
            found = " and ".join(f"{share:.2f}" for share in seen)
            raise ValueError(f"grade {grade}: found {found} of the vein left to see")
        drawn[grade], _ = nicked.apply(window).patch(side, pixels)
    return drawn
