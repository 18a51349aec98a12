"""The command line of screening."""

import csv
import importlib.util
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from filelock import FileLock
from PIL import Image

from av_detectron.data.phantom import make_phantom
from tests.av_screening.models import write_tiny_detector

RunTool = Callable[..., tuple[int, str, str]]
Screen = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def detector(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_detector(tmp_path_factory.mktemp("detector"))


@pytest.fixture
def screen(repo: Path, capsys: pytest.CaptureFixture[str]) -> Screen:
    """The tool in this process, which saves the imports: exit code, stdout and stderr."""
    spec = importlib.util.spec_from_file_location("screen", repo / "tools" / "screen.py")
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)

    def run(*arguments: object) -> tuple[int, str, str]:
        try:
            code = tool.main([str(argument) for argument in arguments])
        except SystemExit as end:  # of argparse
            code = end.code
        return code, *capsys.readouterr()

    return run


@pytest.fixture
def photographs(tmp_path: Path) -> Path:
    folder = tmp_path / "photographs"
    folder.mkdir()
    Image.fromarray(make_phantom(seed=0, fov_diameter=300).image).save(folder / "a.png")
    return folder


def test_as_a_user_runs_it(
    photographs: Path, tmp_path: Path, detector: Path, run_tool: RunTool
) -> None:
    (photographs / "b.png").write_text("no photograph")
    given = [str(photographs), "--output", str(tmp_path / "out"), "--weights", str(detector)]
    code, out, err = run_tool("screen.py", *given, "--workers", "1", "--graders")
    assert code == 1 and "1 photographs screened" in out and "--graders named none" in out, err
    assert "b.png: expected an image, found another kind of file" in out
    assert (tmp_path / "out" / "index.html").is_file() and "Traceback" not in err
    with (tmp_path / "out" / "failures.csv").open(newline="") as file:
        assert [row["reason"] for row in csv.DictReader(file)] == ["unreadable"]


def test_exit_codes(photographs: Path, tmp_path: Path, detector: Path, screen: Screen) -> None:
    output = tmp_path / "out"
    given = [photographs, "--output", output, "--weights", detector]
    given += ["--workers", "1", "--graders"]
    code, out, err = screen(*given)
    assert code == 0 and "1 photographs screened (0 earlier)" in out, err
    code, _, err = screen(*given)
    assert code == 2 and "holds a run already; --resume" in err
    with FileLock(output / ".lock"):
        code, _, err = screen(*given, "--resume")
        assert code == 2 and "another run writes into this folder" in err
    code, out, err = screen(*given, "--resume")
    assert code == 0 and "1 photographs screened (1 earlier)" in out, err
    (photographs / "a.png").write_bytes(b"")
    code, out, _ = screen(*given, "--resume")
    assert code == 1 and "0 photographs screened (0 earlier), 1 not: see failures.csv" in out


def test_tables_by_eye_are_written_as_they_are_screened(
    photographs: Path, tmp_path: Path, detector: Path, screen: Screen
) -> None:
    table = tmp_path / "eyes.csv"
    table.write_text("photograph,person,eye\na.png,P1,OS\n")
    given = [photographs, "--output", tmp_path / "out", "--weights", detector]
    code, out, err = screen(*given, "--workers", "1", "--graders", "--eyes", table)
    assert code == 0 and "1 photographs of 1 persons; eyes: 1 table" in out, err
    eyes = (tmp_path / "out" / "by_eye" / "eyes.csv").read_text().splitlines()
    assert eyes[1].startswith("P1,OS,")


def test_limits_are_raised(
    photographs: Path, tmp_path: Path, detector: Path, screen: Screen
) -> None:
    given = [photographs, "--output", tmp_path / "out", "--weights", detector]
    given += ["--workers", "1", "--graders", "--resume"]
    code, out, _ = screen(*given, "--max-megapixels", "0.05")
    assert code == 1 and "expected at most 0.05 megapixels, found 315 x 324 px" in out
    code, out, _ = screen(*given, "--min-fov", "400")
    assert code == 1 and "at least 400 px across, found 300 px" in out
    assert screen(*given)[0] == 0


def test_wrong_use(photographs: Path, tmp_path: Path, screen: Screen) -> None:
    output = ["--output", tmp_path / "out"]
    code, _, err = screen(tmp_path / "none", *output)
    assert code == 2 and "expected a folder of photographs, found none" in err
    code, _, err = screen(photographs, *output, "--dicom-id", "PatientShoe")
    assert code == 2 and "found 'PatientShoe'" in err
    code, _, err = screen(photographs, *output, "--workers", "0")
    assert code == 2 and "--workers: expected at least 1, found 0" in err
    code, _, err = screen(photographs, *output, "--threshold", "5")
    assert code == 2 and "--threshold: expected a score of 0 to 1, found 5" in err
    for former, name in (("--views", "--grader-n-views"), ("--map-views", "--map-n-views")):
        code, _, err = screen(photographs, *output, former, "4")
        assert code == 2 and f"{former} is now {name}" in err
    code, _, err = screen(photographs, *output, "--language", "tlh")
    assert code == 2 and "--language: invalid choice: 'tlh'" in err
    code, _, err = screen(photographs, *output, "--threads", "0")
    assert code == 2 and "--threads: expected at least 1, found 0" in err
    if not torch.cuda.is_available():
        code, _, err = screen(photographs, *output, "--device", "cuda")
        assert code == 2 and "--device: expected a GPU for cuda, torch finds none" in err
    more = [*output, "--workers", "1", "--weights"]
    code, _, err = screen(photographs, *more, tmp_path / "none.safetensors")
    assert code == 1 and "none.safetensors" in err
    code, _, err = screen(photographs, *more, photographs / "a.png")
    assert code == 1 and "a.png: damaged, or not a safetensors file" in err
    code, _, err = screen(photographs, *more, photographs / "a.png")  # nothing is in its way
    assert code == 1 and "a.png: damaged, or not a safetensors file" in err
    (tmp_path / "file").write_text("in the way")
    code, _, err = screen(photographs, "--output", tmp_path / "file" / "out")
    assert code == 1 and "file" in err
