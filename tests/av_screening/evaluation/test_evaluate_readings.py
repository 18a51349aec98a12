"""A run against readings: figures that were worked out by hand, folds, reviews, what is refused."""

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from sklearn.metrics import cohen_kappa_score

from av_grading.formats.files import write_whole
from av_grading.formats.manifest import read_manifest
from av_screening.evaluation.evaluate_readings import main
from av_screening.evaluation.eye_scores import eye_scores, eye_table, sensitivity, statistics
from av_screening.evaluation.paired_readings import read_paired_tables
from av_screening.evaluation.reading_scores import alone_scores, run_table
from av_screening.run.folder import screen_folder
from av_screening.settings import Settings
from av_screening.write.columns import FAILURES, crossings_columns, format_csv, summary_columns
from tests.av_screening.conftest import encode
from tests.av_screening.review.reviews import added, review_rows, write_review
from tests.av_screening.run_folder import crossings_of
from tests.av_screening.run_folder import write_run as write_drawn_run

READING = ("clear", "above", "sideA", "sideB", "bent", "grade", "conf")
COLUMNS = ["set", "split", "image", "x_px", "y_px", "drive_px", "chosen"]
COLUMNS += [f"{name}_{i}" for i in (1, 2) for name in READING]
NO = ("n", "", "", "", "", "", 2)
FRESH = (
    *("side_first_expected", "side_second_expected"),
    *("bent_probability", "gradable_probability"),
)
"""Columns of later runs."""


def yes(above: str, side: int, bent: str, grade: int) -> tuple[object, ...]:
    return ("y", above, side, 0, bent, grade, 2)


READINGS = [
    ("a.png", 100, 100, yes("artery", 2, "y", 2), yes("artery", 3, "y", 3)),
    ("a.png", 200, 100, yes("artery", 0, "n", 0), yes("artery", 0, "n", 0)),
    ("a.png", 300, 100, yes("artery", 3, "y", 3), yes("artery", 3, "y", 3)),
    ("a.png", 100, 300, NO, NO),
    ("a.png", 200, 300, yes("vein", 0, "n", 0), yes("vein", 0, "n", 1)),
    ("b.png", 100, 100, yes("vein", 1, "n", 1), yes("vein", 2, "y", 2)),
    ("b.png", 200, 100, yes("artery", 0, "n", 0), NO),
    ("b.png", 300, 100, yes("artery", 0, "n", 0), yes("unclear", 0, "n", 0)),
    ("c.png", 50, 50, yes("vein", 2, "n", 2), yes("artery", 2, "n", 2)),
    ("d.png", 50, 50, yes("artery", 2, "n", 2), yes("artery", 2, "n", 2)),
]
RUN = [
    # photograph, x, y, grade, expected, artery above, side, other side, bent, clear
    ("eyes/a.png", 110, 100, 2, 2.2, 0.9, 2.0, 1.0, 0.9, 0.9),
    ("eyes/a.png", 200, 105, 0, 0.3, 0.3, 0.1, 0.2, 0.2, 0.8),
    ("eyes/a.png", 300, 100, "", "", 0.7, "", "", "", 0.3),
    ("eyes/a.png", 100, 300, 1, 1.1, 0.6, 0.5, 0.5, 0.5, 0.6),
    ("eyes/a.png", 221, 300, "", "", 0.1, "", "", "", 0.2),  # 10.5 DRIVE px from its reading
    ("eyes/b.png", 100, 100, 1, 1.4, 0.2, 1.5, 0.5, 0.4, 0.7),
    ("eyes/b.png", 200, 100, 0, 0.1, 0.5, 0.5, 0.5, 0.5, 0.5),
    ("eyes/b.png", 300, 100, 2, 1.6, 0.6, 0.0, 2.5, 0.95, 0.9),
]
NAMES = ("photograph", "x_px", "y_px", "grade", "expected_grade", "above_artery_probability")


def table_row(photograph: str, x: int, y: int, *readings: Any, of: str = "clinic") -> list[object]:
    return [of, "train", photograph, x, y, 2.0, "detected", *readings[0], *readings[1]]


def write_rows(path: Path, rows: list[list[object]], columns: list[str] = COLUMNS) -> Path:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([columns, *rows])
    return path


def write_run(
    output: Path,
    names: tuple[str, ...] = ("eyes/a.png", "eyes/b.png"),
    failed: tuple[str, ...] = ("eyes/c.png",),
    more: tuple[str, ...] = FRESH,
) -> Path:
    """The tables of a run with the photographs that are named; a DRIVE px is 2 px."""
    rows = []
    for number, values in enumerate(row for row in RUN if row[0] in names):
        named = dict(zip((*NAMES, *FRESH), values, strict=True))
        kept = {name: v for name, v in named.items() if name not in FRESH or name in more}
        rows.append({"crossing": number, "score": 0.9, **kept})
    summary = [{"photograph": n, "fov_diameter_px": 1080, "folder": n} for n in names]
    lost = [{"photograph": n, "reason": "too_dark", "message": "dark"} for n in failed]
    write_whole(
        output / "crossings.csv", format_csv(dict.fromkeys([*crossings_columns(), *more]), rows)
    )
    write_whole(output / "summary.csv", format_csv(summary_columns(), summary))
    write_whole(output / "failures.csv", format_csv(FAILURES, lost))
    write_whole(output / "run.json", json.dumps({"run": "run-1"}))
    return output


@pytest.fixture
def readings(tmp_path: Path) -> Path:
    return write_rows(tmp_path / "readings.csv", [table_row(*row) for row in READINGS])


def evaluate(run: Path, *arguments: object) -> dict[str, Any]:
    """Run the command; the results file's content."""
    output = run.parent / "results.json"
    given = [run, *arguments, "--output", output, "--draws", 10]
    assert main([str(word) for word in given]) == 0
    content: dict[str, Any] = json.loads(output.read_text())
    return content


BY_HAND = {
    "found_share": 5 / 7,
    "graded_share": 4 / 7,
    "clear_graded_share": 3 / 4,
    "not_clear_graded_share": 1,
    "read0_graded_share": 1,
    "read0_called1_share": 1 / 2,
    "read0_called2_share": 1 / 2,
    "read0_graded_called2_share": 1 / 2,
    "read2_graded_share": 1 / 3,
    "read2_called2_share": 1 / 3,
    "read2_graded_called2_share": 1,
    "read3_graded_share": 0,
    "read3_called2_share": 0,
    "qwk": 1 - 6 / 9.5,
    "qwk_each": 1 - (4 / 6.5 + 6 / 9.5) / 2,
    "qwk_all": 1 - 20 * 7 / 142,
    "spearman": 3 / 22.5**0.5,
    "auc_grade1": 3 / 4,
    "auc_grade2": 3 / 4,
    "auc_grade2_all": 1 / 2,
    "reading_qwk": 1 - 3 * 7 / 139,
    "side_worse_spearman": 0.5 / 22.5**0.5,
    "side_auc": 1 / 2,
    "bent_auc": 1 / 2,
    "clear_auc": 4 / 5,
    "above_kappa": 1 / 2,
    "n_photographs": 3,
    "n_readings": 9,
    "n_clear": 7,
    "n_clear_no_vein_above": 4,
    "n_not_clear": 1,
    "n_found": 5,
    "n_graded": 4,
    "n_read0": 2,
    "n_read2": 3,
    "n_read3": 1,
    "n_true3_called2": 1,
    "n_true3_refused": 1,
    "n_true2_called1": 1,
    "n_true2_not_found": 1,
    "n_true1_not_found": 1,
    "n_true0_called0": 1,
    "n_true0_called2": 1,
}


def test_figures_are_those_worked_out_by_hand(
    tmp_path: Path, readings: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    listed = tmp_path / "crossings.csv"
    found = evaluate(write_run(tmp_path / "out"), readings, "--crossings-csv", listed)
    metrics = found["metrics"]
    assert {name: metrics[name] for name in BY_HAND} == pytest.approx(BY_HAND, abs=1e-5)
    assert sum(v for name, v in metrics.items() if name.startswith("n_true")) == 7
    assert {"command", "commit", "seeds", "data"} <= set(found)
    assert found["data"]["photographs"] == ["eyes/a.png", "eyes/b.png", "eyes/c.png"]
    assert found["data"]["not_screened"] == ["eyes/c.png"]
    assert not any(name.startswith("n_") for name in found["ci95"])
    low, high = found["ci95"]["graded_share"]
    assert low <= metrics["graded_share"] <= high
    assert "1 readings are of 1 photographs that" in capsys.readouterr().out

    table = pd.read_csv(listed)
    assert len(table) == 9 and table["found"].tolist() == [1, 1, 1, 1, 0, 1, 1, 1, 0]
    assert table["distance_drive_px"].tolist()[:2] == [5.0, 2.5]
    assert table["crossing"].fillna(-1).tolist() == [0, 1, 2, 3, -1, 5, 6, 7, -1]
    assert table["true_grade"].fillna(-1).tolist() == [2.5, 0, 3, -1, 0.5, 1.5, -1, 0, 2]


def test_what_a_run_does_not_answer_is_left_out(tmp_path: Path, readings: Path) -> None:
    metrics = evaluate(write_run(tmp_path / "out", more=()), readings)["metrics"]
    assert metrics["above_kappa"] == 0.5
    assert not {"side_auc", "side_worse_spearman", "bent_auc", "clear_auc"} & set(metrics)


def test_folds_are_one_run(tmp_path: Path, readings: Path) -> None:
    whole = evaluate(write_run(tmp_path / "out"), readings)["metrics"]
    folds = tmp_path / "folds"
    write_run(folds / "0", ("eyes/a.png",), ())
    write_run(folds / "1", ("eyes/b.png",))
    assert evaluate(folds, readings)["metrics"] == whole


def test_a_photograph_in_two_folds_is_refused(
    tmp_path: Path, readings: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_run(tmp_path / "folds" / "0", ("eyes/a.png",), ("eyes/b.png",))
    write_run(tmp_path / "folds" / "1", ("eyes/b.png",))
    output = tmp_path / "results.json"
    assert main([str(tmp_path / "folds"), str(readings), "--output", str(output)]) == 1
    error = capsys.readouterr().err
    assert f"{tmp_path / 'folds' / '1'}: 1 problem" in error
    assert f"eyes/b.png: expected a photograph in one run, found it in {tmp_path}" in error
    assert not output.exists()


def test_each_crossing_of_the_run_is_of_one_reading(tmp_path: Path) -> None:
    """The nearer of two readings takes it; the other one the next, if that is near enough."""
    clear = yes("artery", 0, "n", 0), yes("artery", 0, "n", 0)
    rows = [table_row("a.png", x, 100, *clear) for x in (190, 204, 235)]
    table = write_rows(tmp_path / "readings.csv", rows)
    listed = tmp_path / "listed.csv"
    evaluate(write_run(tmp_path / "out"), table, "--crossings-csv", listed)
    assert pd.read_csv(listed)["crossing"].fillna(-1).tolist() == [-1, 1, -1]


def test_an_earlier_run_stands_beside(tmp_path: Path, readings: Path) -> None:
    run, old = write_run(tmp_path / "out"), write_run(tmp_path / "old", more=())
    text = (old / "crossings.csv").read_text().replace(",2,,,,,2.2,", ",0,,,,,0.0,")
    (old / "crossings.csv").write_text(text.replace("eyes/", ""))  # screened from within
    for name in ("summary", "failures"):
        path = old / f"{name}.csv"
        path.write_text(path.read_text().replace("eyes/", ""))
    listed = tmp_path / "listed.csv"
    found = evaluate(run, readings, "--before", old, "--crossings-csv", listed)
    metrics = found["metrics"]
    assert metrics["qwk"] == pytest.approx(BY_HAND["qwk"], abs=1e-5)
    assert metrics["before_read2_called2_share"] == 0
    assert metrics["before_read2_graded_share"] == pytest.approx(1 / 3, abs=1e-5)
    assert metrics["before_n_true3_called0"] == 1 and "before_reading_qwk" not in metrics
    assert metrics["before_above_kappa"] == 0.5 and "before_side_auc" not in metrics
    assert "before_qwk_all" in found["ci95"]
    assert pd.read_csv(listed)["before_grade"].fillna(-1).tolist()[:3] == [0, 0, -1]


def test_an_earlier_run_of_fewer_photographs_is_refused(
    tmp_path: Path, readings: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = write_run(tmp_path / "out")
    old = write_run(tmp_path / "old", ("eyes/a.png",), ())
    given = [run, readings, "--before", old, "--output", tmp_path / "x.json"]
    assert main([str(word) for word in given]) == 1
    assert "found none named b.png, c.png" in capsys.readouterr().err


def test_groups_of_eyes(tmp_path: Path, readings: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [["a.png", "hypertensive", 1], ["b.png", "normal", 0], ["c.png", "brvo", 0]]
    rows += [["z.png", "normal", 0]]
    eyes = write_rows(tmp_path / "eyes.csv", rows, ["image", "group", "hypertensive_retinopathy"])
    output = tmp_path / "eyes.json"
    run = write_run(tmp_path / "out")
    evaluate(run, readings, "--eyes", eyes, "--eyes-output", output, "--before", run)
    assert f"1 eyes of {eyes} are not in" in capsys.readouterr().out
    metrics = json.loads(output.read_text())["metrics"]
    expected = {
        "auc_hypertensive_normal_mean": 1,
        "auc_hypertensive_normal_max": 1,
        "auc_hypertensive_normal_top2": 1,
        "auc_hypertensive_others_top2": 1,
        "sensitivity_at_10_percent_normal": 1,
        "group_hypertensive_mean": 1.2,
        "group_hypertensive_top2": 1.65,
        "group_normal_top2": 1.5,
        "group_brvo_top2": 0,
        "before_group_normal_top2": 1.5,
        "reading_group_hypertensive_mean": 1.5,
        "reading_group_hypertensive_top2": 2.75,
        "reading_group_brvo_top2": 2,
        "reading_auc_hypertensive_normal_mean": 1,
        "n_eyes": 3,
        "n_eyes_normal": 1,
    }
    assert {name: metrics[name] for name in expected} == pytest.approx(expected)


def test_eyes_are_told_apart_by_their_crossings() -> None:
    assert statistics(pd.Series([1.0, 3.0, 2.0, np.nan])) == {"mean": 2, "max": 3, "top2": 2.5}
    assert statistics(pd.Series([1.0])) == {"mean": 1, "max": 1, "top2": 1}
    assert statistics(pd.Series([np.nan])) == {"mean": 0, "max": 0, "top2": 0}
    # Of 19 normal eyes one may lie above the threshold, of 20 two.
    normal = np.arange(20) / 10
    assert sensitivity(np.array([1.75, 1.85]), normal[:19]) == 1
    assert sensitivity(np.array([1.75, 1.85, 1.65]), normal) == pytest.approx(2 / 3)

    groups = ["h", "h", "normal", "normal", "brvo", "other"]
    eyes = pd.DataFrame({"image": list("abcdef"), "group": groups})
    eyes["hypertensive"] = eyes["group"] == "h"
    grades = pd.DataFrame({"photograph": list("abcdef"), "expected_grade": [3, 1, 2, 0, 3, 2.5]})
    table = eye_table(eyes, {name: name for name in "abcdef"}, {"": grades})
    scores = eye_scores({"eyes": table})
    assert scores["auc_hypertensive_normal_max"] == 3 / 4
    assert scores["auc_hypertensive_others_max"] == pytest.approx(4 / 6)  # without brvo
    # An eye in which nothing is graded counts as 0; one in which nothing was read does not count.
    both = {"": grades.iloc[:5], "reading_": grades.iloc[1:]}
    scores = eye_scores({"eyes": eye_table(eyes, {name: name for name in "abcdef"}, both)})
    assert scores["group_other_mean"] == 0 and scores["group_h_mean"] == 2
    assert scores["reading_group_h_mean"] == 1
    assert scores["reading_auc_hypertensive_normal_max"] == 1 / 2


def test_two_reviews(tmp_path: Path) -> None:
    crossings = crossings_of(4, 4)
    run = write_drawn_run(tmp_path / "out", crossings)
    first = [str(c.grade) for c in crossings]
    second = ["1", "vein_above", "questionable", "cannot_grade", *first[4:15], ""]
    rows = review_rows(crossings, first, "ann"), review_rows(crossings, second, "ben")
    rows[0].append(added(rows[0][0], 250, 250, "3"))
    rows[1].append(added(rows[1][0], 252, 250, "3"))
    files = [write_review(tmp_path / f"{n}.csv", r) for n, r in zip("ab", rows, strict=True)]
    metrics = evaluate(run, *files)["metrics"]
    assert metrics["n_readings"] == 16 and metrics["n_not_clear"] == 0
    assert metrics["n_clear"] == 15 and metrics["n_clear_no_vein_above"] == 14
    assert metrics["n_found"] == 14 and metrics["found_share"] == pytest.approx(14 / 15, abs=1e-5)
    grades = [int(g) for g in first]
    both = [0, 1, *range(4, 15)]  # a grade, or vein above: 0
    one = [*(grades[i] for i in both), 3]
    other = [1, 0, *grades[4:15], 3]
    kappa = cohen_kappa_score(one, other, weights="quadratic")
    assert metrics["reading_qwk"] == pytest.approx(kappa, abs=1e-5)
    assert metrics["n_true3_not_found"] == 1  # the one that both added


def test_reviews_come_in_twos(
    tmp_path: Path, readings: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    crossings = crossings_of(1, 2)
    run = write_drawn_run(tmp_path / "out", crossings)
    review = write_review(tmp_path / "a.csv", review_rows(crossings, ["0", "1"], "ann"))
    more = ["--output", str(tmp_path / "x.json")]
    assert main([str(run), str(review), *more]) == 1
    assert "expected two review files, found 1" in capsys.readouterr().err
    assert main([str(run), str(review), str(readings), *more]) == 1
    assert f"{readings}: expected a review file" in capsys.readouterr().err
    assert main([str(run), str(review), str(review), "--set", "a", *more]) == 1
    assert "found a review" in capsys.readouterr().err


def test_readings_of_other_photographs(
    tmp_path: Path, readings: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = write_run(tmp_path / "out", (), ("eyes/x.png",))
    output = tmp_path / "results.json"
    assert main([str(run), str(readings), "--output", str(output)]) == 1
    said = capsys.readouterr()
    assert "10 readings are of 4 photographs that" in said.out
    assert "such as a.png, found none of them" in said.err and not output.exists()


def test_one_name_for_two_photographs_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clear = yes("artery", 0, "n", 0), yes("artery", 0, "n", 0)
    rows = [table_row("a.png", 5, 5, *clear, of=name) for name in ("hrf", "gave")]
    table = write_rows(tmp_path / "readings.csv", rows)
    run, output = write_run(tmp_path / "out"), tmp_path / "results.json"
    assert main([str(run), str(table), "--output", str(output)]) == 1
    assert "row 3: image: expected a.png in one set, found it in hrf/train and gave/train" in (
        capsys.readouterr().err
    )
    assert evaluate(run, table, "--set", "gave", "--split", "train")["metrics"]["n_readings"] == 1
    twice = write_run(tmp_path / "twice", ("eyes/a.png",), ("other/a.png",))
    given = [str(twice), str(table), "--set", "gave", "--output", str(output)]
    assert main(given) == 1
    error = capsys.readouterr().err
    assert "a.png: expected one photograph of that name" in error and "other/a.png" in error


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("clear_1", "maybe", "row 2: clear_1: expected y or n, found 'maybe'"),
        ("grade_2", "4", "row 2: grade_2: expected 0-3 or nothing, found '4'"),
        ("above_1", "", "row 2: above_1: expected one of artery, vein, unclear, found 'nothing'"),
        ("drive_px", "0", "row 2: drive_px: expected px, found '0'"),
        ("x_px", "left", "row 2: x_px: expected px, found 'left'"),
        ("bent_2", "1", "row 2: bent_2: expected y, n or nothing, found '1'"),
    ],
)
def test_a_value_that_is_not_known_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], column: str, value: str, message: str
) -> None:
    row = table_row(*READINGS[0])
    row[COLUMNS.index(column)] = value
    table = write_rows(tmp_path / "readings.csv", [row])
    given = [str(write_run(tmp_path / "out")), str(table), "--output", str(tmp_path / "x.json")]
    assert main(given) == 1
    assert message in capsys.readouterr().err


def test_tables_that_are_none(
    tmp_path: Path, readings: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = write_run(tmp_path / "out")
    more = ["--output", str(tmp_path / "x.json")]
    other = write_rows(tmp_path / "other.csv", [["a.png", 1]], ["image", "x_px"])
    for table, message in (
        (other, "found none named y_px,drive_px,clear_1"),
        (tmp_path / "none.csv", "expected a table of readings, found no file"),
    ):
        assert main([str(run), str(table), *more]) == 1
        assert message in capsys.readouterr().err
    assert main([str(run), str(readings), "--set", "none", *more]) == 1
    assert "expected readings of set ['none']" in capsys.readouterr().err
    (tmp_path / "empty").mkdir()
    assert main([str(tmp_path / "empty"), str(readings), *more]) == 1
    assert "expected the folder of a finished run" in capsys.readouterr().err
    assert main([str(run), str(readings), str(readings), *more]) == 1
    assert f"expected a crossing once, found it in {readings}, row 2" in capsys.readouterr().err


@pytest.mark.parametrize("more", [["--eyes", "e.csv"], ["--draws", "0"], ["--unknown"]])
def test_wrong_usage(more: list[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["out", "readings.csv", "--output", "x.json", *more])
    assert stopped.value.code == 2


def test_machine_readings_of_real_crossings_agree(av_data: Path) -> None:
    path = av_data / "readings_real.csv"
    if not path.is_file():
        pytest.skip(f"{path} is not there")
    table = read_paired_tables([path])
    scored = run_table(table.assign(found=0, grade=np.nan, expected_grade=np.nan))
    kappas = {}
    for name, rows in scored.groupby("set"):
        if rows["true_grade"].notna().sum() > 50:  # too few crossings elsewhere
            kappas[name] = alone_scores(rows)["reading_qwk"]
    assert len(kappas) >= 5
    assert all(0.705 <= kappa <= 0.895 for kappa in kappas.values()), kappas


def test_a_manifest_of_the_patches_that_were_read(
    tmp_path: Path, eye: NDArray[np.uint8], settings: Settings
) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.png").write_bytes(encode(eye))
    screen_folder(tmp_path / "in", tmp_path / "out", settings)
    found = pd.read_csv(tmp_path / "out" / "crossings.csv")
    places = [(round(x), round(y)) for x, y in zip(found["x_px"], found["y_px"], strict=True)]
    read = [(yes("artery", 2, "y", 2), yes("artery", 3, "y", 3)), (NO, NO)]
    rows = [table_row("a.png", *at, *pair) for at, pair in zip(places, read, strict=False)]
    readings = write_rows(tmp_path / "readings.csv", rows)
    manifest = tmp_path / "to" / "manifest.csv"
    evaluate(tmp_path / "out", readings, "--manifest", manifest)
    (patch,) = read_manifest(manifest)
    assert (patch.grade, patch.group, patch.source) == (3, "a.png", "readings")
    assert patch.patch.resolve() == (tmp_path / "out" / str(found["patch"][0])).resolve()
