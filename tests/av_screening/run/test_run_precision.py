"""Whoever has a part in a run computes in the same precision."""

from pathlib import Path

import pytest

from av_screening.run.precision import BEGUN, begin_or_join


def test_the_first_decides_and_the_user_before_it(tmp_path: Path) -> None:
    def precision(mine: str, *, begins: bool = False, joins: bool = True) -> str:
        return begin_or_join(tmp_path, mine, begins=begins, joins=joins)

    assert precision("bfloat16") == "bfloat16"
    assert precision("float32") == "bfloat16"
    assert precision("float32", joins=False) == "float32"  # the user said so
    assert precision("bfloat16") == "float32"
    assert precision("bfloat16", begins=True) == "bfloat16"  # another run
    (tmp_path / BEGUN).write_text("float8\n")
    assert precision("float32") == "float32"


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(OSError, match="file"):
        begin_or_join(tmp_path / "file", "float32", begins=False, joins=True)
