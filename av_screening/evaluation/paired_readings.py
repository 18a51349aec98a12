"""Two readings of each of some crossings: a table of them, or two review files of one run.

A table has `COLUMNS`, a row per crossing: `image` is the photograph's file name, `x_px` and `y_px`
its px as stored, `drive_px` the length of a DRIVE px in them. Of either reading (`_1`, `_2`):
`clear` (y or n: can nicking be graded here), and where it is clear `above` (artery, vein or
unclear: which vessel lies in front) and `grade` (0-3; empty where a reading gives none). It may
have `OPTIONAL`: `set` and `split` to choose rows by; `sideA` and `sideB`, the vein on either side
of the artery (0 its own width and darkness to 3 vanishes); `bent` (y or n). Others are ignored.

Of review files (`av_screening.review.answers`) the crossings that both readers answered are taken:
0-3 is clear with the artery above, as in labels of reviews; questionable is clear without a grade;
vein_above is clear, the vein above, grade 0, for that is no nicking; cannot_grade and no_crossing
are not clear. Sides and bent are what the reader says of them: sideA is the worse side, so a reader
who says one side alone says nothing of either.
"""

import math
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from av_grading.formats.csv_table import numbered, read_table
from av_screening.errors import FileProblems
from av_screening.review.agreement import pair_answers
from av_screening.review.answers import Answer, read_review
from av_screening.review.compare_readers import check_same_run

READINGS = (1, 2)
COLUMNS = (
    *("image", "x_px", "y_px", "drive_px"),
    *(f"{name}_{i}" for i in READINGS for name in ("clear", "above", "grade")),
)
OPTIONAL = ("set", "split", *(f"{n}_{i}" for i in READINGS for n in ("sideA", "sideB", "bent")))
ABOVE = ("artery", "vein", "unclear")
GRADES = ("0", "1", "2", "3")
YES_NO = ("y", "n")

Row = dict[str, object]
Filter = Sequence[str] | None


def is_review(path: Path) -> bool:
    """Whether a CSV is a review file, by its header; what cannot be read is none."""
    try:
        with path.open(encoding="utf-8-sig") as file:
            return "answer" in file.readline().strip().split(",")
    except (OSError, UnicodeDecodeError):
        return False


def read_paired_tables(
    paths: Sequence[Path], sets: Filter = None, splits: Filter = None
) -> pd.DataFrame:
    """Paired readings of one or more tables.

    Args:
        paths: the tables.
        sets: values of `set` that are kept; None: all.
        splits: of `split`, likewise.

    Returns:
        A row per crossing: image, set, split (text), x_px, y_px, drive_px (numbers), and of either
        reading clear (bool), above (text), grade, worse_side, better_side (0-3) and bent (0 or 1)
        (numbers, NaN where the reading says nothing).

    Raises:
        FileProblems: a table cannot be read, lacks a column, has a value that is not known, a
            crossing twice, one file name in two sets, or no row that is asked for; names all rows.
    """
    rows: list[Row] = []
    first: dict[tuple[object, ...], str] = {}
    homes: dict[object, tuple[object, ...]] = {}
    for path in paths:
        problems = []
        kept = 0
        for number, cells in _cells(path, sets, splits):
            row, faults = _row(cells)
            problems += [f"row {number}: {fault}" for fault in faults]
            if faults:
                continue
            kept += 1
            place = row["image"], row["set"], row["split"], row["x_px"], row["y_px"]
            if place in first:
                problems.append(
                    f"row {number}: expected a crossing once, found it in {first[place]}"
                )
            first.setdefault(place, f"{path}, row {number}")
            home = homes.setdefault(row["image"], (row["set"], row["split"]))
            if home != (row["set"], row["split"]):
                problems.append(
                    f"row {number}: image: expected {row['image']} in one set, found it in "
                    f"{'/'.join(map(str, home))} and {row['set']}/{row['split']}: "
                    "choose with --set and --split"
                )
            rows.append(row)
        if not kept and not problems:
            asked = f" of set {sets} and split {splits}" if sets or splits else ""
            problems = [f"expected readings{asked}, found none"]
        if problems:
            raise FileProblems(path, problems)
    return pd.DataFrame(rows)


def _cells(path: Path, sets: Filter, splits: Filter) -> list[tuple[int, dict[str, str]]]:
    """Line and cells of the rows that are asked for."""
    try:
        table = read_table(path)
    except FileNotFoundError as error:
        raise FileProblems(path, ["expected a table of readings, found no file"]) from error
    needed = [*COLUMNS, *(["set"] if sets else []), *(["split"] if splits else [])]
    missing = [name for name in needed if name not in table]
    if missing:
        raise FileProblems(
            path, [f"expected the columns {','.join(needed)}, found none named {','.join(missing)}"]
        )
    for name, values in (("set", sets), ("split", splits)):
        if values:
            table = table[table[name].isin(values)]
    return list(numbered(table))


def _row(cells: dict[str, str]) -> tuple[Row, list[str]]:
    """A row of a table as paired readings, and all that is wrong with it."""
    faults: list[str] = []
    text = {name: cells.get(name, "").strip() for name in (*COLUMNS, *OPTIONAL)}

    def expect(name: str, right: bool, what: str) -> None:
        if not right:
            faults.append(f"{name}: expected {what}, found {text[name] or 'nothing'!r}")

    row: Row = {name: text[name] for name in ("image", "set", "split")}
    expect("image", bool(text["image"]), "a file name")
    for name in ("x_px", "y_px", "drive_px"):
        value = row[name] = _number(text[name])
        expect(name, math.isfinite(value) and (name != "drive_px" or value > 0), "px")
    for i in READINGS:
        expect(f"clear_{i}", text[f"clear_{i}"] in YES_NO, "y or n")
        clear = text[f"clear_{i}"] == "y"
        if clear:
            expect(f"above_{i}", text[f"above_{i}"] in ABOVE, f"one of {', '.join(ABOVE)}")
            for name in ("grade", "sideA", "sideB"):
                expect(f"{name}_{i}", text[f"{name}_{i}"] in (*GRADES, ""), "0-3 or nothing")
            expect(f"bent_{i}", text[f"bent_{i}"] in (*YES_NO, ""), "y, n or nothing")
        sides = [_number(text[f"{side}_{i}"]) for side in ("sideA", "sideB")]
        bent = {"y": 1.0, "n": 0.0}.get(text[f"bent_{i}"], math.nan)
        grade = _number(text[f"grade_{i}"])
        row |= _reading(i, clear, text[f"above_{i}"], grade, sides, bent)
    return row, faults


def _reading(
    i: int,
    clear: bool,
    above: str,
    grade: float,
    sides: Sequence[float] = (math.nan, math.nan),
    bent: float = math.nan,
) -> Row:
    """Cells of one reading; what is not clear says nothing else."""
    worse, better = max(sides, key=_or_lowest), min(sides, key=_or_lowest)
    values: Row = {"above": above, "grade": grade, "worse_side": worse, "better_side": better}
    nothing: Row = {"above": "", **dict.fromkeys(("grade", "worse_side", "better_side"), math.nan)}
    chosen = values | {"bent": bent} if clear else nothing | {"bent": math.nan}
    return {f"clear_{i}": clear, **{f"{name}_{i}": value for name, value in chosen.items()}}


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def _or_lowest(value: float) -> float:
    return -math.inf if math.isnan(value) else value


def read_paired_reviews(
    paths: Sequence[Path], drive_px_of: Callable[[str], float | None]
) -> pd.DataFrame:
    """Paired readings of two readers' review files.

    Args:
        paths: the two files.
        drive_px_of: photograph → length of its DRIVE px; None where that is not known, NaN as
            well. It tells which crossings that both readers added are one.

    Returns:
        As `read_paired_tables`; image is the photograph as the files name it, drive_px NaN where
        it is not known.

    Raises:
        FileProblems: see `read_review`.
        ValueError: not two files, or of different runs.
    """
    if len(paths) != 2:
        raise ValueError(f"{paths[0]}: expected two review files, found {len(paths)}")
    first, second = (read_review(path) for path in paths)
    check_same_run(list(paths), first, second)

    def scale(photograph: str) -> float:
        known = drive_px_of(photograph)
        return math.nan if known is None else known

    def tolerance(photograph: str) -> float:
        # Where no scale is known only what both put on the same px is one.
        return float(np.nan_to_num(10 * scale(photograph)))

    rows: list[Row] = []
    for pair in pair_answers(first, second, tolerance):
        if pair.first is None or pair.second is None:
            continue
        known = pair.known
        row: Row = {"image": known.photograph, "set": "", "split": ""}
        row |= {"x_px": known.x, "y_px": known.y, "drive_px": scale(known.photograph)}
        rows.append(row | _answered(1, pair.first) | _answered(2, pair.second))
    if not rows:
        raise FileProblems(paths[1], [f"expected crossings that {paths[0]} has too, found none"])
    return pd.DataFrame(rows)


def _answered(i: int, answer: Answer) -> Row:
    """An answer of the reader's desk as a reading."""
    if answer.answer == "vein_above":
        return _reading(i, True, "vein", 0.0)
    if not answer.gradable:
        return _reading(i, False, "", math.nan)
    known = [math.nan if side is None else float(side) for side in answer.sides]
    sides = known if all(map(math.isfinite, known)) else (math.nan, math.nan)
    bent = math.nan if answer.bent is None else float(answer.bent)
    if answer.read_grade is None:
        return _reading(i, True, "unclear", math.nan, sides, bent)
    return _reading(i, True, "artery", float(answer.read_grade), sides, bent)


def as_table(readings: pd.DataFrame) -> pd.DataFrame:
    """Paired readings as the module's table has them, `COLUMNS` and `OPTIONAL`; sideA is the worse
    side.

    Args:
        readings: of `read_paired_tables` or `read_paired_reviews`.
    """
    table = readings[["image", "x_px", "y_px", "drive_px", "set", "split"]].copy()
    for i in READINGS:
        table[f"clear_{i}"] = readings[f"clear_{i}"].map({True: "y", False: "n"})
        table[f"above_{i}"] = readings[f"above_{i}"]
        for column, name in (("grade", "grade"), ("sideA", "worse_side"), ("sideB", "better_side")):
            table[f"{column}_{i}"] = readings[f"{name}_{i}"].astype("Int64")
        table[f"bent_{i}"] = readings[f"bent_{i}"].map({1.0: "y", 0.0: "n"}).fillna("")
    return table[[*COLUMNS, *OPTIONAL]]
