"""What two readings say becomes targets; what is none of it is refused by column and row."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from av_grading.close_ups.readings import (
    COLUMNS,
    ReadCloseUps,
    load_read_close_ups,
    targets_of,
    write_read_close_ups,
)
from av_grading.formats.errors import InputFileError

SAME = {"clear": "y", "above": "artery", "sideA": 2, "sideB": 0, "bent": "n", "grade": 2}
UNCLEAR = {"clear": "n", "above": "", "sideA": np.nan, "sideB": np.nan, "bent": "", "grade": np.nan}


def table_of(*pairs: tuple[dict[str, object], dict[str, object]]) -> pd.DataFrame:
    """A row for each pair of readings."""
    rows = [{f"{k}_{n}": v for n in (1, 2) for k, v in pair[n - 1].items()} for pair in pairs]
    return pd.DataFrame(rows)[list(COLUMNS)]


def test_two_readings_are_a_distribution() -> None:
    other = {**SAME, "grade": 1, "sideA": 1, "above": "unclear", "bent": "y"}
    found = targets_of(table_of((SAME, other), (SAME, UNCLEAR), (UNCLEAR, UNCLEAR)))
    assert found.grade.tolist() == [[0, 0.5, 0.5, 0], [0, 0, 1, 0], [0, 0, 0, 0]]
    assert found.worse[0].tolist() == [0, 0.5, 0.5, 0] and found.better[0].tolist() == [1, 0, 0, 0]
    assert found.clear.tolist() == found.weight.tolist() == [1, 0.5, 0]
    assert found.artery_above.tolist() == [0.75, 1, 0] and found.bent.tolist() == [0.5, 0, 0]
    assert found.mean[:2].tolist() == [1.5, 2] and np.isnan(found.mean[2])


def test_a_clear_reading_may_leave_out_grade_sides_and_bent() -> None:
    silent = {**SAME, "grade": np.nan, "sideA": np.nan, "sideB": np.nan, "bent": ""}
    found = targets_of(table_of((SAME, silent), (silent, silent)))
    assert found.grade.tolist() == [[0, 0, 1, 0], [0, 0, 0, 0]]
    assert found.worse[0].tolist() == [0, 0, 1, 0] and not found.worse[1].any()
    assert found.says_bent.tolist() == [1, 0] and found.bent[0] == 0
    assert found.graded.tolist() == [True, False] and np.isnan(found.mean[1])
    assert found.weight.tolist() == [1, 1]


@pytest.mark.parametrize(
    ("changed", "word"),
    [({"grade": 4}, "grade_1: row 3"), ({"clear": "maybe"}, "clear_1: row 3.*maybe")],
)
def test_what_no_reading_says_is_refused(changed: dict[str, object], word: str) -> None:
    with pytest.raises(ValueError, match=word):
        targets_of(table_of((SAME, SAME), ({**SAME, **changed}, SAME)))


def close_ups(count: int) -> ReadCloseUps:
    table = table_of(*[(SAME, SAME)] * count)
    table.insert(0, "group", "a/1.png")
    table.insert(1, "set", "a")
    return ReadCloseUps(
        torch.zeros(count, 3, 32, 32, dtype=torch.uint8),
        torch.zeros(count, 2, 8, 8, dtype=torch.uint8),
        table,
    )


def test_close_ups_come_back_as_they_were_written(tmp_path: Path) -> None:
    write_read_close_ups(close_ups(2), tmp_path / "a_1.safetensors")
    write_read_close_ups(close_ups(3), tmp_path / "a_2.safetensors")
    found = load_read_close_ups(tmp_path)
    assert len(found) == len(found.patches) == 5
    assert targets_of(found.table).grade[:, 2].tolist() == [1] * 5


def test_a_file_that_does_not_fit_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputFileError, match="found none"):
        load_read_close_ups(tmp_path)
    write_read_close_ups(close_ups(2), tmp_path / "a_1.safetensors")
    table = pd.read_csv(tmp_path / "a_1.csv")
    table.iloc[:1].to_csv(tmp_path / "a_1.csv", index=False)
    with pytest.raises(InputFileError, match="a_1.safetensors.*expected 1 close-ups"):
        load_read_close_ups(tmp_path)
    table.drop(columns="grade_2").to_csv(tmp_path / "a_1.csv", index=False)
    with pytest.raises(InputFileError, match="grade_2"):
        load_read_close_ups(tmp_path)
