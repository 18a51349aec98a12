"""Which files of a folder are screened."""

import os
from pathlib import Path

import pytest

from av_screening.read.find_photographs import find_photographs


def test_photographs_are_found_in_order_and_outputs_left_out(tmp_path: Path) -> None:
    for name in ("b/2.png", "b/1.TIF", "a.gif", ".hidden.png", "c.txt", "out/overlay.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    found = find_photographs(tmp_path, without=tmp_path / "out")
    assert [str(path) for path in found] == ["a.gif", "b/1.TIF", "b/2.png"]


def test_what_earlier_runs_wrote_is_no_photograph(tmp_path: Path) -> None:
    names = ["1.png", "photographs/2.png", "run/photographs/1.png/overlay.jpg", "run/run.json"]
    names += ["stopped/photographs/1.png/overlay.jpg", "stopped/.lock"]
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / name).write_bytes(b"")
    found = find_photographs(tmp_path, without=tmp_path / "out")
    assert [str(path) for path in found] == ["1.png", "photographs/2.png"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes on this system")
def test_pipes_and_links_keep_nobody_waiting(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"")
    os.mkfifo(tmp_path / "pipe")  # a name as DICOM files have it: not even looked into
    os.mkfifo(tmp_path / "pipe.png")  # reading it says what it is
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "round.png").symlink_to(tmp_path / "round.png")
    assert [str(p) for p in find_photographs(tmp_path)] == ["a.png", "pipe.png", "round.png"]


def test_a_folder_that_cannot_be_listed_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("closed/1.png", "open/2.png"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_bytes(b"")
    listed = os.scandir

    def scandir(folder: Path) -> object:
        if Path(folder).name == "closed":
            raise PermissionError(13, "Permission denied")
        return listed(folder)

    monkeypatch.setattr(os, "scandir", scandir)
    assert [str(p) for p in find_photographs(tmp_path)] == ["closed", "open/2.png"]
