"""The optic disc: where it is in a photograph, and how far from it things are.

Distances are told in disc diameters, the clinic's unit: cameras of one nominal angle differ by
almost two in magnification, so that a length in px, or as a share of the field of view, is not the
same length in two eyes.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from av_detectron.data.errors import InputFileError
from av_detectron.data.fov import circle_mask

COLUMNS = ("set", "split", "image", "disc_x_px", "disc_y_px", "disc_diameter_px")
"""Of discs.csv: a row per photograph; empty positions say that no disc is to be seen."""
LEAST_DIAMETER = 30.0
"""What is smaller is no disc (DRIVE px; discs of cameras in use have 59 to 111)."""
LEAST_SCORE = 0.5
"""Least mean probability inside the circle."""
ZONES = ((0.0, "disc"), (0.5, "A"), (1.0, "B"), (2.0, "C"))
"""Zones by distance from the disc's margin (disc diameters): upper end and name, as VascX and
AutoMorph name them: A up to 0.5, B from 0.5 to 1, C from 1 to 2; beyond there is none."""


@dataclass(frozen=True)
class OpticDisc:
    """The optic disc, taken as a circle.

    Attributes:
        x, y: centre (px of the photograph; pixel centres at integers).
        diameter: (px).
        score: how sure, 0-1; 1 for a label.
    """

    x: float
    y: float
    diameter: float
    score: float = 1.0

    def distance(self, x: float, y: float) -> float:
        """Distance of a position (px) from the centre, in disc diameters.

        >>> OpticDisc(100, 100, 80).distance(100, 180)
        1.0
        """
        return math.hypot(x - self.x, y - self.y) / self.diameter

    def zone(self, x: float, y: float) -> str:
        """Zone of a position: "disc", "A", "B", "C", or "" beyond, see `ZONES`.

        >>> " ".join(OpticDisc(100, 100, 80).zone(100, y) for y in (120, 150, 210, 250))
        'disc A B C'
        """
        from_margin = self.distance(x, y) - 0.5
        return next((name for end, name in ZONES if from_margin < end), "")

    def quadrant(self, x: float, y: float) -> str:
        """Where a position lies as seen from the disc: "upper" or "lower", "left" or "right".

        >>> OpticDisc(100, 100, 80).quadrant(20, 300)
        'lower left'
        """
        return f"{'upper' if y < self.y else 'lower'} {'left' if x < self.x else 'right'}"

    def moved(self, scale: tuple[float, float]) -> "OpticDisc":
        """The same disc after the photograph is resized by factors along x and y."""
        size = self.diameter * math.sqrt(scale[0] * scale[1])
        x, y = (self.x + 0.5) * scale[0] - 0.5, (self.y + 0.5) * scale[1] - 0.5
        return OpticDisc(x, y, size, self.score)


def fit_disc(probability: NDArray[np.float32], drive_px: float) -> OpticDisc | None:
    """The disc of a probability map, or None where there is none.

    The largest region of at least 1/2 becomes the circle of its area around its centroid; a region
    that the frame cuts is measured by what the frame leaves of it.

    Args:
        probability: (H, W), 0-1.
        drive_px: length of one DRIVE px in px of the map.
    """
    count, labels, stats, centroids = cv2.connectedComponentsWithStats(
        (probability >= 0.5).astype(np.uint8)
    )
    if count < 2:
        return None
    largest = 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))
    diameter = 2 * math.sqrt(float(stats[largest, cv2.CC_STAT_AREA]) / math.pi)
    score = float(probability[labels == largest].mean())
    if diameter < LEAST_DIAMETER * drive_px or score < LEAST_SCORE:
        return None
    x, y = (float(v) for v in centroids[largest])
    return OpticDisc(x, y, diameter, score)


def draw_disc(disc: OpticDisc, shape: tuple[int, int]) -> NDArray[np.uint8]:
    """The disc as a mask (H, W) = `shape`, 0 or 1."""
    return circle_mask(disc.x, disc.y, disc.diameter, shape).astype(np.uint8)


def read_discs(path: Path) -> Mapping[tuple[str, str, str], OpticDisc | None]:
    """Read discs.csv: (set, split, image's file name) → its disc, None where none is to be seen.

    Raises:
        InputFileError: unreadable, other columns, a photograph twice, or a row that is no circle.
    """
    import pandas as pd  # here: detecting alone does not need it

    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        raise InputFileError(path, f"not a readable CSV file: {error}") from error
    missing = [c for c in COLUMNS if c not in table.columns]
    if missing:
        raise InputFileError(
            path, f"expected the columns {','.join(COLUMNS)}, found {','.join(table.columns)}"
        )
    discs: dict[tuple[str, str, str], OpticDisc | None] = {}
    for line, row in enumerate(table[list(COLUMNS)].itertuples(index=False), start=2):
        key = str(row[0]), str(row[1]), str(row[2])
        if key in discs:
            raise InputFileError(
                path, f"line {line}: expected {'/'.join(key)} once, found it again"
            )
        discs[key] = _circle(path, line, [str(v) for v in row[3:]])
    return discs


def _circle(path: Path, line: int, values: list[str]) -> OpticDisc | None:
    if not any(values):
        return None
    try:
        x, y, diameter = (float(v) for v in values)
    except ValueError as error:
        raise InputFileError(
            path, f"line {line}: expected numbers x, y, diameter, found {','.join(values)}"
        ) from error
    if not (math.isfinite(x) and math.isfinite(y) and 0 < diameter < math.inf):
        raise InputFileError(
            path,
            f"line {line}: expected a circle with a diameter above 0, found {','.join(values)}",
        )
    return OpticDisc(x, y, diameter)
