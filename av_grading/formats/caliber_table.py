"""caliber.csv: figures of patches, as `python -m av_grading.caliber` or others measure them."""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from av_grading.formats.csv_table import numbered, read_table
from av_grading.formats.errors import InputFileError

KEY = "patch"
NOT_SHOWN = frozenset({KEY, "av_map", "group", "grade", "source", "x", "y", "scale", "person"})
"""Columns of manifests, which say nothing of caliber."""
RENAMED = {"index": "severity_index", "failure": "not_measurable"}
"""Columns as version 0.1.0 wrote them, both in one table, and what they are now."""
RATIOS = ("ratio_first", "ratio_second", "ratio_error_first", "ratio_error_second")
"""Columns that a stacking head sees."""


def read_caliber(path: Path) -> dict[str, dict[str, str]]:
    """Patch → label → text of a CSV with a column `patch` and others, all of them shown.

    Patches are named as in the manifest. Underscores of column names become blanks; numbers are
    rounded to three digits.

    Raises:
        InputFileError: unreadable, without such a column, with columns of an earlier version, or a
            patch that comes twice.
    """
    table = _read(path)
    shown = [name for name in table.columns if name not in NOT_SHOWN]
    return {
        row[KEY]: {n.replace("_", " "): _round(row[n]) for n in shown if row[n].strip()}
        for _, row in numbered(table)
    }


def read_ratios(path: Path, patches: Sequence[str]) -> NDArray[np.float64]:
    """Ratio and error of the narrower side, then of the wider, (N, 4); NaN where not measured.

    Args:
        path: CSV of `python -m av_grading.caliber`.
        patches: in this order.

    Raises:
        InputFileError: unreadable, other columns, none of the patches, or one that comes twice.
    """
    table = _read(path)
    if not set(RATIOS) <= set(table.columns):
        raise InputFileError(path, f"expected the columns {KEY}, {', '.join(RATIOS)}")
    known: dict[str, list[float]] = {}
    for number, row in numbered(table):
        try:
            values = [float(row[name] or "nan") for name in RATIOS]
        except ValueError as error:
            raise InputFileError(path, f"row {number}: {error}") from error
        sides = sorted(zip(values[:2], values[2:], strict=True), key=_known_and_narrow)
        known[row[KEY]] = [*sides[0], *sides[1]]
    if not any(p in known for p in patches):
        raise InputFileError(path, "expected the predicted patches, found none of them")
    measured = pd.DataFrame.from_dict(known, orient="index").reindex(list(patches))
    return np.asarray(measured, np.float64)


def _read(path: Path) -> pd.DataFrame:
    try:
        table = read_table(path)
    except FileNotFoundError as error:
        raise InputFileError(path, "expected a CSV of caliber figures, found no file") from error
    if KEY not in table.columns:
        has = ",".join(table.columns) or "nothing"
        raise InputFileError(path, f"expected the column {KEY!r} and others, found {has}")
    if set(RENAMED) <= set(table.columns):
        names = ", ".join(f"{former} is now {name}" for former, name in RENAMED.items())
        raise InputFileError(path, f"columns of an earlier version: {names}; measure it again")
    again = table[table[KEY].duplicated()]
    if len(again):
        number, name = again.index[0], again[KEY].iloc[0]
        raise InputFileError(path, f"row {number}: {name!r} is there before: expected once")
    return table


def _known_and_narrow(side: tuple[float, float]) -> tuple[bool, float]:
    return math.isnan(side[0]), side[0]


def _round(text: str) -> str:
    try:
        value = float(text)
    except ValueError:
        return text.strip()
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"
