"""`grade` gives the crossings of a run the grades that `screen` gave them."""

import csv
from pathlib import Path

import pytest

from av_detectron.data.phantom import make_phantom
from av_grading.decision import SHIPPED
from av_grading.formats.files import png
from av_grading.models.registry import DEFAULT_READING_STRIP, FINE_GRADER
from av_grading.predict import main as grade
from av_screening.command_line.screen import main as screen
from av_screening.settings import Settings


@pytest.mark.parametrize("more", [(), ("--no-close-up",)])
def test_grade_and_screen_agree(tmp_path: Path, more: tuple[str, ...]) -> None:
    (tmp_path / "in").mkdir()
    image = make_phantom(seed=1, fov_diameter=540).image
    (tmp_path / "in" / "eye.png").write_bytes(png(image))
    graders = ["--graders", str(FINE_GRADER)]
    arguments = [str(tmp_path / "in"), "--output", str(tmp_path / "out"), *graders, *more]
    assert screen([*arguments, "--workers", "1", "--precision", "float32"]) == 0
    folder = tmp_path / "out" / "photographs" / "eye.png"
    output = tmp_path / "grades.csv"
    given = ["--manifest", str(folder / "manifest.csv"), "--weights", str(FINE_GRADER)]
    assert grade([*given, "--output", str(output)]) == 0
    with (folder / "crossings.csv").open(newline="") as file:
        screened = list(csv.DictReader(file))
    with output.open(newline="") as file:
        graded = {row["patch"]: row for row in csv.DictReader(file)}
    compared = [row for row in screened if row["grade"]]
    assert len(compared) >= 4
    for row in compared:
        other = graded[f"patches/{row['crossing']}.png"]
        assert other["predicted"] == row["grade"]
        assert float(other["expected_grade"]) == pytest.approx(
            float(row["expected_grade"]), abs=0.002
        )
    # A grader that the user names grades alone.
    assert all(row["spread"] == "" for row in screened)


def test_graders_of_ones_own_grade_alone(tmp_path: Path) -> None:
    own = tmp_path / "mine.safetensors"
    assert Settings().strip_file == DEFAULT_READING_STRIP and Settings().decision_rule == SHIPPED
    assert Settings(graders=(own,)).strip_file is None
    assert Settings(graders=(own,)).decision_rule.weights == {}
    assert Settings(graders=(own,), strip=DEFAULT_READING_STRIP).strip_file is not None
    assert Settings(strip=None).strip_file is None
