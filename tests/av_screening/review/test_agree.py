"""From two reviews to agreement, adjudication and labels that trainings take."""

import csv
import html
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from av_grading.data.patch_set import load_patches
from av_grading.data.splits import grouped_folds
from av_grading.formats.manifest import read_manifest
from av_screening.review.agree import main
from av_screening.review.answers import COLUMNS, SIGNS
from av_screening.review.label import main as label
from tests.av_screening.review.reviews import added, review_rows, with_signs, write_review
from tests.av_screening.run_folder import crossings_of, write_run

CROSSINGS = crossings_of(12, 4)
FIRST = [str(c.grade) for c in CROSSINGS]
SECOND = list(FIRST)
SECOND[:4] = ["1", "vein_above", "cannot_grade", ""]


@pytest.fixture
def reviews(tmp_path: Path) -> list[str]:
    """Two readers who differ at three crossings, one that one left out and one that each added."""
    first, second = review_rows(CROSSINGS, FIRST, "<b>Anna"), review_rows(CROSSINGS, SECOND, "Ben")
    first.append(added(first[0], 200, 200, "1"))
    second.append(added(second[0], 203, 200, "1"))
    second.append(added(second[0], 20, 200, "2"))
    paths = write_review(tmp_path / "a.csv", first), write_review(tmp_path / "b.csv", second)
    return [str(path) for path in paths]


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_agreement_then_adjudication_then_training(
    tmp_path: Path, reviews: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    run, output = write_run(tmp_path / "out", CROSSINGS), tmp_path / "agreement"
    given = [*reviews, "--run", str(run), "--output", str(output), "--draws", "5"]
    assert main(given) == 0
    figures = json.loads((output / "agreement.json").read_text())
    assert figures["readers"] == ["<b>Anna", "Ben"]
    assert figures["counts"] == {
        "photographs": 12,
        "crossings": 50,
        "read_by_both": 48,
        "to_adjudicate": 5,
        "sides_read_by_both": 0,
        "bent_read_by_both": 0,
        "signs_differ": 0,
    }
    page = (output / "agreement.html").read_text()
    assert html.escape("<b>Anna") in page and "<b>" not in page and "://" not in page
    assert (output / "agreement.png").read_bytes().startswith(b"\x89PNG")
    assert len(read_manifest(output / "manifest.csv")) == 44

    listed = rows_of(output / "to_adjudicate.csv")
    assert [(r["first_answer"], r["second_answer"]) for r in listed] == [
        ("0", "1"),
        ("1", "vein_above"),
        ("2", "cannot_grade"),
        ("3", ""),
        ("", "2"),
    ]
    settled = ["1", "vein_above", "", "3", "0"]
    for row, answer in zip(listed, settled, strict=True):
        if answer:
            row |= {"answer": answer, "reader": "Cleo", "blind": "0", "time": "2026-11-26T09:00"}
    path = write_review(output / "to_adjudicate.csv", listed, list(listed[0])[len(COLUMNS) :])
    assert main(given) == 1  # it would write over the answers
    assert "found 4: --adjudicated takes them" in capsys.readouterr().err
    assert main([*given, "--adjudicated", str(path)]) == 0
    assert capsys.readouterr().out.startswith(
        "46 graded patches, 49 readings; 1 crossings undecided, 2 graded but added"
    )

    manifest = read_manifest(output / "manifest.csv")
    assert [p.grade for p in manifest[:2]] == [1, 3] and manifest[0].more["readers"] == "Cleo"
    assert (
        manifest[2].more["readers"] == "<b>Anna+Ben" and manifest[2].more["screened_grade"] == "1"
    )
    assert manifest[0].group == "eye0.png" and manifest[0].more["x"] == "60.0"
    readings = pd.read_csv(output / "readings.csv")
    by_answer = readings.drop_duplicates("answer").set_index("answer")
    assert by_answer["above"].to_dict()["vein_above"] == "vein"
    assert by_answer["gradable"].to_dict()["vein_above"] == 0
    assert (readings[readings["answer"].isin(list("0123"))]["above"] == "artery").all()

    data = load_patches(manifest)  # as a training reads it
    folds = grouped_folds(data.grades.tolist(), data.groups, folds=3, seed=0)
    assert sum(len(held) for _, held in folds) == 46


def test_signs_that_both_say_alike_become_labels(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run, output = write_run(tmp_path / "out", CROSSINGS), tmp_path / "agreement"
    rows = {name: review_rows(CROSSINGS, FIRST, name) for name in ("Anna", "Ben")}
    nothing = [("", "", "")] * (len(CROSSINGS) - 2)
    anna = with_signs(rows["Anna"], [(2, 0, "y"), (1, 1, "n"), *nothing])
    ben = with_signs(rows["Ben"], [(2, 1, "y"), (1, 1, ""), *nothing])
    ben[0]["answer"] = "1"  # to be adjudicated
    paths = [str(write_review(tmp_path / f"{n}.csv", r)) for n, r in (("anna", anna), ("ben", ben))]
    given = [*paths, "--run", str(run), "--output", str(output), "--draws", "3"]
    assert main(given) == 0
    assert "sides read by both at 2 crossings, bent at 1: side_qwk" in capsys.readouterr().out
    assert "the vein&#39;s sides at 2 crossings" in (output / "agreement.html").read_text()
    listed = rows_of(output / "to_adjudicate.csv")
    assert [listed[0][n] for n in ("first_side_second", "second_side_second", "bent")] == [
        "0",
        "1",
        "",
    ]
    listed[0] |= {"answer": "1", "reader": "Cleo", "blind": "0", "time": "2026-11-26T09:00"}
    listed[0] |= {"side_first": "2", "side_second": "1", "bent": "y"}
    settled = write_review(tmp_path / "settled.csv", listed[:1], list(listed[0])[len(COLUMNS) :])
    assert main([*given, "--adjudicated", str(settled)]) == 0
    readings = pd.read_csv(output / "readings.csv", dtype="str", keep_default_na=False)
    said = readings[list(SIGNS)].to_numpy().tolist()
    assert said[:3] == [["2", "1", "y"], ["1", "1", ""], ["", "", ""]]

    assert label([paths[0], "--run", str(run), "--output", str(tmp_path / "labels")]) == 0
    assert "2 readings say something of the vein's sides" in capsys.readouterr().out
    alone = pd.read_csv(tmp_path / "labels" / "readings.csv", dtype="str", keep_default_na=False)
    assert alone[list(SIGNS)].to_numpy().tolist()[0] == ["2", "0", "y"]


def test_without_a_run_there_are_figures_and_no_labels(tmp_path: Path, reviews: list[str]) -> None:
    output = tmp_path / "agreement"
    assert main([*reviews, "--output", str(output), "--draws", "5"]) == 0
    assert not (output / "manifest.csv").exists()
    assert json.loads((output / "agreement.json").read_text())["counts"]["read_by_both"] == 48


def test_a_reader_against_the_run(tmp_path: Path, reviews: list[str]) -> None:
    run, output = write_run(tmp_path / "out", CROSSINGS), tmp_path / "agreement"
    given = [reviews[0], str(run / "crossings.csv"), "--output", str(output), "--draws", "5"]
    assert main(given) == 0
    figures = json.loads((output / "agreement.json").read_text())
    assert figures["readers"][1] == "model" and figures["metrics"]["grade_qwk"] == 1


def test_what_is_wrong_is_said_and_nothing_is_written(
    tmp_path: Path, reviews: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    other = write_review(
        tmp_path / "c.csv", [{**r, "run": "run-2"} for r in review_rows(CROSSINGS, SECOND, "Ben")]
    )
    output = tmp_path / "agreement"
    assert main([reviews[0], str(other), "--output", str(output)]) == 1
    assert "run: expected 'run-1' as in" in capsys.readouterr().err
    assert not output.exists()
    with pytest.raises(SystemExit) as stopped:
        main([*reviews, "--output", str(output), "--adjudicated", reviews[0]])
    assert stopped.value.code == 2


def test_one_review_becomes_a_manifest_with_patches_of_what_was_added(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run, output = write_run(tmp_path / "out", CROSSINGS), tmp_path / "labels"
    rows = review_rows(CROSSINGS, SECOND, "Ben")
    rows.append(added(rows[0], 150, 150, "2"))
    rows.append(added(rows[0], 120, 90, "cannot_grade"))
    given = [str(write_review(tmp_path / "ben.csv", rows)), "--run", str(run)]
    given += ["--output", str(output)]
    assert label(given) == 0
    assert "1 graded but added, so without patch: --photographs" in capsys.readouterr().out
    assert len(read_manifest(output / "manifest.csv")) == 45

    assert label([*given, "--photographs", str(tmp_path / "photographs")]) == 0
    manifest = read_manifest(output / "manifest.csv")
    assert len(manifest) == 46
    patch = manifest[-1]
    assert patch.grade == 2 and patch.group == "eye0.png"
    assert output / "added" / "patches" in patch.patch.parents
    data = load_patches(manifest[-1:])  # as a training reads it
    middle = data.patches.shape[-1] // 2
    scale = float(patch.more["scale"])
    photograph = np.asarray(Image.open(tmp_path / "photographs" / "eye0.png").convert("RGB"))
    around = photograph[145:156, 145:156].mean()
    half = round(5 * scale)
    seen = data.patches[0, :, middle - half : middle + half, middle - half : middle + half]
    assert abs(float(seen.float().mean()) - around) < 12

    (tmp_path / "photographs" / "eye0.png").write_text("no picture")
    assert label([*given, "--photographs", str(tmp_path / "photographs")]) == 1
    assert "eye0.png: expected it below" in capsys.readouterr().err
