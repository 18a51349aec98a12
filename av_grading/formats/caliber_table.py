"""Caliber figures that a user has, a row a patch, to be shown beside the grade."""

import csv
from pathlib import Path

from av_grading.formats.errors import InputFileError

KEY = "patch"
NOT_SHOWN = frozenset({KEY, "av_map", "group", "grade", "source", "x", "y", "scale", "person"})
"""Columns of manifests, which say nothing of caliber."""


def read_caliber(path: Path) -> dict[str, dict[str, str]]:
    """Patch → label → text of a CSV with a column `patch` and others, all of them shown.

    Patches are named as in the manifest. Underscores of column names become blanks; numbers are
    rounded to three digits.

    Raises:
        InputFileError: unreadable, without such a column, or a patch that comes twice.
    """
    found: dict[str, dict[str, str]] = {}
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file, restval="", restkey="")
            names = list(reader.fieldnames or ())
            if KEY not in names:
                has = ",".join(names) or "nothing"
                raise InputFileError(path, f"expected the column {KEY!r} and others, found {has}")
            for row in reader:
                if row[KEY] in found:
                    raise InputFileError(
                        path, f"row {reader.line_num}: {row[KEY]!r} is there before: expected once"
                    )
                shown = [n for n in names if n and n not in NOT_SHOWN and row[n].strip()]
                found[row[KEY]] = {n.replace("_", " "): _round(row[n]) for n in shown}
    except FileNotFoundError as error:
        raise InputFileError(path, "expected a CSV of caliber figures, found no file") from error
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputFileError(path, f"not a readable CSV file: {error}") from error
    return found


def _round(text: str) -> str:
    try:
        value = float(text)
    except ValueError:
        return text.strip()
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"
