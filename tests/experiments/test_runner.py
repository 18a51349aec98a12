"""A small experiment: runs, is interrupted, goes on, does two at a time."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from experiments import runner
from experiments.rules import ROOT
from tests.processes import start_as_on_a_terminal

TINY = """
variables: {{out: {out}}}
environment: {{FROM: "${{out}}/first"}}
rules:
  drawings/${{n}}:
    each: {{n: [first, second]}}
    command: ${{out}}/draw.py ${{out}}/${{n}}/drawing.txt ${{size.${{n}}}}
    outputs: ["${{out}}/${{n}}/drawing.txt"]
  count:
    command: ${{out}}/count.py drawing.txt ${{out}}/first/count.txt
    inputs: ["${{out}}/first/drawing.txt"]
    outputs: ["${{out}}/first/count.txt"]
    copies:
      - from: ${{out}}/first/count.txt
        to: ${{out}}/kept.txt
"""
DRAW = """
import pathlib, sys, time
path = pathlib.Path(sys.argv[1])
while path.with_name("wait").exists():
    time.sleep(0.02)
path.write_text("o" * int(sys.argv[2]))
"""
COUNT = """
import os, pathlib, sys
text = pathlib.Path(os.environ["FROM"], sys.argv[1]).read_text()
pathlib.Path(sys.argv[2]).write_text(str(len(text)))
"""


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    """YAML of a small experiment, and its two scripts, which import nothing that is slow."""
    (tmp_path / "draw.py").write_text(DRAW)
    (tmp_path / "count.py").write_text(COUNT)
    path = tmp_path / "tiny.yaml"
    sizes = "variables: {size: {first: 64, second: 128}, "
    path.write_text(TINY.format(out=tmp_path).replace("variables: {", sizes))
    return path


def command(tiny: Path, *arguments: str) -> list[str]:
    state = ["--state", str(tiny.with_name("state.json"))]
    return [sys.executable, "-m", "experiments", "--file", str(tiny), *state, *arguments]


def run(tiny: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(tiny, *arguments), cwd=ROOT, capture_output=True, text=True, timeout=300
    )


def test_runs_two_at_a_time_and_repeats_nothing(tiny: Path) -> None:
    planned = run(tiny, "--dry-run", "tiny")
    assert planned.stdout.count("draw.py") == 2, planned.stderr
    assert f"tiny:count: python {tiny.parent}/count.py drawing.txt" in planned.stdout
    assert not (tiny.parent / "first").exists()

    done = run(tiny, "--jobs", "2", "tiny")
    assert done.returncode == 0, done.stderr
    assert (tiny.parent / "kept.txt").read_text() == "64"
    assert (tiny.parent / "second/drawing.txt").is_file()
    assert run(tiny, "--dry-run", "tiny").stdout == ""

    # Another command is run again, and what needs its output, if that changes.
    tiny.write_text(tiny.read_text().replace("first: 64", "first: 70"))
    assert run(tiny, "--dry-run", "tiny").stdout.split()[0] == "tiny:drawings/first:"
    before = (tiny.parent / "second/drawing.txt").stat().st_mtime_ns
    assert run(tiny, "tiny").returncode == 0
    assert (tiny.parent / "kept.txt").read_text() == "70"
    assert (tiny.parent / "second/drawing.txt").stat().st_mtime_ns == before


@pytest.mark.skipif(os.name == "nt", reason="Windows sends Ctrl-C to a console, not to a group")
def test_what_was_interrupted_goes_on(tiny: Path) -> None:
    wait = tiny.parent / "second/wait"  # the second is under way until it is interrupted
    wait.parent.mkdir()
    wait.touch()
    process = start_as_on_a_terminal(
        ROOT, *command(tiny, "tiny:drawings/first", "tiny:drawings/second")[1:]
    )
    state = tiny.with_name("state.json")
    deadline = time.monotonic() + 200
    while not (state.is_file() and "drawings/first" in state.read_text()):
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=100)
    assert process.returncode == 1
    assert "interrupted; the same command goes on" in errors
    wait.unlink()
    rest = run(tiny, "--dry-run", "tiny").stdout
    assert "tiny:drawings/first" not in rest and "tiny:drawings/second" in rest
    assert run(tiny, "tiny").returncode == 0
    assert (tiny.parent / "kept.txt").is_file()


def test_a_command_that_missed_the_interrupt_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "GRACE", 0.1)
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    runner._end(process)
    assert process.returncode == -signal.SIGTERM


def test_a_failed_command_and_wrong_usage_have_their_exit_codes(tiny: Path) -> None:
    assert run(tiny, "nothing").returncode == 2
    assert run(tiny).returncode == 2
    text = tiny.read_text().replace('drawing.txt"]\n  count', 'other.txt"]\n  count')
    tiny.write_text(text)
    failed = run(tiny, "tiny:drawings/first")
    assert failed.returncode == 1
    assert "did not make" in failed.stdout + failed.stderr


def test_a_line_says_that_a_command_is_at_work(tiny: Path) -> None:
    (tiny.parent / "count.py").write_text("import time\ntime.sleep(1)\n" + COUNT)
    done = run(tiny, "--tell", "0.3", "tiny")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("tiny:count: at work, 0 s") >= 1
    assert run(tiny, "--tell", "0", "tiny").returncode == 2
