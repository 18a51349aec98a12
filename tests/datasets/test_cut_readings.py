"""From two readers' review files to what trainings on readings take."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from av_detectron.data.phantom import make_phantom
from av_grading.close_ups.readings import load_read_close_ups, targets_of
from tests.av_screening.models import write_tiny_detector
from tests.av_screening.review.reviews import added, review_rows, with_signs, write_review
from tests.av_screening.run_folder import Drawn

Script = Callable[..., tuple[int, str, str]]
PLACES = [Drawn(f"{p}/eye.png", n, 100.0 + 30 * n, 120.0, 1) for p in "ab" for n in range(3)]
NOTHING = ("", "", "")


@pytest.fixture
def reviews(tmp_path: Path) -> list[Path]:
    """Two readers' files; the photographs of one name lie in two folders."""
    for number, folder in enumerate("ab"):
        (tmp_path / "photographs" / folder).mkdir(parents=True)
        pixels = make_phantom(seed=number, fov_diameter=300).image
        Image.fromarray(pixels).save(tmp_path / "photographs" / folder / "eye.png")
    anna = review_rows(
        PLACES, ["2", "cannot_grade", "vein_above", "0", "questionable", "1"], "Anna"
    )
    ben = review_rows(PLACES, ["3", "cannot_grade", "1", "0", "0", "1"], "Ben")
    anna = with_signs(anna, [(0, 2, "y"), NOTHING, NOTHING, (0, 0, "n"), NOTHING, (1, "", "")])
    ben = with_signs(ben, [(3, 1, "n"), NOTHING, (1, 0, "n"), (0, 0, "n"), NOTHING, NOTHING])
    anna.append({**added(anna[0], 150, 150, "1"), "side_first": 0, "side_second": 1, "bent": "n"})
    ben.append({**added(ben[0], 151, 150, "1"), "side_first": 1, "side_second": 0, "bent": "n"})
    return [write_review(tmp_path / f"{n}.csv", r) for n, r in (("anna", anna), ("ben", ben))]


def test_review_files_become_close_ups_and_targets(
    tmp_path: Path, reviews: list[Path], run_script: Script
) -> None:
    given = [*reviews, "--photographs", tmp_path / "photographs", "--set", "clinic"]
    given += ["--output", tmp_path / "cut", "--weights", write_tiny_detector(tmp_path)]
    code, _, err = run_script("datasets/cut_readings.py", *given)
    assert code == 0, err
    found = load_read_close_ups(tmp_path / "cut")
    assert len(found) == 7 and found.patches.any()
    table = found.table.sort_values(["image", "x_px"]).reset_index(drop=True)
    assert table["group"].nunique() == 2 and set(table["set"]) == {"clinic"}
    first = table.iloc[0]
    assert [first[c] for c in ("sideA_1", "sideB_1", "sideA_2", "sideB_2")] == [2, 0, 3, 1]
    assert (first["bent_1"], first["bent_2"], first["above_1"]) == ("y", "n", "artery")

    targets = targets_of(table)
    rows = {(r.image, r.x_px): n for n, r in enumerate(table.itertuples())}
    both, added_one = rows["a/eye.png", 100], rows["a/eye.png", 150]
    assert targets.grade[both].tolist() == [0, 0, 0.5, 0.5] and targets.bent[both] == 0.5
    assert targets.worse[both].tolist() == [0, 0, 0.5, 0.5]
    assert targets.better[both].tolist() == [0.5, 0.5, 0, 0]
    assert targets.worse[added_one].tolist() == [0, 1, 0, 0]  # whichever side each called first
    unclear, above = rows["a/eye.png", 130], rows["a/eye.png", 160]
    assert targets.weight[unclear] == 0 and targets.artery_above[above] == 0.5
    assert targets.worse[above].tolist() == [0, 1, 0, 0]  # of the one who read it
    silent = rows["b/eye.png", 160]
    assert not targets.worse[silent].any() and targets.says_bent[silent] == 0
    assert targets.mean[rows["b/eye.png", 130]] == 0  # one grades, the other is in doubt
    assert np.isfinite(table["drive_px"]).all()


def test_what_is_missing_is_said(tmp_path: Path, reviews: list[Path], run_script: Script) -> None:
    code, _, err = run_script("datasets/cut_readings.py", *reviews, "--output", tmp_path / "cut")
    assert code == 2 and "expected --photographs" in err
    given = [reviews[0], "--photographs", tmp_path, "--output", tmp_path / "cut"]
    code, _, err = run_script("datasets/cut_readings.py", *given)
    assert code == 1 and "expected two review files, found 1" in err
