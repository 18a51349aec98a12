"""How far a vein is narrowed where an artery crosses it: per side, as an index and as a grade.

The index follows Nguyen et al., "An automated method for retinal arteriovenous nicking
quantification from color fundus images", IEEE TBME 60 (2013): the narrowing of the vein beside the
artery against its width away from it. The grade follows from which sides are pressed: 0 none, 1 and
2 one side, 3 both sides.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from av_grading.caliber.narrowing import Arm, Side, fit_narrowing
from av_grading.caliber.width import Widths, measure_widths
from av_grading.command_line.defaults import SOURCES as SOURCES
from av_grading.formats.grade_definition import Thresholds
from av_grading.formats.labels import VEIN
from av_grading.vessels.centerline import trace

Array = NDArray[np.float64]

REACH = 23.0
"""Length of each arm that is measured, as far as the vein goes (DRIVE px)."""
HIDDEN = 1.5
"""Way from the artery's edge over which the artery's blur hides the vein (DRIVE px)."""
UNCERTAIN = 0.20
"""Largest standard error of a ratio, as a share of it, that is still a measurement."""
BRANCH = 1.25
"""The arm ends where the map's vessel is this many times (and 0.5 DRIVE px) wider than the vein:
there a branch leaves, or another vessel touches."""
NEAREST = 6.0
"""A side is measured when its first width lies within this way of the artery's edge (DRIVE px)."""
FEWEST_BESIDE = 3
"""Widths that a side needs."""
MAP_ERROR = 0.5
"""Standard error of a width in the map (DRIVE px)."""


NAMES = ("first", "second")
"""Of the two sides."""


@dataclass(frozen=True)
class Caliber:
    """One crossing, measured.

    Attributes:
        widths: along the vein.
        sides: the first, along the line's negative way, and the second; None where it could not be
            measured.
        failures: why not, for each side; empty where it was.
        edges: way from the crossing to the artery's edge on either side (px).
        stops: way from the crossing to where the vein branches or ends (px).
    """

    widths: Widths
    sides: tuple[Side | None, Side | None]
    failures: tuple[str, str]
    edges: tuple[float, float]
    stops: tuple[float, float]

    @property
    def ratios(self) -> tuple[float, float] | None:
        """Width ratios of both sides, None where one is missing."""
        first, second = self.sides
        return None if first is None or second is None else (first.ratio, second.ratio)

    @property
    def not_measurable(self) -> str:
        """Why not all was measured, or empty."""
        sides = zip(NAMES, self.failures, strict=True)
        return "; ".join(f"{name} side {text}" for name, text in sides if text)

    def columns(self, drive_px: float) -> dict[str, float]:
        """Widths and ratio of the sides that were measured, by their names in tables.

        Args:
            drive_px: length of one DRIVE px in px.
        """
        found = {}
        for name, side in zip(NAMES, self.sides, strict=True):
            if side is not None:
                own = side.own / drive_px
                found[f"own_width_{name}_drive_px"] = own
                found[f"edge_width_{name}_drive_px"] = own * side.ratio
                found[f"ratio_{name}"] = side.ratio
        return found

    @property
    def severity_index(self) -> float | None:
        """Severity, 0 to 1: mean share of the width lost on the two sides."""
        lost = [1 - min(r, 1.0) for r in self.ratios or ()]
        return sum(lost) / 2 if lost else None

    def grade(self, thresholds: Thresholds) -> int | None:
        """Grade 0-3, None where a side is missing."""
        return thresholds.grade(*self.ratios) if self.ratios else None


def measure_crossing(
    photograph: NDArray[np.uint8],
    av_map: NDArray[np.uint8],
    center: tuple[float, float],
    drive_px: float,
    source: str = "both",
) -> Caliber:
    """Measure the vein at a crossing.

    Args:
        photograph: RGB, (H, W, 3), 0-255.
        av_map: labels (H, W), 0-3.
        center: x and y of the crossing (px).
        drive_px: length of one DRIVE px in px.
        source: one of `SOURCES`.

    Raises:
        NotMeasurable: says why, with the side.
        ValueError: the sizes do not fit, or an unknown source.
    """
    if photograph.shape[:2] != av_map.shape:
        raise ValueError(f"expected a map of {photograph.shape[:2]} px, found {av_map.shape}")
    if source not in SOURCES:
        raise ValueError(f"source: expected one of {', '.join(SOURCES)}, found {source!r}")
    line = trace(av_map, VEIN, center, drive_px, REACH)
    widths = measure_widths(photograph, av_map, line, drive_px)
    return classify(widths, drive_px, source)


def classify(widths: Widths, drive_px: float, source: str = "both") -> Caliber:
    """Narrowing on both sides from the widths along a vein; arguments as `measure_crossing`.

    Raises:
        NotMeasurable: there are hardly any widths.
    """
    chosen, edges, stops = arms(widths, drive_px, source)
    sides = fit_narrowing(*chosen, drive_px)
    first, second = (_failure(c[0] / drive_px, s) for c, s in zip(chosen, sides, strict=True))
    return Caliber(
        widths,
        (None if first else sides[0], None if second else sides[1]),
        (first, second),
        edges,
        stops,
    )


def arms(
    widths: Widths, drive_px: float, source: str
) -> tuple[tuple[Arm, Arm], tuple[float, float], tuple[float, float]]:
    """Both sides of a crossing, from where the vein comes out to where it branches or ends.

    Args:
        widths: along the vein.
        drive_px: length of one DRIVE px in px.
        source: one of `SOURCES`.

    Returns:
        the sides, ways from the crossing to the artery's edges, and to where the sides stop (px).
    """
    value, error = widths_from(widths, drive_px, source)
    edges, stops, chosen = [], [], []
    for sign in (-1, 1):
        way = sign * widths.along
        covered = way[(way >= 0) & widths.covered]
        edge = float(covered.max()) if len(covered) else 0.0
        stop = _stop(way, edge, widths, drive_px)
        seen = (way > edge + HIDDEN * drive_px) & (way <= stop) & np.isfinite(value)
        seen &= ~widths.covered
        edges.append(edge)
        stops.append(stop)
        chosen.append((way[seen] - edge, value[seen], error[seen]))
    return (chosen[0], chosen[1]), (edges[0], edges[1]), (stops[0], stops[1])


def _failure(beyond: Array, side: Side) -> str:
    """Why a side is not measured; empty where it is."""
    if len(beyond) < FEWEST_BESIDE or beyond.min() > NEAREST:
        return "hidden: the vein is not seen beside the artery"
    if side.log_error > UNCERTAIN:
        return (
            f"uncertain: the ratio has a standard error of {side.log_error:.1%}, expected "
            f"{UNCERTAIN:.0%} or less"
        )
    return ""


def widths_from(widths: Widths, drive_px: float, source: str) -> tuple[Array, Array]:
    """Width and its standard error at every point (px), each (N,), from one of `SOURCES`.

    For "both" the map's widths are first brought to the photograph's level: hands draw walls
    further in or out, all along.
    """
    in_map = np.maximum(widths.mask, 0.25 * drive_px)
    off = MAP_ERROR * drive_px
    if source == "map":
        return in_map, np.full_like(in_map, off)
    if source == "photograph":
        return widths.width, widths.error
    free = ~widths.covered & np.isfinite(in_map)
    level = float(np.median((widths.width / in_map)[free])) if free.any() else 1.0
    mean = np.sqrt(widths.width * in_map * level)
    share = np.hypot(widths.error / widths.width, off / in_map) / 2
    known = np.isfinite(in_map)
    return np.where(known, mean, widths.width), np.where(known, share * mean, widths.error)


def _stop(way: Array, edge: float, widths: Widths, drive_px: float) -> float:
    """Way to the first branch of an arm, or to its end (px)."""
    beyond = (way > edge) & np.isfinite(widths.mask)
    if not beyond.any():
        return edge
    usual = float(np.median(widths.mask[beyond]))
    wide = beyond & (widths.mask > BRANCH * usual + 0.5 * drive_px)
    wide &= way > edge + 3 * drive_px
    if not wide.any():
        return float(way[beyond].max())
    return float(way[wide].min()) - 1.5 * drive_px
