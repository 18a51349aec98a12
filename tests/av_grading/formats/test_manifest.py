"""Manifests are read whole or refused with everything that is wrong in them."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from av_grading.data.patch_set import load_patches
from av_grading.data.splits import grouped_folds
from av_grading.formats.manifest import ManifestError, format_manifest, read_manifest


def rows_of(path: Path) -> list[str]:
    return path.read_text().splitlines()


def problems_of(path: Path) -> list[str]:
    with pytest.raises(ManifestError) as error:
        read_manifest(path)
    assert str(path) in str(error.value)
    return error.value.problems


def test_reads_what_was_written(graded: Path) -> None:
    patches = read_manifest(graded)
    assert len(patches) == 48
    assert [p.grade for p in patches[:4]] == [0, 1, 2, 3]
    assert patches[5].group == "eye1" and patches[5].patch.is_file()


def test_everything_wrong_is_listed_at_once_with_its_row(graded: Path) -> None:
    lines = rows_of(graded)
    lines[1] = lines[1].replace(",0,eye0", ",7,eye0")
    lines[2] = lines[2].replace("eye0", "")
    lines[3] = lines[3].replace("patches/2.png", "patches/none.png")
    lines[4] = lines[4].replace("maps/3.png", "")
    graded.write_text("\n".join(lines))
    cv2.imwrite(str(graded.parent / "maps/4.png"), np.zeros((16, 20), np.uint8))
    cut = graded.parent / "patches/5.png"
    cut.write_bytes(cut.read_bytes()[:400])
    cv2.imwrite(str(graded.parent / "maps/6.png"), np.full((32, 32), 9, np.uint8))
    found = "\n".join(problems_of(graded))
    for text in (
        "row 2: grade: expected 0-3 or nothing, found '7'",
        "row 3: group: expected a value, found none",
        "none.png: expected an image file, found nothing",
        "row 5: av_map: expected a value, found none",
        "4.png: expected the patch's size 32 x 32 px, found 20 x 16 px",
        "5.png: image cannot be decoded",
        "6.png: expected labels 0-3 or red, blue, green and white, found the value 9",
    ):
        assert text in found
    assert len(problems_of(graded)) == 7


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("patch,grade\n", "expected the columns patch,av_map,grade,group,source"),
        ("", "found nothing"),
        ("patch,av_map,grade,group,source\n", "expected patches, found none"),
        ("\x00\xff", "expected the columns"),
    ],
)
def test_files_that_are_no_manifest(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "m.csv"
    path.write_text(text)
    assert message in problems_of(path)[0]


def test_absent_file(tmp_path: Path) -> None:
    assert problems_of(tmp_path / "m.csv") == ["expected a manifest, found no file"]


def test_rows_without_a_grade_are_kept_unless_graded_ones_are_asked_for(graded: Path) -> None:
    lines = rows_of(graded)
    lines[1] = lines[1].replace(",0,eye0", ",,eye0")
    graded.write_text("\n".join(lines))
    assert read_manifest(graded)[0].grade is None
    assert len(read_manifest(graded, graded_only=True)) == 47


def test_other_columns_are_kept(graded: Path) -> None:
    row = {**dict.fromkeys(("source", "grade"), ""), "group": "a", "ratio": 0.5}
    row |= {"patch": "patches/0.png", "av_map": "maps/0.png"}
    graded.write_text(format_manifest([row], ["ratio"]))
    assert read_manifest(graded)[0].more == {"ratio": "0.5"}


def with_persons(path: Path, persons: list[str]) -> Path:
    header, *rows = rows_of(path)
    lines = [f"{row},{person}" for row, person in zip(rows, persons, strict=True)]
    path.write_text("\n".join([f"{header},person", *lines]))
    return path


def test_photographs_of_one_person_are_never_split(graded: Path) -> None:
    persons = [f"P{number // 8}" for number in range(48)]  # two photographs each
    data = load_patches(read_manifest(with_persons(graded, persons)))
    assert data.groups == persons
    for rest, held in grouped_folds(data.grades.tolist(), data.groups, folds=3, seed=0):
        assert not {persons[i] for i in rest} & {persons[i] for i in held}


def test_a_photograph_is_of_one_person(graded: Path) -> None:
    persons = ["P1", "P2", "", *["P1"] * 45]
    assert problems_of(with_persons(graded, persons)) == [
        "row 3: person: expected 'P1' as in the first row of eye0, found 'P2'",
        "row 4: person: expected 'P1' as in the first row of eye0, found 'nothing'",
    ]
