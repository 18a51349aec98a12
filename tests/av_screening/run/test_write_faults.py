"""The disk fails at any one write of a run: what is there is whole, and the run goes on later."""

import errno
import io
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from av_screening.run.folder import screen_folder
from av_screening.settings import Settings
from tests.av_screening.conftest import encode
from tests.av_screening.run.test_folder import Eye, contents

CALLS = ("mkdir", "rename", "replace")
QUICK = 9
"""Places of a run that are tried without `slow`."""


@contextmanager
def failing_at(place: int | None, below: Path) -> Iterator[list[str]]:
    """The `place`th thing that is written below a folder fails, a file after half of its first
    bytes; yields what was written so far, by name."""
    written: list[str] = []

    def fails(path: object) -> bool:
        if not str(path).startswith(str(below)):
            return False
        written.append(str(path))
        return len(written) - 1 == place

    def full(path: object) -> OSError:
        return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

    really_open = io.open

    def opened(file: Any, mode: str = "r", *args: Any, **more: Any) -> Any:
        if "w" in mode and fails(file):
            with really_open(file, "wb") as half:
                half.write(b"half of wh")
            raise full(file)
        return really_open(file, mode, *args, **more)

    def named(name: str) -> Callable[..., None]:
        really: Callable[..., None] = getattr(os, name)

        def call(path: Any, *args: Any, **more: Any) -> None:
            there = name == "mkdir" and os.path.isdir(path)  # it is not made, and cannot fail
            if not there and fails(path):
                raise full(path)
            really(path, *args, **more)

        return call

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(io, "open", opened)
        for name in CALLS:
            patch.setattr(os, name, named(name))
        yield written


@pytest.fixture(scope="module")
def photographs(tmp_path_factory: pytest.TempPathFactory, eye: Eye) -> Path:
    folder = tmp_path_factory.mktemp("photographs")
    (folder / "a.png").write_bytes(encode(eye))
    (folder / "b.png").write_bytes(encode(eye[:, ::-1]))
    return folder


@pytest.fixture(scope="module")
def whole(
    tmp_path_factory: pytest.TempPathFactory, photographs: Path, settings: Settings
) -> tuple[Path, int]:
    """An undisturbed run, and how many things it writes."""
    output = tmp_path_factory.mktemp("whole") / "out"
    with failing_at(None, output) as written:
        screen_folder(photographs, output, settings)
    assert len(written) > 20
    return output, len(written)


def check(place: int, photographs: Path, whole: Path, output: Path, settings: Settings) -> None:
    with failing_at(place, output) as written, pytest.raises(OSError, match="No space left"):
        screen_folder(photographs, output, settings)
    expected = contents(whole)
    found = contents(output) if output.exists() else {}
    broken = {name for name, content in found.items() if expected.get(name) != content}
    assert not broken, (written[place], broken)
    assert not list(output.rglob(".*.[0-9]*")), "a temporary file is left"
    screen_folder(photographs, output, settings, resume=True)
    assert contents(output) == expected
    shutil.rmtree(output)


def test_some_writes_fail(
    photographs: Path, whole: tuple[Path, int], tmp_path: Path, settings: Settings
) -> None:
    folder, count = whole
    for place in sorted({round(n * (count - 1) / (QUICK - 1)) for n in range(QUICK)}):
        check(place, photographs, folder, tmp_path / "out", settings)


@pytest.mark.slow
def test_every_write_fails(
    photographs: Path, whole: tuple[Path, int], tmp_path: Path, settings: Settings
) -> None:
    folder, count = whole
    for place in range(count):
        check(place, photographs, folder, tmp_path / "out", settings)
