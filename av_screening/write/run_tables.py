"""The tables and pages of a whole run, from the records of its photographs, one at a time."""

import json
import os
import platform
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from itertools import islice
from pathlib import Path, PurePath
from typing import Any

from av_grading.formats.files import write_whole
from av_grading.languages.catalogue import ENGLISH, speaking
from av_screening.write.columns import (
    FAILURES,
    Row,
    crossings_columns,
    format_csv,
    summary_columns,
)
from av_screening.write.folder_names import folder_name, printable
from av_screening.write.notice import NOTICE
from av_screening.write.page import index_page
from av_screening.write.whole_folder import read_record

PACKAGES = ["av-nicking", "torch", "torchvision", "numpy", "opencv-python-headless", "pillow"]
PACKAGES += ["pydicom"]
TOGETHER = 1000
"""Rows that are made text at once."""
Failures = Mapping[str, tuple[str, str]]


@dataclass(frozen=True)
class Run:
    """What the tables of a run are made of.

    Attributes:
        output: its folder.
        photographs: iterates over the paths of its photographs, in order.
        failures: path → reason and message.
        fingerprint: of its settings; outputs of other settings are left out.
        identity: the run's id, in run.json and in every review file.
        language: of its index.
    """

    output: Path
    photographs: Callable[[], Iterator[PurePath]]
    failures: Failures
    fingerprint: str
    identity: str
    language: str = ENGLISH

    def records(self) -> Iterator[dict[str, Any]]:
        """Of the photographs that were screened, read one at a time."""
        for path in self.photographs():
            if str(path) not in self.failures:
                record = read_record(self.output, folder_name(path))
                if record is not None and record.get("settings") == self.fingerprint:
                    yield record

    def summaries(self) -> Iterator[Row]:
        """Rows of summary.csv."""
        for record in self.records():
            yield record["summary"]

    def failed(self) -> Iterator[Row]:
        """Rows of failures.csv."""
        for path in self.photographs():
            if str(path) in self.failures:
                reason, message = self.failures[str(path)]
                yield {"photograph": printable(path), "reason": reason, "message": message}


def write_run(run: Run, settings: Mapping[str, Any]) -> None:
    """Write summary.csv, crossings.csv, failures.csv, index.html, run.json, columns.csv and
    NOTICE.txt; each is there whole or not at all.

    Args:
        run: whose tables they are.
        settings: as `Settings.describe` gives them.

    Raises:
        OSError: they cannot be written.
    """
    output = run.output
    done = sum(1 for _ in run.summaries())
    counts = {"done": done, "failed": len(run.failures)}
    write_parts(output / "summary.csv", _table(summary_columns(), run.summaries()))
    write_parts(output / "failures.csv", _table(FAILURES, run.failed()))
    write_parts(output / "crossings.csv", _crossings(run))
    with speaking(run.language):
        index = index_page(run.identity, run.records(), run.failed(), counts)
        write_parts(output / "index.html", index)
    write_whole(output / "columns.csv", _meanings())
    write_whole(output / "NOTICE.txt", NOTICE + "\n")
    record = {"notice": NOTICE, "run": run.identity, **counts}
    record |= {"versions": versions(), "settings": settings}
    write_whole(output / "run.json", json.dumps(record, indent=1) + "\n")


def write_parts(path: Path, parts: Iterable[str]) -> None:
    """Write text in parts beside `path`, then rename.

    Raises:
        OSError: it cannot be written; what was there stays.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with temporary.open("w", encoding="utf-8", newline="") as file:
            file.writelines(parts)
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise OSError(error.errno, error.strerror, str(path)) from error


def versions() -> dict[str, str]:
    """Of Python and of what figures depend on; without what is not installed."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        with suppress(PackageNotFoundError):
            found[package] = version(package)
    return found


def _table(columns: Mapping[str, str], rows: Iterable[Row]) -> Iterator[str]:
    """CSV in parts of `TOGETHER` rows: any number of photographs fits into memory."""
    yield format_csv(columns, [])
    remaining = iter(rows)
    while part := list(islice(remaining, TOGETHER)):
        yield format_csv(columns, part, header=False)


def _crossings(run: Run) -> Iterator[str]:
    """All crossings.csv one after the other."""
    header = format_csv(crossings_columns(), [])
    yield header
    for summary in run.summaries():
        path = run.output / str(summary["folder"]) / "crossings.csv"
        yield path.read_bytes().decode().removeprefix(header)


def _meanings() -> str:
    """columns.csv: what every column means."""
    tables = {
        "summary.csv": summary_columns(),
        "crossings.csv": crossings_columns(),
        "failures.csv": FAILURES,
    }
    rows = [
        {"table": table, "column": column, "meaning": meaning}
        for table, columns in tables.items()
        for column, meaning in columns.items()
    ]
    return format_csv(["table", "column", "meaning"], rows)
