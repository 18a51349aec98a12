"""Counting the modules that a photograph passes."""

from pathlib import Path

from av_detectron.data.phantom import make_phantom
from benchmarks.modules import count
from tests.av_screening.conftest import encode


def test_modules_of_both_parts_are_counted(tmp_path: Path) -> None:
    photograph = tmp_path / "a.png"
    photograph.write_bytes(encode(make_phantom(seed=0, fov_diameter=300).image))
    found = count(photograph)
    assert {"av_screening.steps.second_look", "av_grading.decision"} <= set(found["decision"])
    assert set(found["decision"]) < set(found["all"])
    assert "av_screening.write.rows" in found["all"]
    assert "av_screening.write.rows" not in found["decision"]
