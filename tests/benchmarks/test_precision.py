"""What bfloat16 changes, told of answers that are known."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from av_detectron.data.phantom import make_phantom
from av_screening.settings import Settings
from av_screening.steps.pipeline import Pipeline
from benchmarks.precision import compare, main, summarise
from tests.av_screening.models import write_tiny_detector


def test_against_itself_and_with_a_crossing_less(tmp_path: Path) -> None:
    pipeline = Pipeline.from_settings(Settings(write_tiny_detector(tmp_path), threshold=0.0))
    screened = pipeline(make_phantom(seed=0, fov_diameter=300).image)
    count = len(screened.crossings)
    assert count > 1
    same = summarise([compare(screened, screened, (2.0, 1.0))])
    assert (same["speedup"], same["found_in_both"], same["other_labels"]) == (2.0, 1.0, 0.0)
    found = screened.found
    less = dataclasses.replace(
        screened,
        found=dataclasses.replace(
            found,
            boxes=np.concatenate([found.boxes[:-1], found.boxes[-1:] + 50 * found.fov.drive_px]),
            working_av=found.working_av[[0, 2, 1]],
        ),
    )
    other = summarise([compare(screened, less, (1.0, 1.0))])
    assert other["found_in_both"] <= (count - 1) / count + 1e-9
    assert other["other_labels"] > 0.9


@pytest.mark.slow
def test_figures_of_two_photographs(tmp_path: Path) -> None:
    for seed in range(2):
        picture = Image.fromarray(make_phantom(seed=seed, fov_diameter=300).image)
        picture.save(tmp_path / f"{seed}.png")
    output = tmp_path / "precision.json"
    given = [str(tmp_path), "--detector", str(write_tiny_detector(tmp_path))]
    assert main([*given, "--output", str(output)]) == 0
    metrics = json.loads(output.read_text())["metrics"]
    assert metrics["speedup"] > 0 and 0 <= metrics["other_labels"] < 0.2
