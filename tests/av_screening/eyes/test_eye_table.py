"""eyes.csv and the tables by eye and person that come of it."""

from pathlib import Path

import pandas as pd
import pytest

from av_screening.command_line.screen import main as screen
from av_screening.errors import FileProblems
from av_screening.eyes.__main__ import main
from av_screening.eyes.eye_table import Eye, read_eyes
from tests.av_screening.run_folder import crossings_of, write_run

NAMES = {"eye0.png", "eye1.png", "eye2.png"}


def write(path: Path, *rows: str, header: str = "photograph,person,eye") -> Path:
    path.write_text("\n".join([header, *rows, ""]), "utf-8")
    return path


def test_eyes_in_any_of_the_usual_words(tmp_path: Path) -> None:
    path = write(tmp_path / "eyes.csv", "eye0.png,P1,OD", "eye1.png,P1,left", "eye2.png,P2,")
    assert read_eyes(path, NAMES) == {
        "eye0.png": Eye("P1", "OD", "table"),
        "eye1.png": Eye("P1", "OS", "table"),
        "eye2.png": Eye("P2", "", "table"),
    }


def test_every_row_that_is_wrong_is_named(tmp_path: Path) -> None:
    rows = ["eye0.png,P1,OD", "eye9.png,P1,OS", "eye0.png,P2,OS", "eye1.png,,OU", ",P1,R,x"]
    with pytest.raises(FileProblems) as raised:
        read_eyes(write(tmp_path / "eyes.csv", *rows), NAMES)
    assert raised.value.problems == [
        "row 3: photograph: expected one of the run, found 'eye9.png'",
        "row 4: photograph: expected eye0.png once, found it in row 2",
        "row 5: person: expected a word, found nothing",
        "row 5: eye: expected OD, OS, R, L, right, left or nothing, found 'OU'",
        "row 6: expected a cell a column, found more: ['x']",
        "row 6: photograph: expected one of the run, found 'nothing'",
    ]
    path = write(tmp_path / "other.csv", "eye0.png,P1", header="photograph,patient")
    with pytest.raises(FileProblems, match="expected the columns photograph,person,eye, found"):
        read_eyes(path, NAMES)


def test_tables_by_photograph_eye_and_person(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = write_run(tmp_path / "out", crossings_of(3, 2))  # grades 0 1, 1 2, 2 3
    table = write(tmp_path / "eyes.csv", "eye0.png,P1,OD", "eye1.png,P1,OS")
    assert main([str(run), "--eyes", str(table)]) == 0
    assert "3 photographs of 2 persons; eyes: 1 not known, 2 table" in capsys.readouterr().out
    persons = pd.read_csv(run / "by_eye" / "persons.csv").set_index("person")
    assert persons.loc["P1"].to_dict() == {
        "photographs": 2,
        "eyes": 2,
        "crossings": 4,
        "graded": 4,
        "highest_grade": 2,
        "mean_grade": 1,
    }
    eyes = pd.read_csv(run / "by_eye" / "eyes.csv")
    assert eyes[["person", "eye"]].to_numpy().tolist() == [
        ["P1", "OD"],
        ["P1", "OS"],
        ["eye2.png", "not known"],
    ]
    photographs = pd.read_csv(run / "by_eye" / "photographs.csv")
    assert photographs["eye_source"].fillna("").tolist() == ["table", "table", ""]
    assert photographs["highest_grade"].tolist() == [1, 2, 3]
    assert main([str(run), "--eyes", str(write(tmp_path / "bad.csv", "no.png,P1,OD"))]) == 1
    assert "row 2: photograph" in capsys.readouterr().err


def test_only_gradable_crossings_count(tmp_path: Path) -> None:
    run = write_run(tmp_path / "out", crossings_of(1, 4))
    crossings = pd.read_csv(run / "crossings.csv")
    crossings.assign(gradable=[1, 1, 0, 0]).to_csv(run / "crossings.csv", index=False)
    summary = pd.read_csv(run / "summary.csv")
    summary.assign(flagged=1, eye="OS").to_csv(run / "summary.csv", index=False)
    assert main([str(run)]) == 0
    eyes = pd.read_csv(run / "by_eye" / "eyes.csv")
    row = eyes.to_dict("records")[0]
    assert (row["eye"], row["graded"], row["highest_grade"], row["flagged"]) == ("OS", 2, 1, 1)


def test_screening_refuses_a_wrong_table_before_it_starts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photographs, table = tmp_path / "in", tmp_path / "eyes.csv"
    photographs.mkdir()
    (photographs / "a.png").write_bytes(b"no picture")
    table.write_text("photograph,person,eye\na.png,7,OD\nb.png,7,OS\na.png,8,left\n")
    command = [str(photographs), "--output", str(tmp_path / "out"), "--eyes", str(table)]
    assert screen(command) == 1
    message = capsys.readouterr().err
    assert "row 3" in message and "row 4" in message and "eyes.csv" in message
    assert not (tmp_path / "out").exists()
