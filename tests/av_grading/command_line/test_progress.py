"""Progress: a bar on a terminal, lines with time between them elsewhere."""

import sys
from types import SimpleNamespace

import pytest

from av_grading.command_line import progress as module
from av_grading.command_line.progress import progress


def test_lines_where_there_is_no_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = iter([0, 10, 31, 40, 61.5])
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    assert list(progress("abcd", "measuring", "crossing")) == list("abcd")
    out, err = capsys.readouterr()
    assert out == "measuring: crossing 2 of 4\nmeasuring: crossing 4 of 4\n" and not err


def test_of_unknown_length(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(module, "EVERY", 0)
    assert list(progress(iter("ab"), "screening", "photograph")) == ["a", "b"]
    assert capsys.readouterr().out == "screening: photograph 1\nscreening: photograph 2\n"


def test_a_bar_on_a_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert list(progress("abc", "measuring", "crossing")) == list("abc")
    out, err = capsys.readouterr()
    assert not out and "measuring" in err and "3/3" in err
