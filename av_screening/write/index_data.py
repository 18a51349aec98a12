"""What the index of a run shows of a photograph, as data: a line of JSON each."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from jinja2.utils import htmlsafe_json_dumps
from markupsafe import Markup

from av_screening.write.columns import filled

Row = Mapping[str, object]


def marks(rows: Iterable[Row], shape: tuple[int, int]) -> list[list[int | None]]:
    """Crossings as thumbnails draw them: x and y in thousandths of the photograph's width, the
    grade (None without one), and 0 where it is not gradable.

    Args:
        rows: of crossings.csv.
        shape: height and width of the photograph (px).
    """
    found: list[list[int | None]] = []
    for row in rows:
        x, y = ((float(str(row[c])) + 0.5) * 1000 / shape[1] for c in ("x_px", "y_px"))
        grade = str(row.get("grade", ""))
        gradable = 0 if str(row.get("gradable", "")) == "0" else 1
        found.append([round(x), round(y), int(grade) if grade.isdigit() else None, gradable])
    return found


def index_entry(record: Mapping[str, Any]) -> dict[str, Any]:
    """What the index's script needs of a photograph.

    Args:
        record: of the photograph, see `photograph_folder`.
    """
    summary = record["summary"]
    return {
        "name": summary["photograph"],
        "folder": summary["folder"],
        "key": photograph_key(record["sha256"], summary["photograph"]),
        "marks": record["marks"],
        "aspect": record["aspect"],
        "row": filled({k: v for k, v in summary.items() if k not in UNSHOWN}),
    }


def json_lines(values: Iterable[object]) -> Iterator[Markup]:
    """The parts of a JSON array, safe in HTML: any number of photographs fits into memory."""
    for number, value in enumerate(values):
        yield Markup("," if number else "") + htmlsafe_json_dumps(value, separators=(",", ":"))


UNSHOWN = ("photograph", "folder", "sha256")
"""Columns of summary.csv that the index does not repeat."""


def photograph_key(sha256: str, name: str) -> str:
    """Under which a browser keeps the answers for a photograph: of its content and its name, so
    that neither another cohort's file of that name nor a copy in this one is taken for it."""
    return hashlib.sha256(f"{sha256}\0{name}".encode()).hexdigest()[:16]
