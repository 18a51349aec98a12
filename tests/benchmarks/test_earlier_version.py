"""The screening command against that of an earlier version."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from av_detectron.data.phantom import make_phantom
from benchmarks.earlier_version import main


@pytest.mark.slow
def test_both_versions_screen_the_same_photographs(tmp_path: Path) -> None:
    photographs, output = tmp_path / "photographs", tmp_path / "earlier.json"
    photographs.mkdir()
    for seed in range(3):
        picture = Image.fromarray(make_phantom(seed=seed, fov_diameter=300).image)
        picture.save(photographs / f"{seed}.png")
    given = [str(photographs), "--rounds", "1", "--output", str(output)]
    assert main([*given, "--before", "HEAD"]) == 0
    found = json.loads(output.read_text())["metrics"]
    assert 0.2 < found["photograph_over_before"] < 5
    assert found["now_first_result_seconds"] > found["now_seconds"] > 0


def test_a_commit_that_is_none(run_script: Callable[..., tuple[int, str, str]]) -> None:
    given = ["photographs", "--before", "nothing", "--output", "a.json"]
    code, _, err = run_script("benchmarks/earlier_version.py", *given)
    assert code == 1
    assert "--before: expected a commit of this repository, found nothing" in err
