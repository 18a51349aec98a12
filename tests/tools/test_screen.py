"""The command line of screening."""

import csv
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock
from PIL import Image

from av_detectron.data.phantom import make_phantom
from tests.av_screening.models import write_tiny_detector

RunTool = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def detector(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_detector(tmp_path_factory.mktemp("detector"))


def test_screen(tmp_path: Path, detector: Path, run_tool: RunTool) -> None:
    photographs, output = tmp_path / "photographs", tmp_path / "out"
    photographs.mkdir()
    Image.fromarray(make_phantom(seed=0, fov_diameter=300).image).save(photographs / "a.png")
    (photographs / "b.png").write_text("no photograph")
    given = [str(photographs), "--output", str(output), "--weights", str(detector)]
    given += ["--workers", "1", "--no-caliber"]
    code, out, err = run_tool("screen.py", *given)
    assert code == 1 and "1 photographs screened" in out and "no grader was given" in out, err
    assert "b.png: expected an image, found another kind of file" in out
    assert (output / "index.html").is_file()
    with (output / "failures.csv").open(newline="") as file:
        assert [row["reason"] for row in csv.DictReader(file)] == ["unreadable"]
    code, _, err = run_tool("screen.py", *given)
    assert code == 2 and "holds a run already; --resume" in err
    (photographs / "b.png").unlink()
    with FileLock(output / ".lock"):
        code, _, err = run_tool("screen.py", *given, "--resume")
        assert code == 2 and "another run writes into this folder" in err
    code, out, err = run_tool("screen.py", *given, "--resume")
    assert code == 0 and "1 photographs screened (1 earlier)" in out, err


def test_wrong_use(tmp_path: Path, run_tool: RunTool) -> None:
    output = ["--output", str(tmp_path / "out")]
    code, _, err = run_tool("screen.py", str(tmp_path / "none"), *output)
    assert code == 2 and "expected a folder of photographs, found none" in err
    code, _, err = run_tool("screen.py", str(tmp_path), *output, "--dicom-id", "PatientShoe")
    assert code == 2 and "found 'PatientShoe'" in err
    Image.fromarray(make_phantom(seed=0, fov_diameter=300).image).save(tmp_path / "a.png")
    weights = ["--weights", str(tmp_path / "none.safetensors"), "--workers", "1", "--no-caliber"]
    code, _, err = run_tool("screen.py", str(tmp_path), *output, *weights)
    assert code == 1 and "none.safetensors" in err and "Traceback" not in err
    weights = ["--weights", str(tmp_path / "a.png"), "--workers", "1", "--no-caliber"]
    code, _, err = run_tool("screen.py", str(tmp_path), *output, *weights)
    assert code == 1 and "a.png: damaged, or not a safetensors file" in err
    assert "Traceback" not in err
