"""A photograph's folder of outputs: there whole or not at all, and its record."""

import json
import os
import shutil
from pathlib import Path
from typing import Any

from av_screening.write.folder_names import PHOTOGRAPHS

RECORD = "record.json"


def read_record(output: Path, folder: str) -> dict[str, Any] | None:
    """The record of a photograph that is done; None where there is none that can be read."""
    try:
        record = json.loads((output / PHOTOGRAPHS / folder / RECORD).read_text("utf-8"))
    except (OSError, ValueError):
        return None
    # A folder of an earlier version lacks what the pages show: the photograph is screened anew.
    return record if isinstance(record, dict) and "marks" in record else None


def write_folder(path: Path, files: dict[str, str | bytes]) -> None:
    """Write files to a hidden folder beside `path`, then give it its name.

    Raises:
        OSError: it cannot be written; what was there stays.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        for name, content in files.items():
            target = temporary / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content.encode() if isinstance(content, str) else content)
        if path.exists():
            former = path.with_name(f".{path.name}.former")
            shutil.rmtree(former, ignore_errors=True)
            path.rename(former)
            temporary.rename(path)
            shutil.rmtree(former, ignore_errors=True)
        else:
            temporary.rename(path)
    except OSError as error:
        shutil.rmtree(temporary, ignore_errors=True)
        raise OSError(error.errno, error.strerror, str(path)) from error


def remove_unfinished(output: Path) -> None:
    """Remove temporary folders that a killed run left."""
    for path in (output / PHOTOGRAPHS).glob(".*"):
        shutil.rmtree(path, ignore_errors=True)
