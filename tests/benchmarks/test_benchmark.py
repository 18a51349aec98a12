"""The benchmark on two small photographs."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from av_detectron.data.phantom import make_phantom
from tests.av_screening.models import write_tiny_detector


@pytest.mark.slow
def test_ratios_memory_and_peak(tmp_path: Path, repo: Path) -> None:
    photographs, output = tmp_path / "photographs", tmp_path / "benchmark.json"
    photographs.mkdir()
    for seed in range(2):
        picture = make_phantom(seed=seed, fov_diameter=300).image
        Image.fromarray(picture).save(photographs / f"{seed}.png")
    given = [str(photographs), "--output", str(output), "--memory", "2", "4", "--rounds", "1"]
    given += ["--detector", str(write_tiny_detector(tmp_path))]
    command = [sys.executable, "-m", "benchmarks", *given]
    done = subprocess.run(command, cwd=repo, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert json.loads(output.read_text())["command"].startswith("python -m benchmarks ")
    metrics = json.loads(output.read_text())["metrics"]
    assert metrics["speedup_vs_stock_r50"] > 0 and metrics["speedup_vs_separate_stages"] > 0
    assert 0 < metrics["peak_fraction"] < 1 and 0 < metrics["pass_peak_fraction"] < 1
    assert abs(metrics["memory_growth_2_to_4"]) < 0.2
    assert all(
        metrics[f"stage_{name}_seconds"] > 0 for name in ("read", "gate", "pass", "look", "write")
    )
