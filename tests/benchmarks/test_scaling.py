"""The screening command over few and more photographs."""

import json
from pathlib import Path

import pytest
from PIL import Image

from av_detectron.data.phantom import make_phantom
from benchmarks.scaling import main


@pytest.mark.slow
def test_one_worker_and_two(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture = Image.fromarray(make_phantom(seed=0, fov_diameter=400).image)
    picture.save(tmp_path / "a.png")
    output = tmp_path / "scaling.json"
    given = [str(tmp_path), "--output", str(output), "--without", "close-up", "strip"]
    assert main([*given, "--runs", "1x2", "1x4", "2x2", "2x4"]) == 0
    metrics = json.loads(output.read_text())["metrics"]
    for workers in (1, 2):
        assert metrics[f"{workers}_workers_4_first_result_seconds"] > 0
        assert metrics[f"{workers}_workers_4_peak_mib"] > 300
        assert metrics[f"{workers}_workers_growth"] >= 0
    (tmp_path / "a.png").write_text("no photograph")
    assert main([*given, "--runs", "1x2"]) == 1
    assert "00000.png: expected an image" in capsys.readouterr().err
    with pytest.raises(SystemExit, match="2"):
        main([*given, "--runs", "0x9"])
