"""eyes.csv: which person and which eye each photograph shows, as the user knows it.

Columns `photograph,person,eye`: the path below the folder that is screened, any word for the
person, and OD or OS (also R, L, right, left); an eye may be empty where it is not known.
"""

import csv
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from av_screening.errors import FileProblems
from av_screening.read.find_photographs import find_photographs
from av_screening.run.finished_run import FinishedRun
from av_screening.write.folder_names import printable

COLUMNS = ("photograph", "person", "eye")
WORDS = {"od": "OD", "r": "OD", "right": "OD", "os": "OS", "l": "OS", "left": "OS", "": ""}
"""What may stand for an eye, in lower case."""


@dataclass(frozen=True)
class Eye:
    """What a photograph shows.

    Attributes:
        person: word for the person; empty where that is not known.
        eye: "OD", "OS" or empty.
        source: "table", "dicom", "guess", or empty where nothing is known.
        score: of a guess, 0-1; 1 for what was given.
    """

    person: str = ""
    eye: str = ""
    source: str = ""
    score: float = 1.0


def read_eyes(path: Path, photographs: Collection[str]) -> Mapping[str, Eye]:
    """Read eyes.csv: photograph → person and eye.

    Args:
        path: the CSV.
        photographs: that there are; the table may leave some out.

    Raises:
        FileProblems: unreadable, other columns, a photograph that is unknown or comes twice, no
            person, or a word that is no eye; names all rows.
    """
    found: dict[str, Eye] = {}
    rows: dict[str, int] = {}
    problems = []
    for number, row in _rows(path):
        name, person, word = (row[c].strip() for c in COLUMNS)
        at = f"row {number}: "
        if row.get(""):
            problems.append(f"{at}expected a cell a column, found more: {row['']}")
        if name in rows:
            problems.append(f"{at}photograph: expected {name} once, found it in row {rows[name]}")
        elif name not in photographs:
            problems.append(f"{at}photograph: expected one of the run, found {name or 'nothing'!r}")
        if not person:
            problems.append(f"{at}person: expected a word, found nothing")
        if word.lower() not in WORDS:
            problems.append(
                f"{at}eye: expected OD, OS, R, L, right, left or nothing, found {word!r}"
            )
        rows.setdefault(name, number)
        found.setdefault(name, Eye(person, WORDS.get(word.lower(), ""), "table"))
    if not rows and not problems:
        problems = ["expected photographs, found none"]
    if problems:
        raise FileProblems(path, problems)
    return found


def read_run_eyes(path: Path | None, run: FinishedRun) -> Mapping[str, Eye]:
    """`read_eyes` with the photographs of a run, screened or not; empty without a file.

    Raises:
        FileProblems: see `read_eyes`.
    """
    if path is None:
        return {}
    return read_eyes(path, {*run.folders, *run.failures["photograph"].astype(str)})


def check_eyes(path: Path, folder: Path, output: Path) -> None:
    """Read eyes.csv against the photographs below a folder, before they are screened.

    Args:
        path: the CSV.
        folder: with the photographs.
        output: folder of the run, which is left out.

    Raises:
        FileProblems: see `read_eyes`.
    """
    read_eyes(path, {printable(p) for p in find_photographs(folder, output)})


def _rows(path: Path) -> list[tuple[int, dict[str, str]]]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file, restval="", restkey="")
            missing = [c for c in COLUMNS if c not in (reader.fieldnames or ())]
            if missing:
                has = ",".join(reader.fieldnames or ()) or "nothing"
                raise FileProblems(path, [f"expected the columns {','.join(COLUMNS)}, found {has}"])
            return [(reader.line_num, row) for row in reader]
    except FileNotFoundError as error:
        raise FileProblems(path, ["expected a table of eyes, found no file"]) from error
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise FileProblems(path, [f"not a readable CSV file: {error}"]) from error
