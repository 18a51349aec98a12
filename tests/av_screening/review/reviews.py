"""Review files as the page writes them."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from av_grading.formats.files import write_whole
from av_screening.review.answers import COLUMNS, SIGNS
from av_screening.write.columns import format_csv
from tests.av_screening.run_folder import RUN, Drawn

Row = dict[str, object]


def review_rows(crossings: Sequence[Drawn], answers: Sequence[str], reader: str) -> list[Row]:
    """A row per crossing with its answer; crossings without one are left out."""
    return [
        {
            "photograph": c.photograph,
            "crossing": c.number,
            "x": f"{c.x:.1f}",
            "y": f"{c.y:.1f}",
            "answer": answer,
            "reason": "blurred" if answer == "cannot_grade" else "",
            "grade": c.grade,
            "reader": reader,
            "blind": 0,
            "time": "2026-11-25T14:30:00.000Z",
            "run": RUN,
        }
        for c, answer in zip(crossings, answers, strict=True)
        if answer
    ]


def with_signs(rows: Sequence[Row], signs: Sequence[tuple[object, object, object]]) -> list[Row]:
    """The rows, each with what its reader says of first side, second side and bent."""
    return [
        {**row, **dict(zip(SIGNS, said, strict=True))}
        for row, said in zip(rows, signs, strict=True)
    ]


def added(row: Mapping[str, object], x: float, y: float, answer: str) -> Row:
    """A crossing that the reader of a row added to the same photograph."""
    return {**row, "crossing": "", "x": x, "y": y, "grade": "", "answer": answer}


def write_review(path: Path, rows: Sequence[Row], more: Sequence[str] = ()) -> Path:
    write_whole(path, format_csv([*COLUMNS, *more], rows))
    return path
