"""Graded sets that users already have, as rows of a manifest.

Rejected patches are returned apart: a code that says "not a crossing" or "cannot be graded" is no
grade.
"""

import re
from pathlib import Path

from av_grading.formats.csv_table import numbered, read_table
from av_grading.formats.errors import InputFileError
from av_grading.formats.manifest import GRADES, ManifestError

Row = dict[str, object]

CERA_NAME = re.compile(r"^CERA_(?P<photograph>.+)_cy_(?P<y>\d+)_cx_(?P<x>\d+)$")
REJECTED = {9, 999, 9999}
"""MDTNet's codes for patches that were rejected."""
MDTNET_COLUMNS = ("date", "imageID", "patchID", "filePATH", "severity", "Type")


def read_cera(folder: Path) -> tuple[list[Row], list[Row]]:
    """The 90-patch set: `images/`, `segmentation_images/` and `grading.txt`.

    `grading.txt` has a header line, then `index, name, grade`. Names are
    `CERA_<photograph>_cy_<y>_cx_<x>.png`; the photograph is the group.

    Returns:
        rows of a manifest, and rejected rows (none: the set has no codes for that). Paths are
        those of the folder, absolute.

    Raises:
        ManifestError: anything is wrong; lists all of it.
    """
    path = folder / "grading.txt"
    rows: list[Row] = []
    problems = []
    for number, line in enumerate(_lines(path)[1:], start=2):
        if not line.strip():
            continue
        cells = [cell.strip() for cell in line.split(",")]
        if len(cells) != 3:
            problems.append(f"row {number}: expected index, name, grade, found {line.strip()!r}")
            continue
        _, name, grade = cells
        stem = name.removesuffix(".png")
        parts = CERA_NAME.match(stem)
        if parts is None:
            problems.append(f"row {number}: expected CERA_<n>_cy_<y>_cx_<x>, found {name!r}")
        elif grade not in {str(g) for g in GRADES}:
            problems.append(f"row {number}: grade: expected 0-3, found {grade!r}")
        else:
            rows.append(
                {
                    "patch": (folder / "images" / f"{stem}.png").resolve(),
                    "av_map": (folder / "segmentation_images" / f"{stem}.png").resolve(),
                    "grade": grade,
                    "group": parts["photograph"],
                    "source": "cera",
                    "x": parts["x"],
                    "y": parts["y"],
                }
            )
    if problems:
        raise ManifestError(path, problems)
    return rows, []


def read_mdtnet(path: Path, maps: Path) -> tuple[list[Row], list[Row]]:
    """MDTNet's list: `date,imageID,patchID,filePATH,severity,Type`.

    Args:
        path: the CSV file; `filePATH` is relative to its folder.
        maps: folder with an artery/vein map of each patch, under the patch's file name.

    Returns:
        rows of a manifest for severity 0-3 (the image is the group), and rejected rows with
        their `code`.

    Raises:
        ManifestError: anything is wrong; lists all of it.
    """
    rows: list[Row] = []
    rejected: list[Row] = []
    problems = []
    try:
        table = read_table(path)
    except FileNotFoundError as error:
        raise ManifestError(path, ["expected a list of patches, found no file"]) from error
    except InputFileError as error:
        raise ManifestError(path, [error.reason]) from error
    if set(MDTNET_COLUMNS) - set(table.columns):
        found = ",".join(table.columns) or "nothing"
        raise ManifestError(
            path, [f"expected the columns {','.join(MDTNET_COLUMNS)}, found {found}"]
        )
    for number, cells in numbered(table):
        patch = path.parent / cells["filePATH"]
        row: Row = {
            "patch": patch.resolve(),
            "av_map": (maps / patch.name).with_suffix(".png").resolve(),
            "group": cells["imageID"],
            "source": "mdtnet",
            "patch_id": cells["patchID"],
        }
        code = cells["severity"].strip()
        if code in {str(c) for c in REJECTED}:
            rejected.append({**row, "code": code})
        elif code in {str(g) for g in GRADES}:
            rows.append({**row, "grade": code})
        else:
            problems.append(f"row {number}: severity: expected 0-3, 9, 999 or 9999, found {code!r}")
    if problems:
        raise ManifestError(path, problems)
    return rows, rejected


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8-sig").splitlines()
    except FileNotFoundError as error:
        raise ManifestError(path, ["expected a list of patches, found no file"]) from error
    except (OSError, UnicodeDecodeError) as error:
        raise ManifestError(path, [f"not a readable text file: {error}"]) from error
