"""predictions.csv: grades and probabilities of patches, as trainings and predictions write them.

Columns `patch,group,grade,p0,p1,p2,p3,predicted,expected_grade`; others may follow.
"""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from av_grading.evaluation.metrics import expected_grade
from av_grading.formats.errors import InputFileError
from av_grading.formats.files import write_whole
from av_grading.formats.manifest import GRADES, GradedPatch

PREDICTIONS = "predictions.csv"
Table = dict[str, tuple[str, int, list[float]]]
"""Patch → group, grade, probabilities of the grades."""


def write_predictions(
    path: Path,
    patches: Sequence[GradedPatch],
    probabilities: NDArray[np.float64],
    folder: Path | None = None,
    more: dict[str, NDArray[np.float64]] | None = None,
) -> None:
    """CSV of patches with their grade, probabilities p0-p3, the likeliest and the expected grade.

    Args:
        path: where to.
        patches: one for each row.
        probabilities: (N, 4).
        folder: that the patches' paths are written relative to, where they are below it.
        more: further columns, (N,) each.
    """
    names = ["patch", "group", "grade", *(f"p{g}" for g in GRADES), "predicted", "expected_grade"]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    more = more or {}
    writer.writerow([*names, *more])
    expected = expected_grade(probabilities)
    for number, (patch, row) in enumerate(zip(patches, probabilities, strict=True)):
        grade = "" if patch.grade is None else patch.grade
        shares = [f"{p:.4f}" for p in row]
        others = [f"{values[number]:.4f}" for values in more.values()]
        said = int(row.argmax()), f"{expected[number]:.3f}"
        writer.writerow([patch.name(folder), patch.split_group, grade, *shares, *said, *others])
    write_whole(path, text.getvalue())


def read_predictions(path: Path) -> Table:
    """Patch → group, grade and probabilities of a CSV written by `write_predictions`.

    Raises:
        InputFileError: unreadable, other columns, or a row without a grade or probabilities.
    """
    found: Table = {}
    names = [f"p{g}" for g in GRADES]
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            missing = {"patch", "group", "grade", *names} - set(reader.fieldnames or ())
            if missing:
                known = ", ".join(reader.fieldnames or ()) or "none"
                raise InputFileError(path, f"expected the columns {sorted(missing)}, found {known}")
            for row in reader:
                if not row["grade"]:
                    raise InputFileError(
                        path, f"row {reader.line_num}: expected a grade, found none"
                    )
                try:
                    shares = [float(row[n]) for n in names]
                    found[row["patch"]] = row["group"], int(row["grade"]), shares
                except ValueError as error:
                    raise InputFileError(path, f"row {reader.line_num}: {error}") from error
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputFileError(path, f"not a readable CSV file: {error}") from error
    return found


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
