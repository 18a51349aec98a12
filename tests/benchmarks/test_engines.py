"""Engines on the same inputs, compared with torch as it is."""

import json
from pathlib import Path

import pytest
from PIL import Image

from av_detectron.data.phantom import make_phantom
from benchmarks.engines import main
from tests.av_screening.models import write_tiny_detector


@pytest.mark.slow
def test_speed_and_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.engines.BATCH", 1)
    for number in range(3):
        picture = Image.fromarray(make_phantom(seed=number, fov_diameter=300).image)
        picture.save(tmp_path / f"{number}.png")
    output = tmp_path / "engines.json"
    given = [str(tmp_path), "--calibrate", "1", "--count", "2", "--rounds", "1"]
    given += ["--detector", str(write_tiny_detector(tmp_path)), "--output", str(output)]
    assert main([*given, "--engines", "torch", "channels_last"]) == 0
    found = json.loads(output.read_text())
    for part in ("pass", "close_up"):
        assert found["metrics"][f"{part}_torch_speedup"] == 1
        assert found["metrics"][f"{part}_channels_last_changed"] < 0.001
    assert main([*given, "--engines", "channels_last"]) == 1
