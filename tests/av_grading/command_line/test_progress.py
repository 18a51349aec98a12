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
    assert out.splitlines() == [
        "measuring: crossing 2 of 4, 3.9 a minute, 31 s left",
        "measuring: crossing 4 of 4, 3.9 a minute, 0 s left",
    ]
    assert not err


def test_the_pace_is_that_of_the_last_lines(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    times = [0.0, *(0.001 * n for n in range(1, 1001)), *(60.0 * n for n in range(1, 21))]
    clock = iter(times)  # a thousand were done before, then each takes a minute
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    assert len(list(progress(range(1020), "screening", "photograph", 1080))) == 1020
    last = capsys.readouterr().out.splitlines()[-1]
    assert last == "screening: photograph 1020 of 1080, 1.0 a minute, 60 min left"


def test_of_unknown_length(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(module, "EVERY", 0)
    clock = iter([0, 30, 60])
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    assert list(progress(iter("ab"), "screening", "photograph")) == ["a", "b"]
    assert capsys.readouterr().out.splitlines() == [
        "screening: photograph 1, 2.0 a minute",
        "screening: photograph 2, 2.0 a minute",
    ]


def test_a_bar_on_a_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert list(progress("abc", "measuring", "crossing")) == list("abc")
    out, err = capsys.readouterr()
    assert not out and "measuring" in err and "3/3" in err
