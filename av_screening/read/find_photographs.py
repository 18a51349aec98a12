"""The photographs below a folder, in a set order, one at a time."""

import os
from collections.abc import Iterator
from pathlib import Path, PurePath

from av_screening.read.dicom import is_dicom
from av_screening.read.photograph import SUFFIXES
from av_screening.write.folder_names import PHOTOGRAPHS

MARKS = ("run.json", ".lock")
"""Files beside `PHOTOGRAPHS` in a run's folder, which a user's own folders do not have."""


def find_photographs(folder: Path, without: Path | None = None) -> Iterator[PurePath]:
    """Paths below `folder`, by name, folders within it where their names come.

    Hidden files and folders and what earlier runs wrote are left out, links to folders are not
    followed. A folder that cannot be listed is yielded itself: reading it says so.

    Args:
        folder: where to look.
        without: a folder to leave out, such as the outputs'.

    Raises:
        OSError: there is no such folder, or it cannot be listed.
    """
    yield from _below(folder, PurePath(), None if without is None else without.resolve())


def _below(folder: Path, relative: PurePath, without: Path | None) -> Iterator[PurePath]:
    try:
        with os.scandir(folder) as found:
            entries = sorted(found, key=lambda entry: entry.name)
    except OSError:
        if not relative.parts:
            raise
        yield relative
        return
    for entry in entries:
        if entry.name.startswith("."):
            continue
        if entry.name == PHOTOGRAPHS and any((folder / mark).exists() for mark in MARKS):
            continue  # pictures of an earlier run
        if entry.is_dir(follow_symlinks=False):
            path = Path(entry.path)
            if path.resolve() != without:
                yield from _below(path, relative / entry.name, without)
        elif _is_photograph(entry):
            yield relative / entry.name


def _is_photograph(entry: os.DirEntry[str]) -> bool:
    """By suffix; archives keep DICOM without one."""
    path = Path(entry.path)
    if path.suffix.lower() in SUFFIXES:
        return True
    try:
        if path.suffix or not entry.is_file():
            return False
        with path.open("rb") as file:
            return is_dicom(file.read(132))
    except OSError:
        return False
