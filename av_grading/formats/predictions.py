"""predictions.csv: grades and probabilities of patches, as trainings and predictions write them.

Columns `patch,group,grade,p0,p1,p2,p3,predicted,expected_grade`; others may follow.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from av_grading.decision import Decision, DecisionRule, decide
from av_grading.formats.csv_table import format_table, numbered, read_table
from av_grading.formats.errors import InputFileError
from av_grading.formats.files import write_whole
from av_grading.formats.grade_definition import GRADES
from av_grading.formats.manifest import GradedPatch

PREDICTIONS = "predictions.csv"
SHARES = [f"p{g}" for g in GRADES]
COLUMNS = ("patch", "group", "grade", *SHARES, "predicted", "expected_grade")
Table = dict[str, tuple[str, int, list[float]]]
"""Patch → group, grade, probabilities of the grades."""


def write_predictions(
    path: Path,
    patches: Sequence[GradedPatch],
    found: NDArray[np.float64] | Decision,
    folder: Path | None = None,
    more: dict[str, NDArray[np.float64]] | None = None,
) -> None:
    """CSV of patches with their grade, probabilities p0-p3, the predicted and the expected grade.

    Args:
        path: where to.
        patches: one for each row.
        found: the decisions, or probabilities (N, 4) that are decided on as they are.
        folder: that the patches' paths are written relative to, where they are below it.
        more: further columns, (N,) each.
    """
    more = more or {}
    decided = found if isinstance(found, Decision) else decide({"model": found}, DecisionRule())
    rows = [
        {
            "patch": patch.name(folder),
            "group": patch.split_group,
            "grade": patch.grade,
            **{name: f"{p:.4f}" for name, p in zip(SHARES, row, strict=True)},
            "predicted": int(decided.grade[number]),
            "expected_grade": f"{decided.expected[number]:.3f}",
            **{name: f"{values[number]:.4f}" for name, values in more.items()},
        }
        for number, (patch, row) in enumerate(zip(patches, decided.probabilities, strict=True))
    ]
    write_whole(path, format_table([*COLUMNS, *more], rows))


def read_predictions(path: Path) -> Table:
    """Patch → group, grade and probabilities of a CSV written by `write_predictions`.

    Raises:
        InputFileError: unreadable, other columns, or a row without a grade or probabilities.
    """
    try:
        table = read_table(path)
    except OSError as error:
        raise InputFileError(path, f"not a readable CSV file: {error}") from error
    missing = {"patch", "group", "grade", *SHARES} - set(table.columns)
    if missing:
        known = ", ".join(table.columns) or "none"
        raise InputFileError(path, f"expected the columns {sorted(missing)}, found {known}")
    predictions: Table = {}
    for number, row in numbered(table):
        if not row["grade"]:
            raise InputFileError(path, f"row {number}: expected a grade, found none")
        try:
            shares = [float(row[name]) for name in SHARES]
            predictions[row["patch"]] = row["group"], int(row["grade"]), shares
        except ValueError as error:
            raise InputFileError(path, f"row {number}: {error}") from error
    return predictions


def align(
    tables: dict[str, Table],
) -> tuple[NDArray[np.float64], list[str], dict[str, NDArray[np.float64]]]:
    """Grades, groups and every model's probabilities of the patches, which all must share.

    Raises:
        ValueError: the models predicted different patches.
    """
    first = next(iter(tables.values()))
    for name, table in tables.items():
        if table.keys() != first.keys():
            count = len(table.keys() ^ first.keys())
            raise ValueError(f"{name}: expected the same patches as the first, {count} differ")
    patches = sorted(first)
    grades = np.array([first[p][1] for p in patches], float)
    groups = [first[p][0] for p in patches]
    return grades, groups, {n: np.array([t[p][2] for p in patches]) for n, t in tables.items()}
