"""How well narrowing is measured: on simulated nicking, whose width ratios are known."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr

from av_grading.caliber.measure import Measured
from av_grading.caliber.severity import SOURCES, Caliber, classify
from av_grading.formats.errors import InputFileError, NotMeasurable
from av_grading.formats.grade_definition import Thresholds
from av_grading.formats.manifest import GradedPatch

Array = NDArray[np.float64]

NEEDED = ("ratio_first", "ratio_second", "first_x_px", "first_y_px")
"""Columns of a simulated manifest that say the truth."""
TUNED = 4
"""Every so many-th crossing, in order of group and place, thresholds were set on; left out."""


@dataclass(frozen=True)
class Ratios:
    """Width ratios of both sides of N patches.

    Attributes:
        true: (N, 2), the first side's and the second's.
        crossings: which crossing of which photograph each patch shows, (N,).
        sources: of the photographs, (N,).
        measured: source → (N, 2); NaN where it was not measured.
    """

    true: Array
    crossings: NDArray[np.int64]
    sources: NDArray[np.str_]
    measured: dict[str, Array]


def true_ratios(row: GradedPatch) -> tuple[float, float]:
    """Ratios of the first and the second side.

    Raises:
        InputFileError: the manifest does not have them.
    """
    try:
        return float(row.more["ratio_first"]), float(row.more["ratio_second"])
    except (KeyError, ValueError) as error:
        raise InputFileError(
            row.patch, f"expected a simulated manifest with {', '.join(NEEDED)} ({error!r})"
        ) from error


def same_order(row: GradedPatch, measured: Measured) -> bool:
    """Whether the measured first side is the manifest's.

    Raises:
        InputFileError: the manifest does not say where its first side lies.
    """
    try:
        end = np.array([float(row.more["first_x_px"]), float(row.more["first_y_px"])])
    except (KeyError, ValueError) as error:
        raise InputFileError(
            row.patch, f"expected first_x_px and first_y_px in the manifest ({error!r})"
        ) from error
    if measured.widths is None:
        return True
    points = measured.widths.points
    return bool(np.linalg.norm(points[0] - end) <= np.linalg.norm(points[-1] - end))


def collect(rows: Sequence[Measured]) -> Ratios:
    """True and measured ratios with the sides in the manifest's order.

    Raises:
        InputFileError: see `true_ratios` and `same_order`.
    """
    true = np.array([true_ratios(m.row) for m in rows])
    measured = {source: np.full((len(rows), 2), np.nan) for source in SOURCES}
    for number, found in enumerate(rows):
        if found.widths is None:
            continue
        forward = same_order(found.row, found)
        for source in SOURCES:
            try:
                caliber = classify(found.widths, found.drive_px, source)
            except NotMeasurable:
                continue
            ratios = [np.nan if s is None else s.ratio for s in caliber.sides]
            measured[source][number] = ratios if forward else ratios[::-1]
    places = [_place(m.row) for m in rows]
    numbers = {place: number for number, place in enumerate(sorted(set(places)))}
    sources = np.array([m.row.source.removeprefix("simulated:") for m in rows])
    return Ratios(true, np.array([numbers[p] for p in places]), sources, measured)


def left_out(rows: Sequence[GradedPatch]) -> NDArray[np.bool_]:
    """Crossings on which thresholds were set, (N,)."""
    places = [_place(r) for r in rows]
    tuned = set(sorted(set(places))[::TUNED])
    return np.array([p in tuned for p in places])


def ratio_metrics(ratios: Ratios, rows: NDArray[np.int64]) -> dict[str, float]:
    """Rank correlations of measured and true ratios, sides pooled, and shares measured.

    Args:
        ratios: of all patches.
        rows: which of them, with repeats in a resample.

    Returns:
        `ratio_spearman` (of "both") and `measurable_share`, the same for each source of widths by
        name and for each set of photographs; `narrower_ratio_spearman` of the smaller of both
        ratios, where both were measured; and `ratio_spearman_within_crossings`, of the differences
        between the draws of one crossing, which leave out what its vein looks like by itself.
    """
    found: dict[str, float] = {}
    true = ratios.true[rows]
    for source, values in ratios.measured.items():
        chosen = values[rows]
        known = np.isfinite(chosen)
        suffix = "" if source == SOURCES[0] else f"_{source}"
        found[f"ratio_spearman{suffix}"] = _rank(true[known], chosen[known])
        found[f"measurable_share{suffix}"] = float(known.mean())
        both = known.all(axis=1)
        narrower = chosen[both].min(axis=1), true[both].min(axis=1)
        found[f"narrower_ratio_spearman{suffix}"] = _rank(*narrower)
    chosen = ratios.measured[SOURCES[0]][rows]
    for name in np.unique(ratios.sources):
        of_set = np.isfinite(chosen) & (ratios.sources[rows] == name)[:, None]
        found[f"ratio_spearman_{name}"] = _rank(true[of_set], chosen[of_set])
    found["ratio_spearman_within_crossings"] = _rank(
        *(_without_means(v, np.isfinite(chosen), ratios.crossings[rows]) for v in (true, chosen))
    )
    return found


def _without_means(values: Array, known: NDArray[np.bool_], crossings: NDArray[np.int64]) -> Array:
    """Logs of known values less their crossing's and side's mean, flat."""
    logs = np.log(np.where(known, values, 1.0))
    count, total = (np.zeros((int(crossings.max()) + 1, 2)) for _ in range(2))
    np.add.at(count, crossings, known.astype(float))
    np.add.at(total, crossings, np.where(known, logs, 0.0))
    means = total / np.maximum(count, 1)
    return np.asarray((logs - means[crossings])[known & (count > 1)[crossings]])


def caliber_grades(measured: Sequence[Measured], thresholds: Thresholds) -> list[int | None]:
    """Grade of every crossing in the manner of Nguyen, None where a side is missing."""
    calibers: list[Caliber | None] = [m.caliber for m in measured]
    return [None if c is None else c.grade(thresholds) for c in calibers]


def _rank(a: Array, b: Array) -> float:
    if len(a) < 3 or np.ptp(a) == 0 or np.ptp(b) == 0:
        return float("nan")
    return float(spearmanr(a, b).statistic)


def _place(row: GradedPatch) -> tuple[str, str, str]:
    """The crossing that a patch shows."""
    return row.group, row.more.get("x", ""), row.more.get("y", "")
