"""Review files: what a reader says of a run's crossings, a row each, as review pages write them.

Columns `photograph,crossing,x,y,answer,reason,grade,reader,blind,time,run`, and those of signs,
`side_first,side_second,bent`, which files of 0.2.0 do not have; others are kept. `crossing` is the
number in crossings.csv, empty for a crossing that the reader added; `x` and `y` are px of the
photograph; `grade` is the run's own grade, empty for none; `run` tells the run. Signs are what the
reader says of the vein: each side beside the artery from 0 (its own width and darkness) to 3 (it
vanishes), y or n for bent; empty where the reader says nothing.
"""

import csv
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd

from av_grading.signs.sign import number_in
from av_screening.errors import FileProblems
from av_screening.run.finished_run import FinishedRun, read_table
from av_screening.write.columns import crossings_dtypes

NEEDED = "photograph crossing x y answer reason grade reader blind time run".split()
SIDES = ("side_first", "side_second")
"""The vein beside the artery: the side nearer to the optic disc, or the left one where no disc is
to be seen, and the other."""
SIGNS = (*SIDES, "bent")
COLUMNS = [*NEEDED, *SIGNS]
GRADE_ANSWERS = ("0", "1", "2", "3")
GRADABLE_ANSWERS = (*GRADE_ANSWERS, "questionable")
ANSWERS = (*GRADABLE_ANSWERS, "cannot_grade", "vein_above", "no_crossing")
"""0-3: the grade. questionable: gradable, but whether the vein is pressed is in doubt;
cannot_grade: a crossing, but blurred, dark, at the margin (`reason`); vein_above: the vein lies in
front, which is no nicking; no_crossing: nothing crosses here."""
YES_NO = ("y", "n")
MODEL = "model"
"""Reader of a run's own grades."""
BENT = 0.5
"""Probability from which a run says that a vein is bent."""
MOVED = 0.11
"""Difference of positions that rounding explains (px)."""


@dataclass(frozen=True)
class Answer:
    """What a reader says of one crossing.

    Attributes:
        photograph: its path below the folder that was screened.
        crossing: its number in the photograph; None where the reader added it.
        x, y: (px of the photograph).
        answer: one of `ANSWERS`; empty where there is none yet.
        reason: why it cannot be graded, or a note.
        grade: that the run gave, 0-3 or None.
        reader: who.
        blind: whether the run's grade was hidden.
        time: when; None where that is not known.
        run: see `FinishedRun.run_id`.
        row: line of the file.
        more: other columns, of them widths where the file has some.
        side_first, side_second: the vein on either side of the artery, 0-3; None where the reader
            says nothing. Of a crossing that the reader added nobody knows which side is the first:
            the worse one is.
        bent: whether the vein is bent; None likewise.
    """

    photograph: str
    crossing: int | None
    x: float
    y: float
    answer: str
    reason: str = ""
    grade: int | None = None
    reader: str = ""
    blind: bool = False
    time: datetime | None = None
    run: str = ""
    row: int = 0
    more: dict[str, str] = field(default_factory=dict)
    side_first: int | None = None
    side_second: int | None = None
    bent: bool | None = None

    @property
    def sides(self) -> tuple[int | None, int | None]:
        """Of the vein; of an added crossing the worse one first, where both are known."""
        known = self.side_first, self.side_second
        if self.crossing is None and None not in known:
            return max(known, key=_or_none), min(known, key=_or_none)
        return known

    @property
    def signs(self) -> dict[str, str]:
        """`SIGNS` as files have them; empty for what the reader does not say."""
        sides = ("" if side is None else str(side) for side in self.sides)
        bent = "" if self.bent is None else YES_NO[int(not self.bent)]
        return dict(zip(SIGNS, (*sides, bent), strict=True))

    @property
    def read_grade(self) -> int | None:
        """The reader's grade, None where the answer is none."""
        return int(self.answer) if self.answer in GRADE_ANSWERS else None

    @property
    def gradable(self) -> bool:
        """Whether the reader could grade it: `questionable` is of what can be graded."""
        return self.answer in GRADABLE_ANSWERS


def read_review(
    path: Path, run: FinishedRun | None = None, *, unanswered: bool = False
) -> list[Answer]:
    """Read a review file, all of it or nothing.

    Args:
        path: the CSV.
        run: that it should be a review of; every row is compared with it.
        unanswered: rows may have no answer yet, and no reader and time then.

    Raises:
        FileProblems: anything is wrong: an earlier version's columns, a value that the page does
            not write, two answers for one crossing, two readers or runs in one file, another run;
            names all rows.
    """
    answers, problems = [], []
    for number, row in _rows(path):
        found, faults = _answer(row, number, unanswered)
        problems += [f"row {number}: {fault}" for fault in faults]
        if found is not None:
            answers.append(found)
    problems += _contradictions(answers)
    if run is not None:
        problems += _not_of(answers, run)
    if not answers and not problems:
        problems = ["expected answers, found none"]
    if problems:
        raise FileProblems(path, sorted(problems, key=_row_number))
    return answers


def read_answers(path: Path, run: FinishedRun | None = None) -> list[Answer]:
    """Read a review file, or a run's crossings.csv, whose reader is then `MODEL`.

    Raises:
        FileProblems: see `read_review`.
    """
    try:
        with path.open(encoding="utf-8-sig") as file:
            header = file.readline().strip().split(",")
    except (OSError, UnicodeDecodeError) as error:
        raise FileProblems(path, [f"not a readable CSV file: {error}"]) from error
    if "x_px" in header and "answer" not in header:
        return _answers_of_model(path)
    return read_review(path, run)


def _rows(path: Path) -> list[tuple[int, dict[str, str]]]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file, restval="", restkey="")
            names = list(reader.fieldnames or ())
            missing = [name for name in NEEDED if name not in names]
            if missing:
                raise FileProblems(path, [_other_columns(names, missing)])
            return [(reader.line_num, row) for row in reader]
    except FileNotFoundError as error:
        raise FileProblems(path, ["expected a review file, found none"]) from error
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise FileProblems(path, [f"not a readable CSV file: {error}"]) from error


def _other_columns(names: list[str], missing: list[str]) -> str:
    if {"patch", "av_map", "grade", "group"} <= set(names):
        return (
            "this is a manifest, as review pages of earlier versions wrote: "
            "python -m av_grading.train takes it as it is; expected a review file"
        )
    if len(names) == 1 and ";" in names[0]:
        return "expected commas between columns, found semicolons, as some spreadsheets write"
    return f"expected the columns {','.join(NEEDED)}, found none named {','.join(missing)}"


def _answer(row: dict[str, str], number: int, unanswered: bool) -> tuple[Answer | None, list[str]]:
    """A row as an answer, and all that is wrong with it."""
    faults: list[str] = []
    text = {name: row.get(name, "").strip() for name in COLUMNS}
    waiting = unanswered and not text["answer"]

    def expect(name: str, right: bool, what: str) -> None:
        if not right:
            faults.append(f"{name}: expected {what}, found {text[name] or 'nothing'!r}")

    if row.get(""):
        faults.append(f"expected a cell a column, found more: {row['']}")
    expect("photograph", bool(text["photograph"]), "a photograph")
    whole = text["crossing"].isdecimal() or not text["crossing"]
    expect("crossing", whole, "a whole number, or nothing for one that was added")
    x, y = _number(text["x"]), _number(text["y"])
    expect("x", math.isfinite(x), "px of the photograph")
    expect("y", math.isfinite(y), "px of the photograph")
    expect("answer", text["answer"] in ANSWERS or waiting, f"one of {', '.join(ANSWERS)}")
    expect("grade", text["grade"] in (*GRADE_ANSWERS, ""), "0-3 or nothing")
    expect("reader", bool(text["reader"]) or waiting, "a reader")
    expect("blind", text["blind"] in ("0", "1") or waiting, "0 or 1")
    time = _time(text["time"])
    expect("time", time is not None or waiting, "a time such as 2026-11-25T14:30:00Z")
    expect("run", bool(text["run"]), "a run")
    gradable = text["answer"] in GRADABLE_ANSWERS
    for name, words in (*((side, GRADE_ANSWERS) for side in SIDES), ("bent", YES_NO)):
        what = f"{', '.join(words)} or nothing"
        if not gradable:
            expect(name, not text[name], f"nothing beside the answer {text['answer'] or 'nothing'}")
        else:
            expect(name, text[name] in (*words, ""), what)
    if faults:
        return None, faults
    more = {name: value for name, value in row.items() if name and name not in COLUMNS}
    answer = Answer(
        text["photograph"],
        int(text["crossing"]) if text["crossing"] else None,
        x,
        y,
        text["answer"],
        text["reason"],
        int(text["grade"]) if text["grade"] else None,
        text["reader"],
        text["blind"] == "1",
        time,
        text["run"],
        number,
        more,
        int(text["side_first"]) if text["side_first"] else None,
        int(text["side_second"]) if text["side_second"] else None,
        {"y": True, "n": False}.get(text["bent"]),
    )
    return answer, []


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def _time(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return None


def _contradictions(answers: Sequence[Answer]) -> list[str]:
    """Two answers for one crossing; readers and runs that are not those of the first row."""
    problems = []
    seen: dict[tuple[object, ...], Answer] = {}
    answered = [a for a in answers if a.answer]
    for answer in answers:
        place = (answer.x, answer.y) if answer.crossing is None else (answer.crossing,)
        first = seen.setdefault((answer.photograph, *place), answer)
        if first is not answer:
            name = "an added crossing" if answer.crossing is None else f"crossing {answer.crossing}"
            problems.append(
                f"row {answer.row}: {answer.photograph}, {name}: expected one answer, found "
                f"{answer.answer!r} here and {first.answer!r} in row {first.row}"
            )
        for name in ("reader", "run"):
            row = answers[0] if name == "run" else (answered or answers)[0]
            expected, found = getattr(row, name), getattr(answer, name)
            if found != expected and (name == "run" or answer.answer):
                problems.append(
                    f"row {answer.row}: {name}: expected {expected!r} as in row "
                    f"{row.row}, found {found!r}"
                )
    return problems


def _not_of(answers: Sequence[Answer], run: FinishedRun) -> list[str]:
    """Rows that are not of this run, or were changed since its page wrote them."""
    problems = []
    table = run.crossings
    grades = table["grade"] if "grade" in table else [pd.NA] * len(table)
    rows = zip(
        table["photograph"], table["crossing"], table["x_px"], table["y_px"], grades, strict=True
    )
    known = {(str(p), int(n)): (float(x), float(y), g) for p, n, x, y, g in rows}
    for answer in answers:
        at = f"row {answer.row}: "
        if answer.run != run.run_id:
            problems.append(f"{at}run: expected {run.run_id} ({run.output}), found {answer.run!r}")
        elif answer.photograph not in run.folders:
            problems.append(
                f"{at}photograph: expected one of {run.output}, found {answer.photograph!r}"
            )
        elif answer.crossing is not None:
            here = known.get((answer.photograph, answer.crossing))
            if here is None:
                problems.append(
                    f"{at}crossing: expected one of {answer.photograph}, found {answer.crossing}"
                )
                continue
            x, y, grade = here
            if max(abs(answer.x - x), abs(answer.y - y)) > MOVED:
                problems.append(
                    f"{at}x, y: expected {x:g}, {y:g} as in crossings.csv, "
                    f"found {answer.x:g}, {answer.y:g}"
                )
            if answer.grade is not None and (pd.isna(grade) or int(grade) != answer.grade):
                problems.append(
                    f"{at}grade: expected {'nothing' if pd.isna(grade) else grade} as in "
                    f"crossings.csv, found {answer.grade}"
                )
    return problems


def _row_number(problem: str) -> int:
    return int(problem.removeprefix("row ").partition(":")[0]) if problem[:4] == "row " else 0


def _answers_of_model(path: Path) -> list[Answer]:
    """A run's own grades as answers, with what networks read of sides and bend, rounded; its widths
    are the other columns."""
    table = read_table(path, ["photograph", "crossing", "x_px", "y_px"], crossings_dtypes())
    answers = []
    for number, cells in enumerate(table.to_dict("records"), start=2):
        row = {str(name): value for name, value in cells.items()}
        grade = None if pd.isna(row.get("grade")) else int(str(row["grade"]))
        answers.append(
            Answer(
                str(row["photograph"]),
                int(str(row["crossing"])),
                float(str(row["x_px"])),
                float(str(row["y_px"])),
                "cannot_grade" if grade is None else str(grade),
                grade=grade,
                reader=MODEL,
                row=number,
                more={k: "" if pd.isna(v) else str(v) for k, v in row.items()},
                **_signs_of_model(row if grade is not None else {}),
            )
        )
    return answers


def _signs_of_model(row: Mapping[str, object]) -> dict[str, Any]:
    """`SIGNS` of a row of crossings.csv; of runs that do not read them none is known."""
    sides = [number_in(row, f"{side}_expected") for side in SIDES]
    bent = number_in(row, "bent_probability")
    rounded = [None if v is None or v != v else min(3, int(v + 0.5)) for v in sides]
    known = None if bent is None or bent != bent else bent >= BENT
    return dict(zip(SIGNS, (*rounded, known), strict=True))


def _or_none(value: int | None) -> int:
    return -1 if value is None else value
