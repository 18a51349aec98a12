"""Manifests: one CSV that lists graded patches.

Columns `patch,av_map,grade,group,source`, and `x,y,scale,person` where they are known; others are
kept.
Paths are relative to the manifest's folder. An empty grade is a crossing that no one has graded.
The group is what must not be split: the photograph. Photographs of one `person` are not split
either; a group is of one person.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from av_grading.formats.csv_table import format_table, numbered, read_table
from av_grading.formats.errors import InputFileError
from av_grading.formats.grade_definition import GRADES as GRADES
from av_grading.formats.images import read_map, read_patch, read_shares

COLUMNS = ("patch", "av_map", "grade", "group", "source")
PLACE = ("x", "y", "scale")
"""Crossing in px of the photograph, and patch px per photograph px."""
MAP_KIND = "map_kind"
"""Column that says what a map is: "labels", as it is without the column, or "shares", see
`images.read_shares`."""
MAP_KINDS = ("labels", "shares")


class ManifestError(ValueError):
    """Everything that is wrong with a manifest, a line each, with file and row."""

    def __init__(self, path: Path, problems: Sequence[str]) -> None:
        self.problems = list(problems)
        count = f"{len(problems)} problem" + ("s" if len(problems) != 1 else "")
        super().__init__("\n".join([f"{path}: {count}", *(f"  {p}" for p in problems)]))


@dataclass(frozen=True)
class GradedPatch:
    """One row of a manifest.

    Attributes:
        patch: RGB patch around a crossing.
        av_map: artery/vein map of the same size.
        grade: 0-3, or None where it was not graded.
        group: photograph.
        source: where the patch comes from.
        more: the other columns, `x`, `y`, `scale` and `person` among them.
    """

    patch: Path
    av_map: Path
    grade: int | None
    group: str
    source: str
    more: dict[str, str] = field(default_factory=dict)

    @property
    def map_kind(self) -> str:
        """ "labels" or "shares"."""
        return self.more.get(MAP_KIND) or MAP_KINDS[0]

    @property
    def split_group(self) -> str:
        """What is never on both sides of a split: the person where it is known, else the group."""
        return self.more.get("person", "").strip() or self.group

    def name(self, folder: Path | None) -> str:
        """Path of the patch, relative to the manifest's folder where it is below it."""
        inside = folder is not None and self.patch.is_relative_to(folder)
        return str(self.patch.relative_to(folder) if folder and inside else self.patch)


def read_manifest(path: Path, *, graded_only: bool = False) -> list[GradedPatch]:
    """Read a manifest and look at every file that it names.

    Args:
        path: the CSV file.
        graded_only: leave out rows without a grade.

    Raises:
        ManifestError: anything is wrong; lists all of it.
    """
    patches, problems = read_usable(path)
    if not patches and not problems:
        problems = ["expected patches, found none"]
    if problems:
        raise ManifestError(path, problems)
    return [p for p in patches if p.grade is not None or not graded_only]


def read_usable(path: Path) -> tuple[list[GradedPatch], list[str]]:
    """Rows of a manifest that can be used, and what is wrong with each of the others.

    Raises:
        ManifestError: the file itself is missing, unreadable, or has other columns.
    """
    rows, problems = _read_rows(path)
    if problems:
        raise ManifestError(path, problems)
    patches = []
    persons: dict[str, str] = {}
    for number, row in rows:
        patch, found = _read_row(path.parent, row)
        problems += [f"row {number}: {problem}" for problem in found]
        if patch is not None:
            patches.append(patch)
            person = patch.more.get("person", "").strip()
            first = persons.setdefault(patch.group, person)
            if first != person:
                problems.append(
                    f"row {number}: person: expected {first or 'nothing'!r} as in the first row of "
                    f"{patch.group}, found {person or 'nothing'!r}"
                )
    return patches, problems


def _read_rows(path: Path) -> tuple[list[tuple[int, dict[str, str]]], list[str]]:
    """Rows with their line numbers, and what keeps the file from being read."""
    try:
        table = read_table(path)
    except FileNotFoundError:
        return [], ["expected a manifest, found no file"]
    except InputFileError as error:
        return [], [error.reason]
    if not set(COLUMNS) <= set(table.columns):
        found = ",".join(table.columns) or "nothing"
        return [], [f"expected the columns {','.join(COLUMNS)}, found {found}"]
    return list(numbered(table)), []


def _read_row(folder: Path, row: dict[str, str]) -> tuple[GradedPatch | None, list[str]]:
    needed = ("patch", "av_map", "group")
    problems = [f"{c}: expected a value, found none" for c in needed if not row[c].strip()]
    text = row["grade"].strip()
    if text and text not in {str(g) for g in GRADES}:
        problems.append(f"grade: expected 0-3 or nothing, found {text!r}")
    kind = row.get(MAP_KIND) or MAP_KINDS[0]
    if kind not in MAP_KINDS:
        problems.append(f"{MAP_KIND}: expected {' or '.join(MAP_KINDS)}, found {kind!r}")
    elif row["patch"] and row["av_map"]:
        problems += _look(folder / row["patch"], folder / row["av_map"], kind)
    if problems:
        return None, problems
    more = {k: v for k, v in row.items() if k not in COLUMNS}
    grade = int(text) if text else None
    patch, av_map = folder / row["patch"], folder / row["av_map"]
    return GradedPatch(patch, av_map, grade, row["group"], row["source"], more), []


def _look(patch: Path, av_map: Path, kind: str) -> list[str]:
    """What is wrong with the two files."""
    problems = []
    sizes = []
    readers = (read_patch, read_map if kind == "labels" else read_shares)
    for path, read in zip((patch, av_map), readers, strict=True):
        try:
            found = read(path).shape
            height, width = found[1:] if read is read_shares else found[:2]
            sizes.append((width, height))
        except InputFileError as error:
            problems.append(str(error))
    if len(sizes) == 2 and sizes[0] != sizes[1]:
        (w, h), (a, b) = sizes
        problems.append(f"{av_map}: expected the patch's size {w} x {h} px, found {a} x {b} px")
    return problems


def format_manifest(rows: Iterable[dict[str, object]], more: Sequence[str] = ()) -> str:
    """CSV text of rows, with the columns of every manifest and those of `more`."""
    return format_table([*COLUMNS, *more], rows)
