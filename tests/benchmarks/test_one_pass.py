"""One pass against an earlier detector's, and its memory."""

import json
from pathlib import Path

import pytest
from PIL import Image

from av_detectron.data.phantom import make_phantom
from benchmarks.one_pass import main
from tests.av_screening.models import write_tiny_detector


@pytest.mark.slow
def test_ratio_and_memory(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    photographs, output = tmp_path / "photographs", tmp_path / "pass.json"
    photographs.mkdir()
    picture = Image.fromarray(make_phantom(seed=0, fov_diameter=300).image)
    picture.save(photographs / "a.png")
    picture.resize((600, 620)).save(photographs / "large.png")
    weights = str(write_tiny_detector(tmp_path))
    given = [str(photographs), "--detector", weights, "--before", weights, "--rounds", "1"]
    assert main([*given, "--output", str(output)]) == 0
    found = json.loads(output.read_text())
    assert 0.2 < found["metrics"]["pass_over_before"] < 5
    assert found["metrics"]["peak_mib"] > found["metrics"]["peak_mib_above_idle"] > 100
    assert found["data"]["memory"] == {"photograph": "large.png", "height": 620, "width": 600}
    assert main([*given, "--output", str(output), "--memory-limit", "50"]) == 1
    assert "large.png: expected at most 50 MiB" in capsys.readouterr().err
