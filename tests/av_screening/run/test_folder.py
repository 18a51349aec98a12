"""Runs over folders: what comes out, what fails, what is kept, and who may write."""

import csv
import dataclasses
import errno
import json
import os
import stat
from pathlib import Path, PurePath

import numpy as np
import pytest
from filelock import FileLock
from numpy.typing import NDArray
from PIL import Image

import av_screening.write.photograph_folder as outputs
from av_grading.formats.manifest import read_manifest
from av_screening.read.limits import QualityLimits
from av_screening.run.folder import UsageError, folds_case, screen_folder
from av_screening.settings import Settings
from av_screening.write.columns import FAILURES, crossings_columns, summary_columns
from av_screening.write.folder_names import folder_name, printable
from av_screening.write.notice import NOTICE
from tests.av_screening.conftest import BAD_FILES, encode, make_dicom

Eye = NDArray[np.uint8]


def read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of a run but its locks."""
    files = (p for p in folder.rglob("*") if p.is_file() and not p.name.startswith(".lock"))
    return {str(p.relative_to(folder)): p.read_bytes() for p in files}


@pytest.fixture
def photographs(tmp_path: Path, eye: Eye) -> Path:
    """Three good photographs, one of them DICOM in a folder of its own."""
    folder = tmp_path / "photographs"
    (folder / "visit 1").mkdir(parents=True)
    (folder / "a.png").write_bytes(encode(eye))
    (folder / "b.jpg").write_bytes(encode(eye[:, ::-1], "JPEG"))
    (folder / "visit 1" / "IM0001").write_bytes(make_dicom(eye))
    (folder / "notes.txt").write_text("not a photograph, and not taken for one")
    return folder


def test_tables_and_files(photographs: Path, tmp_path: Path, settings: Settings) -> None:
    output = tmp_path / "out"
    counts = screen_folder(photographs, output, settings)
    assert (counts.screened, counts.failures) == (3, {})
    summary = read(output / "summary.csv")
    assert list(summary[0]) == list(summary_columns())
    assert [row["photograph"] for row in summary] == ["a.png", "b.jpg", "visit 1/IM0001"]
    first = [r for r in read(output / "crossings.csv") if r["photograph"] == "a.png"]
    assert list(first[0]) == list(crossings_columns())
    assert summary[0]["crossings"] == str(len(first)) and len(first) > 1
    shares = np.array([[float(row[f"p{g}"]) for g in range(4)] for row in first])
    np.testing.assert_allclose(shares.sum(axis=1), 1, atol=0.003)
    expected = np.array([float(row["expected_grade"]) for row in first])
    np.testing.assert_allclose(shares @ np.arange(4), expected, atol=0.005)
    assert float(summary[0]["mean_expected_grade"]) == pytest.approx(expected.mean(), abs=0.001)
    assert summary[0]["highest_grade"] == max(row["grade"] for row in first)
    assert all(float(row["spread"]) > 0 for row in first)  # two graders
    folder = output / summary[0]["folder"]
    coco = json.loads((folder / "crossings.json").read_text())
    assert len(coco["annotations"]) == len(first) and NOTICE in coco["info"]["description"]
    assert coco["images"][0]["width"] == 315
    x, y = coco["annotations"][0]["center"]
    assert (float(first[0]["x_px"]), float(first[0]["y_px"])) == pytest.approx((x, y), abs=0.06)
    assert Image.open(folder / "overlay.jpg").size[0] == 630
    assert Image.open(output / first[0]["patch"]).size == (96, 96)
    run = json.loads((output / "run.json").read_text())
    assert run["done"] == 3 and run["settings"]["detector"]["sha256"] and run["notice"] == NOTICE
    assert str(tmp_path) not in (output / "run.json").read_text()
    for page in (output / "index.html", folder / "review.html"):  # one review
        assert f'"run": "{run["run"]}"' in page.read_text()


def test_crossings_are_a_manifest(photographs: Path, tmp_path: Path, settings: Settings) -> None:
    """Patches and maps are where the tables say, and of one size."""
    output = tmp_path / "out"
    screen_folder(photographs, output, settings)
    rows = read(output / "crossings.csv")
    manifest = output / "manifest.csv"
    lines = [f"{r['patch']},{r['av_map']},{r['grade']},{r['photograph']},screened" for r in rows]
    manifest.write_text("\n".join(["patch,av_map,grade,group,source", *lines]) + "\n")
    assert len(read_manifest(manifest)) == len(rows)


def test_without_graders_there_are_no_grades(
    photographs: Path, tmp_path: Path, settings: Settings
) -> None:
    output = tmp_path / "out"
    screen_folder(photographs, output, dataclasses.replace(settings, graders=()))
    rows = read(output / "crossings.csv")
    assert rows and all(row["grade"] == row["p0"] == row["expected_grade"] == "" for row in rows)
    assert {row["graded"] for row in read(output / "summary.csv")} == {"0"}
    assert (
        "grade"
        not in json.loads((output / "photographs" / "a.png" / "crossings.json").read_text())[
            "annotations"
        ][0]
    )
    assert "No grader was given" in (output / "photographs/a.png/review_data.js").read_text()


def test_nothing_of_dicom_headers_but_what_is_named(
    photographs: Path, tmp_path: Path, settings: Settings
) -> None:
    output = tmp_path / "out"
    screen_folder(photographs, output, settings)
    everything = b"".join(contents(output).values())
    for secret in (b"Secret", b"Person", b"id-17", b"19340512"):
        assert secret not in everything
    named = tmp_path / "named"
    screen_folder(photographs, named, dataclasses.replace(settings, identity="PatientID"))
    assert [row["id"] for row in read(named / "summary.csv")] == ["", "", "id-17"]
    assert b"Secret" not in b"".join(contents(named).values())


def test_names_that_would_do_harm(tmp_path: Path, eye: Eye, settings: Settings) -> None:
    source, output = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    name = "<script>alert(1)</script> ,\"x\" & 'y'.png".replace("/", "")
    (source / name).write_bytes(encode(eye))
    (source / "..png").write_bytes(encode(eye))  # hidden: left out
    screen_folder(source, output, settings)
    assert [row["photograph"] for row in read(output / "summary.csv")] == [name]
    for page in [output / "index.html", *output.rglob("review.html")]:
        text = page.read_text()
        assert "<script>alert" not in text and "alert(1)" in text


@pytest.mark.parametrize("good_files", [12, pytest.param(180, marks=pytest.mark.slow)])
def test_bad_files_are_reported_and_the_rest_goes_on(
    tmp_path: Path, eye: Eye, settings: Settings, good_files: int
) -> None:
    """Photographs among 20 that are bad in 10 different ways."""
    source, output = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    good = eye[::2, ::2]
    for number in range(good_files):
        varied = np.clip(good.astype(int) + number % 7, 0, 255).astype(np.uint8)
        (source / f"good_{number:03}.png").write_bytes(encode(varied))
    expected = {}
    for name, (suffix, reason, content) in BAD_FILES.items():
        for copy in range(2):
            path = source / f"bad_{name}_{copy}{suffix}"
            path.write_bytes(content(eye))
            expected[path.name] = reason
    limits = QualityLimits(min_fov=120)
    counts = screen_folder(source, output, dataclasses.replace(settings, quality=limits))
    assert (counts.done, len(counts.failures)) == (good_files, 20)
    failures = read(output / "failures.csv")
    assert list(failures[0]) == list(FAILURES)
    assert {row["photograph"]: row["reason"] for row in failures} == expected
    assert all(row["message"] for row in failures)
    summary = read(output / "summary.csv")
    assert len(summary) == good_files and all(row["graded"] == row["crossings"] for row in summary)


def test_whatever_a_folder_holds(
    photographs: Path, tmp_path: Path, settings: Settings, eye: Eye
) -> None:
    os.mkfifo(photographs / "pipe.png")
    os.mknod(photographs / "socket.png", stat.S_IFSOCK | 0o600)
    (photographs / "device.png").symlink_to("/dev/zero")
    (photographs / "loop.png").symlink_to("loop.png")
    (photographs / "gone.png").symlink_to(tmp_path / "gone.png")
    (photographs / "around").symlink_to(photographs, target_is_directory=True)
    (photographs / "folder.png").mkdir()
    others = ["A.png", "x" * 251 + ".png"]  # as a.png but for its case, and as long as names may be
    for name in others:
        (photographs / name).write_bytes(encode(eye))
    counts = screen_folder(photographs, tmp_path / "out", settings, workers=2, time_limit=120)
    assert counts.screened == 5
    wrong = ["device.png", "gone.png", "loop.png", "pipe.png", "socket.png"]
    assert sorted(counts.failures) == wrong
    assert {reason for reason, _ in counts.failures.values()} == {"unreadable"}
    folders = [row["folder"] for row in read(tmp_path / "out" / "summary.csv")]
    assert len(set(folders)) == 5 and all((tmp_path / "out" / f).is_dir() for f in folders)


def test_resume_keeps_what_is_the_same(
    photographs: Path, tmp_path: Path, eye: Eye, settings: Settings
) -> None:
    output = tmp_path / "out"
    screen_folder(photographs, output, settings)
    before = contents(output)
    with pytest.raises(UsageError, match="holds a run already; --resume continues it"):
        screen_folder(photographs, output, settings)
    counts = screen_folder(photographs, output, settings, resume=True)
    assert (counts.screened, counts.kept) == (0, 3) and contents(output) == before
    (photographs / "a.png").write_bytes(encode(eye[::-1]))  # another eye of the same name
    (output / "photographs" / "b.jpg" / "record.json").write_text("damaged")
    (output / "photographs" / ".left.123").mkdir()
    counts = screen_folder(photographs, output, settings, resume=True)
    assert (counts.screened, counts.kept) == (2, 1)
    assert not list((output / "photographs").glob(".*"))
    after = contents(output)
    changed = {name for name in before if before[name] != after.get(name)}
    assert all("a.png" in name for name in changed if name.startswith("photographs"))
    other = dataclasses.replace(settings, threshold=0.3)
    assert screen_folder(photographs, output, other, resume=True).screened == 3


def test_another_language_is_the_same_run_with_other_pages(
    photographs: Path, tmp_path: Path, settings: Settings
) -> None:
    output = tmp_path / "out"
    screen_folder(photographs, output, settings)
    before, run = contents(output), json.loads((output / "run.json").read_text())
    german = dataclasses.replace(settings, language="de")
    assert screen_folder(photographs, output, german, resume=True).screened == 3
    again = json.loads((output / "run.json").read_text())
    assert again["run"] == run["run"] and again["settings"]["language"] == "de"
    after = contents(output)
    changed = {Path(name).name for name in before if before[name] != after[name]}
    pages = {"index.html", "review.html", "review_data.js"}
    assert pages <= changed <= {*pages, "record.json", "run.json"}
    assert screen_folder(photographs, output, german, resume=True).kept == 3


def test_same_bytes_with_two_workers(photographs: Path, tmp_path: Path, settings: Settings) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    (photographs / "c.png").write_text("no photograph")
    screen_folder(photographs, one, settings)
    screen_folder(photographs, two, settings, workers=2)
    assert contents(one) == contents(two)


def test_a_second_run_is_refused(photographs: Path, tmp_path: Path, settings: Settings) -> None:
    output = tmp_path / "out"
    output.mkdir()
    with FileLock(output / ".lock"):
        with pytest.raises(UsageError, match="another run writes into this folder"):
            screen_folder(photographs, output, settings)
    assert screen_folder(photographs, output, settings).done == 3


def test_disk_full_ends_the_run_and_keeps_what_is_done(
    photographs: Path, tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "out"
    whole = tmp_path / "whole"
    screen_folder(photographs, whole, settings)
    write = Path.write_bytes

    def until_full(path: Path, content: bytes) -> int:
        if "b.jpg" in str(path) and path.name == "overlay.jpg":
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(path, content)

    with monkeypatch.context() as patched:
        patched.setattr(outputs.Path, "write_bytes", until_full)
        with pytest.raises(OSError, match=r"No space left on device: .*b\.jpg"):
            screen_folder(photographs, output, settings)
    assert [p.name for p in (output / "photographs").iterdir()] == ["a.png"]
    name = "photographs/a.png/crossings.csv"
    assert (output / name).read_bytes() == (whole / name).read_bytes()
    screen_folder(photographs, output, settings, resume=True)
    assert contents(output) == contents(whole)


def test_output_that_cannot_be_written(
    photographs: Path, tmp_path: Path, settings: Settings
) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OSError, match="file"):
        screen_folder(photographs, tmp_path / "file" / "out", settings)
    with pytest.raises(UsageError, match="expected a folder of photographs, found none"):
        screen_folder(tmp_path / "none", tmp_path / "out", settings)
    with pytest.raises(UsageError, match="expected photographs, found none"):
        screen_folder((tmp_path / "empty").mkdir() or tmp_path / "empty", tmp_path / "o", settings)
    with pytest.raises(UsageError, match="expected another folder than that of the photographs"):
        screen_folder(photographs, photographs, settings)
    assert not (tmp_path / "out").exists()


def test_names_that_differ_in_case_alone(
    photographs: Path, tmp_path: Path, settings: Settings
) -> None:
    source, output = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    (output / "photographs").mkdir(parents=True)
    content = next(photographs.rglob("*.png")).read_bytes()
    for name in ("Eye.png", "b.png", "eye.PNG"):
        (source / name).write_bytes(content)
    assert not folds_case(output / "photographs")
    (output / "PHOTOGRAPHS").symlink_to("photographs")  # what such a file system answers
    assert folds_case(output / "photographs")
    counts = screen_folder(source, output, settings)
    assert counts.done == 2 and list(counts.failures) == ["eye.PNG"]
    assert "which" in counts.failures["eye.PNG"][1] and "Eye.png" in counts.failures["eye.PNG"][1]
    failures = (output / "failures.csv").read_text().splitlines()
    assert len(failures) == 2 and failures[1].startswith("eye.PNG,failed,")


def test_names_of_folders() -> None:
    paths = ["a.png", "a b.png", "a_b.png", "x/a.png", "x_a.png", "../a.png", ".png", "é.png"]
    paths += ["a" * 300, "a" * 299, "a--b.png", "<b>.png"]
    names = [folder_name(PurePath(path)) for path in paths]
    assert names[0] == "a.png" and len(set(names)) == len(names)
    for name in names:
        assert len(name) <= 80 and not name.startswith(".") and "/" not in name
    assert printable(PurePath("a\nb\udcff.png")) == "a?b?.png"
