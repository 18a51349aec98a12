"""Squeeze a vein where it is crossed: pixels are moved, none is invented.

Across the vein, what lies within its wall is drawn together by a known factor and what lies beside
it is stretched until, some way off, nothing moves; along it the factor goes from that at the
artery's edge to 1. The artery lies on top and stays as it is.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from av_grading.formats.labels import ARTERY, BACKGROUND, OVERLAP, VEIN
from av_grading.simulation.crossing_window import CrossingWindow
from av_grading.simulation.effects.effect import Column, Wanted
from av_grading.simulation.grades import MARGIN, GradeRule
from av_grading.simulation.vein import Field, Vein, dense_line, nearest_points

NARROWEST = 0.35
LENGTH = (6.0, 12.0)
"""Shortest and longest narrowing (DRIVE px)."""
REST = 2.5
"""Distance from the centreline, in half widths of the vein, from which on nothing moves."""


@dataclass(frozen=True)
class Squeeze:
    """How far a vein is pressed on the two sides of the artery.

    Attributes:
        first, second: width at the artery's edge as a share of the vein's own, 0.2-1, on the
            side of the line's first and second arm.
        length: way along the vein, from the artery's edge, after which it has its own width again
            (DRIVE px).
        swelling: by how much of its own width the vein is wider beyond a narrowing, 0-0.6: it
            rises and falls over another `length`, where a side is narrowed.
        deflection: how far the vein is bent aside at the artery's edge (DRIVE px, its sign says
            to which side), falling off over `length`.
    """

    first: float = 1.0
    second: float = 1.0
    length: float = 10.0
    swelling: float = 0.0
    deflection: float = 0.0

    def __post_init__(self) -> None:
        for name in ("first", "second"):
            if not 0.2 <= getattr(self, name) <= 1:
                raise ValueError(f"{name}: expected 0.2 to 1, found {getattr(self, name)}")
        if not 0 <= self.swelling <= 0.6:
            raise ValueError(f"swelling: expected 0 to 0.6, found {self.swelling}")
        if abs(self.deflection) > 4:
            raise ValueError(f"deflection: expected -4 to 4 DRIVE px, found {self.deflection}")
        if self.length <= 0:
            raise ValueError(f"length: expected more than 0 DRIVE px, found {self.length}")


class RandomSqueeze:
    """Squeezes of a grade; with shares more than 0, now and then swollen beyond or bent aside.

    Args:
        swollen_share, bent_share: of draws that have it.
    """

    name = "squeeze"
    columns: tuple[Column, ...] = (
        Column(
            "ratio_first", "share", "The vein's width beside the artery over its own, first arm."
        ),
        Column("ratio_second", "share", "The same on the second arm."),
        Column("length_drive_px", "DRIVE px", "Way over which the vein's width comes back."),
    )

    def __init__(self, swollen_share: float = 0.0, bent_share: float = 0.0) -> None:
        self.swollen_share, self.bent_share = swollen_share, bent_share
        if swollen_share or bent_share:
            self.columns = (
                *self.columns,
                Column("swelling", "share", "By how much the vein is wider beyond a narrowing."),
                Column("deflection_drive_px", "DRIVE px", "How far it is bent aside."),
            )

    def draw(self, rng: np.random.Generator, wanted: Wanted, window: CrossingWindow) -> Squeeze:
        """Draw a squeeze of the grade, of this vein as it is."""
        amount = draw_squeeze(rng, wanted.grade, wanted.rule)
        if not wanted.alone and self.swollen_share and rng.random() < self.swollen_share:
            amount = replace(amount, swelling=float(rng.uniform(0, 0.3)))
        if not wanted.alone and self.bent_share and rng.random() < self.bent_share:
            amount = replace(amount, deflection=float(rng.uniform(-1.5, 1.5)))
        return pressed_to(window.vein, amount)

    def apply(self, window: CrossingWindow, amount: Squeeze) -> CrossingWindow:
        """The crossing with its vein squeezed."""
        if amount == Squeeze(length=amount.length):
            return window
        pixels = window.photograph, window.av_map
        photograph, av_map = squeeze(*pixels, window.vein, amount, window.drive_px)
        return replace(window, photograph=photograph, av_map=av_map)

    def truth(self, window: CrossingWindow, amount: Squeeze) -> dict[str, float]:
        """Widths that come of it, and what else was drawn."""
        first, second = window.vein.at_edge
        values = (amount.first * first, amount.second * second, amount.length)
        more = (amount.swelling, amount.deflection)
        named = [column.name for column in self.columns]
        return dict(zip(named, (*values, *more), strict=False))


def pressed_to(vein: Vein, wanted: Squeeze) -> Squeeze:
    """The squeeze after which a vein's sides are as wide as `wanted` says, as shares of its own
    width; a side that is no wider anyway, or that is not to be pressed, stays as it is."""
    first, second = (
        min(1.0, share / width) if share < 1 else 1.0
        for share, width in zip((wanted.first, wanted.second), vein.at_edge, strict=True)
    )
    return replace(wanted, first=first, second=second)


def draw_squeeze(rng: np.random.Generator, grade: int, rule: GradeRule) -> Squeeze:
    """Draw a squeeze of a grade: widths evenly within the grade, on either side.

    Half of grade 0 are crossings as they are, so that moving pixels is no sign of nicking.
    """
    length = float(rng.uniform(*LENGTH))
    free = float(rng.uniform(rule.pressed + MARGIN, 1.0))
    if grade == 0:
        if rng.random() < 0.5:
            return Squeeze(1.0, 1.0, length)
        return Squeeze(free, float(rng.uniform(rule.pressed + MARGIN, 1.0)), length)
    if grade == 3:
        both = rng.uniform(NARROWEST, rule.pressed - MARGIN, 2)
        return Squeeze(float(both[0]), float(both[1]), length)
    low, high = (rule.moderate, rule.pressed) if grade == 1 else (NARROWEST, rule.moderate)
    pressed = float(rng.uniform(low + (MARGIN if grade == 1 else 0), high - MARGIN))
    return Squeeze(pressed, free, length) if rng.random() < 0.5 else Squeeze(free, pressed, length)


def squeeze(
    photograph: NDArray[np.uint8],
    av_map: NDArray[np.uint8],
    vein: Vein,
    amount: Squeeze,
    drive_px: float,
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Squeeze the vein in a photograph and its map alike.

    Args:
        photograph: RGB, (H, W, 3), 0-255.
        av_map: labels (H, W), 0-3.
        vein: the vein, in px of both.
        amount: how far.
        drive_px: length of one DRIVE px in px.

    Returns:
        The same two, squeezed.
    """
    moved_x, moved_y = displacement(av_map, vein, amount, drive_px)
    rows, columns = np.mgrid[: av_map.shape[0], : av_map.shape[1]].astype(np.float32)
    x, y = columns + np.float32(moved_x), rows + np.float32(moved_y)
    squeezed = cv2.remap(photograph, x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
    # Labels move as shares of a pixel do; the nearest label would leave steps along the wall.
    shares = [
        cv2.remap((av_map == k).astype(np.float32), x, y, cv2.INTER_LINEAR)
        for k in (BACKGROUND, ARTERY, VEIN, OVERLAP)
    ]
    return np.asarray(squeezed), np.argmax(shares, axis=0).astype(np.uint8)


def displacement(
    av_map: NDArray[np.uint8], vein: Vein, amount: Squeeze, drive_px: float
) -> tuple[Field, Field]:
    """Where every pixel comes from: x and y to add to its own position, each (H, W), in px."""
    points, along, normals = dense_line(vein.line)
    rest = REST * vein.half_width + drive_px
    pixels, nearest, inside = nearest_points(av_map.shape, points, rest)
    across = np.einsum("ij,ij->i", pixels - points[nearest], normals[nearest])
    factor = _factor(along, vein, amount, drive_px)[nearest]
    # Bent aside, the vein's middle lies off its line; less and less towards where nothing moves.
    aside = _aside(along, vein, amount, drive_px)[nearest]
    aside = aside * np.clip(1 - np.abs(across) / rest, 0, 1)
    around = across - aside
    source = _source(np.abs(around), factor, vein.half_width, rest)
    # Beyond the line's ends the nearest point is its end, and nothing moves there.
    move = np.where(inside, np.sign(around) * source - across, 0.0)
    move *= 1 - _covering(av_map, drive_px).ravel()
    moved = move[:, None] * normals[nearest]
    return moved[:, 0].reshape(av_map.shape), moved[:, 1].reshape(av_map.shape)


def _factor(along: Field, vein: Vein, amount: Squeeze, drive_px: float) -> Field:
    """Width as a share of the vein's own at each point of the line."""
    factor = np.ones_like(along)
    length = amount.length * drive_px
    for side, least, covered in zip(
        (-1, 1), (amount.first, amount.second), vein.covered, strict=True
    ):
        way = side * along
        beyond = np.clip((way - covered) / length, 0, 1)
        rising = least + (1 - least) * (0.5 - 0.5 * np.cos(np.pi * beyond))
        if least < 1:
            after = np.clip((way - covered) / length - 0.7, 0, 1)
            rising = rising + amount.swelling * np.sin(np.pi * after) ** 2
        factor = np.where(way >= 0, rising, factor)
    return factor


def _aside(along: Field, vein: Vein, amount: Squeeze, drive_px: float) -> Field:
    """How far the vein is bent aside at each point of the line, along its normals (px)."""
    if amount.deflection == 0:
        return np.zeros_like(along)
    length = amount.length * drive_px
    reach = np.where(along < 0, -along - vein.covered[0], along - vein.covered[1])
    falling = 0.5 + 0.5 * np.cos(np.pi * np.clip(np.abs(reach) / length, 0, 1))
    return amount.deflection * drive_px * falling * np.sign(along)


def _source(away: Field, factor: Field, half: float, rest: float) -> Field:
    """Distance from the centreline that a pixel at distance `away` is taken from.

    Within the squeezed wall (factor * half) the vein is drawn together; from there to `rest` the
    surroundings are stretched, evenly.
    """
    wall = factor * half
    stretched = half + (away - wall) * (rest - half) / (rest - wall)
    return np.where(away <= wall, away / factor, np.where(away < rest, stretched, away))


def _covering(av_map: NDArray[np.uint8], drive_px: float) -> NDArray[np.float32]:
    """1 on the artery, 0 away from it, smooth in between over a fraction of a DRIVE px."""
    artery = ((av_map == ARTERY) | (av_map == OVERLAP)).astype(np.float32)
    grown = cv2.dilate(artery, np.ones((3, 3), np.uint8))
    smooth = cv2.GaussianBlur(grown, (0, 0), max(0.5, 0.3 * drive_px))
    return np.asarray(np.maximum(artery, smooth), np.float32)
