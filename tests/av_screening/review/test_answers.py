"""Review files that are right, of another run, of an earlier version, edited by hand."""

from pathlib import Path

import pandas as pd
import pytest

from av_screening.errors import FileProblems
from av_screening.review.answers import MODEL, NEEDED, SIGNS, read_answers, read_review
from av_screening.run.finished_run import FinishedRun
from av_screening.write.columns import format_csv
from tests.av_screening.review.reviews import added, review_rows, with_signs, write_review
from tests.av_screening.run_folder import crossings_of, write_run

CROSSINGS = crossings_of(2, 3)
ANSWERS = ["0", "1", "questionable", "cannot_grade", "vein_above", "no_crossing"]


@pytest.fixture
def run(tmp_path: Path) -> FinishedRun:
    return FinishedRun.read(write_run(tmp_path / "out", CROSSINGS))


def test_a_review_as_it_was_written(tmp_path: Path, run: FinishedRun) -> None:
    rows = review_rows(CROSSINGS, ANSWERS, "Anna")
    path = write_review(tmp_path / "a.csv", [*rows, added(rows[0], 12.5, 30, "2")])
    answers = read_review(path, run)
    assert [a.answer for a in answers] == [*ANSWERS, "2"]
    assert [a.read_grade for a in answers] == [0, 1, None, None, None, None, 2]
    assert [a.gradable for a in answers] == [True, True, True, False, False, False, True]
    assert answers[3].reason == "blurred" and answers[0].reader == "Anna"
    assert answers[-1].crossing is None and (answers[-1].x, answers[-1].y) == (12.5, 30)
    assert answers[0].time is not None and answers[0].time.utcoffset() is not None


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("answer", "4", "row 3: answer: expected one of 0, 1, 2, 3, questionable"),
        ("answer", "", "row 3: answer: expected one of"),
        ("x", "12,5", "row 3: x: expected px of the photograph, found '12,5'"),
        ("y", "101", "row 3: x, y: expected 100, 80 as in crossings.csv, found 100, 101"),
        ("crossing", "1.0", "row 3: crossing: expected a whole number"),
        ("crossing", "7", "row 3: crossing: expected one of eye0.png, found 7"),
        ("photograph", "eye9.png", "row 3: photograph: expected one of"),
        ("grade", "3", "row 3: grade: expected 1 as in crossings.csv, found 3"),
        ("blind", "yes", "row 3: blind: expected 0 or 1, found 'yes'"),
        ("time", "yesterday", "row 3: time: expected a time such as 2026-11-25T14:30:00Z"),
        ("reader", "", "row 3: reader: expected a reader, found 'nothing'"),
        ("reader", "Ben", "row 3: reader: expected 'Anna' as in row 2, found 'Ben'"),
        ("run", "run-2", "row 3: run: expected run-1"),
        ("crossing", "0", "row 3: eye0.png, crossing 0: expected one answer, found '1' here and"),
    ],
)
def test_what_was_edited_by_hand_is_named(
    tmp_path: Path, run: FinishedRun, column: str, value: str, message: str
) -> None:
    rows = review_rows(CROSSINGS, ANSWERS, "Anna")
    rows[1][column] = value
    with pytest.raises(FileProblems) as raised:
        read_review(write_review(tmp_path / "a.csv", rows), run)
    assert any(message in problem for problem in raised.value.problems)


def test_all_faults_of_all_rows_are_listed(tmp_path: Path) -> None:
    rows = review_rows(CROSSINGS, ANSWERS, "Anna")
    rows[0] |= {"answer": "maybe", "x": ""}
    rows[4]["time"] = "late"
    rows.append(dict(rows[1]))
    with pytest.raises(FileProblems) as raised:
        read_review(write_review(tmp_path / "a.csv", rows))
    assert [p.partition(":")[0] for p in raised.value.problems] == ["row 2", "row 2", "row 6"] + [
        "row 8"
    ]
    assert str(tmp_path / "a.csv") in str(raised.value) and "4 problems" in str(raised.value)


def test_a_review_of_another_run_names_both(tmp_path: Path, run: FinishedRun) -> None:
    rows = review_rows(CROSSINGS, ANSWERS, "Anna")
    path = write_review(tmp_path / "a.csv", [{**row, "run": "other"} for row in rows])
    with pytest.raises(FileProblems) as raised:
        read_review(path, run)
    assert len(raised.value.problems) == len(rows)
    assert raised.value.problems[0] == f"row 2: run: expected run-1 ({run.output}), found 'other'"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("patch,av_map,grade,group,source,x,y,scale\n", "this is a manifest, as review pages of"),
        ("photograph,crossing,x,y,answer\n", "found none named reason,grade,reader,blind,time,run"),
        ("photograph;crossing;x;y;answer\n", "expected commas between columns, found semicolons"),
        ("", "expected the columns"),
    ],
)
def test_other_columns_say_what_they_are(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(text)
    with pytest.raises(FileProblems, match=message):
        read_review(path)


def test_signs_are_read_and_a_file_of_an_earlier_version_has_none(
    tmp_path: Path, run: FinishedRun
) -> None:
    rows = review_rows(CROSSINGS, ANSWERS, "Anna")
    said = [(2, 0, "y"), (0, 1, "n"), ("", "", "y"), *[("", "", "")] * 3]
    signed = with_signs(rows, said)
    signed.append({**added(signed[0], 12.5, 30, "2"), "side_first": 1, "side_second": 3})
    answers = read_review(write_review(tmp_path / "a.csv", signed), run)
    assert [a.sides for a in answers[:4]] == [(2, 0), (0, 1), (None, None), (None, None)]
    assert [a.bent for a in answers[:4]] == [True, False, True, None]
    assert answers[-1].sides == (3, 1)  # nobody knows which side is the first: the worse one is
    assert answers[0].signs == {"side_first": "2", "side_second": "0", "bent": "y"}
    earlier = tmp_path / "b.csv"
    earlier.write_text(format_csv(NEEDED, rows))
    assert all(a.signs == dict.fromkeys(SIGNS, "") for a in read_review(earlier, run))


@pytest.mark.parametrize(
    ("column", "value", "row", "message"),
    [
        ("side_first", "4", 1, "row 3: side_first: expected 0, 1, 2, 3 or nothing, found '4'"),
        ("bent", "yes", 1, "row 3: bent: expected y, n or nothing, found 'yes'"),
        ("bent", "n", 3, "row 5: bent: expected nothing beside the answer cannot_grade, found 'n'"),
    ],
)
def test_signs_that_no_page_writes_are_refused(
    tmp_path: Path, column: str, value: str, row: int, message: str
) -> None:
    rows = review_rows(CROSSINGS, ANSWERS, "Anna")
    rows[row][column] = value
    with pytest.raises(FileProblems) as raised:
        read_review(write_review(tmp_path / "a.csv", rows))
    assert raised.value.problems == [message]


def test_what_a_run_reads_of_signs_is_an_answer(run: FinishedRun) -> None:
    path = run.output / "crossings.csv"
    table = pd.read_csv(path, dtype="str", keep_default_na=False)
    said = {"side_first_expected": "1.50", "side_second_expected": "0.49", "bent_probability": ".7"}
    table.assign(**said).to_csv(path, index=False)
    first = read_answers(path)[0]
    assert first.sides == (2, 0) and first.bent is True


def test_a_run_is_a_reader_too(run: FinishedRun) -> None:
    answers = read_answers(run.output / "crossings.csv")
    assert {a.reader for a in answers} == {MODEL}
    assert [a.read_grade for a in answers] == [c.grade for c in CROSSINGS]
    assert answers[0].more["ratio_first"] == "0.9"


def test_no_run_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileProblems, match="expected the folder of a finished run"):
        FinishedRun.read(tmp_path)
