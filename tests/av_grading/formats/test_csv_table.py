"""Cells stay as they stand in a file, and rows know their lines."""

from pathlib import Path

import pytest

from av_grading.formats.csv_table import format_table, numbered, read_table
from av_grading.formats.errors import InputFileError


def read(folder: Path, text: str) -> list[tuple[int, dict[str, str]]]:
    path = folder / "t.csv"
    path.write_text(text, encoding="utf-8-sig")
    return list(numbered(read_table(path)))


def test_digits_and_words_survive(tmp_path: Path) -> None:
    (row,) = read(tmp_path, "group,x,y,z\n007,1.50,NA\n")
    assert row == (2, {"group": "007", "x": "1.50", "y": "NA", "z": ""})


def test_lines_are_those_of_the_file(tmp_path: Path) -> None:
    rows = read(tmp_path, 'a,b\n1,2\n\n"x\ny",3\n,\n4,5\n')
    assert [(line, row["a"]) for line, row in rows] == [(2, "1"), (5, "x\ny"), (7, "4")]


def test_nothing_has_no_columns(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("")
    assert list(read_table(tmp_path / "t.csv").columns) == []
    assert read(tmp_path, "a,b\n") == []


@pytest.mark.parametrize("text", ["a,b\n1,2,3\n", "a,b\n1,2\n1,2,3\n"])
def test_cells_beyond_the_columns_are_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(InputFileError, match=r"t\.csv: not a readable CSV file"):
        read(tmp_path, text)


def test_another_encoding_is_refused(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes("a\n\u00e9\n".encode("latin-1"))
    with pytest.raises(InputFileError, match=r"t\.csv: not a readable CSV file"):
        read_table(tmp_path / "t.csv")


def test_what_is_written_is_read(tmp_path: Path) -> None:
    text = format_table(("a", "b"), [{"a": 1, "b": "x,y"}, {"b": None}, {"a": 0.1}])
    assert text == 'a,b\n1,"x,y"\n,\n0.1,\n'
    assert [row for _, row in read(tmp_path, text)] == [
        {"a": "1", "b": "x,y"},
        {"a": "0.1", "b": ""},
    ]
    assert format_table(("a", "b"), []) == "a,b\n"
    with pytest.raises(ValueError, match="expected the columns a, found c"):
        format_table(("a",), [{"c": 1}])
