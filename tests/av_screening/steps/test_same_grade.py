"""`grade` gives the crossings of a run the grades that `screen` gave them."""

import csv
from pathlib import Path

import pytest

from av_detectron.data.phantom import make_phantom
from av_grading.command_line.defaults import DEFAULT_NARROWING, FINE_GRADER
from av_grading.formats.files import png
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
    assert all(row["read_ratio_first"] == row["spread"] == "" for row in screened)


def test_graders_of_ones_own_grade_alone_unless_narrowing_is_asked_for(tmp_path: Path) -> None:
    own = tmp_path / "mine.safetensors"
    assert Settings().narrowing_file == DEFAULT_NARROWING
    assert Settings(graders=(own,)).narrowing_file is None
    assert Settings(graders=(own,), narrowing=DEFAULT_NARROWING).narrowing_file is not None
    assert Settings(narrowing=None).narrowing_file is None
    assert Settings().decision.weights_of(["a", "b", "narrowing"]) == pytest.approx(
        {"a": 0.1, "b": 0.1, "narrowing": 0.8}
    )
