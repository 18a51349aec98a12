"""A small experiment of phantoms: runs, is interrupted, goes on, does two at a time."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from experiments.rules import ROOT

TINY = """
variables:
  out: {out}
  draw: datasets/make_phantoms.py --train 1 --val 1 --test 1 --output
environment: {{DETECTRON2_DATASETS: "${{out}}/first"}}
rules:
  phantoms/${{n}}:
    each: {{n: [first, second]}}
    command: ${{draw}} ${{out}}/${{n}} --fov-diameter ${{size.${{n}}}}
    outputs: ["${{out}}/${{n}}/phantom/contact_sheet.png"]
  prepare:
    command: datasets/prepare_crosspos.py phantom
    inputs: ["${{out}}/first/phantom/contact_sheet.png"]
    outputs: ["${{out}}/first/crosspos/crosspos_phantom_test.json"]
    copies:
      - from: ${{out}}/first/crosspos/crosspos_phantom_test.json
        to: ${{out}}/kept.json
"""


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    """YAML of a small experiment."""
    path = tmp_path / "tiny.yaml"
    sizes = "\n  size: {first: 64, second: 128}\nenvironment"
    path.write_text(TINY.format(out=tmp_path).replace("\nenvironment", sizes))
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
    assert planned.stdout.count("datasets/make_phantoms.py") == 2, planned.stderr
    assert "tiny:prepare: python datasets/prepare_crosspos.py phantom" in planned.stdout
    assert not (tiny.parent / "first").exists()

    done = run(tiny, "--jobs", "2", "tiny")
    assert done.returncode == 0, done.stderr
    made = tiny.parent / "first/crosspos/crosspos_phantom_test.json"
    assert (tiny.parent / "kept.json").read_bytes() == made.read_bytes()
    assert (tiny.parent / "second/phantom/contact_sheet.png").is_file()
    assert run(tiny, "--dry-run", "tiny").stdout == ""

    # Another command is run again, and what needs its output, if that changes.
    tiny.write_text(tiny.read_text().replace("first: 64", "first: 70"))
    assert run(tiny, "--dry-run", "tiny").stdout.split()[::3][0] == "tiny:phantoms/first:"
    before = (tiny.parent / "second/phantom/contact_sheet.png").stat().st_mtime_ns
    assert run(tiny, "tiny").returncode == 0
    assert (tiny.parent / "second/phantom/contact_sheet.png").stat().st_mtime_ns == before


@pytest.mark.skipif(os.name == "nt", reason="Windows sends Ctrl-C to a console, not to a group")
def test_what_was_interrupted_goes_on(tiny: Path) -> None:
    process = subprocess.Popen(
        command(tiny, "tiny:phantoms/first", "tiny:phantoms/second"),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    state = tiny.with_name("state.json")
    deadline = time.monotonic() + 200
    while not (state.is_file() and "phantoms/first" in state.read_text()):
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=100)
    assert process.returncode == 1
    assert "interrupted; the same command goes on" in errors
    rest = run(tiny, "--dry-run", "tiny").stdout
    assert "tiny:phantoms/first" not in rest and "tiny:phantoms/second" in rest
    assert run(tiny, "tiny").returncode == 0
    assert (tiny.parent / "kept.json").is_file()


def test_a_failed_command_and_wrong_usage_have_their_exit_codes(tiny: Path) -> None:
    assert run(tiny, "nothing").returncode == 2
    assert run(tiny).returncode == 2
    text = tiny.read_text().replace('contact_sheet.png"]\n  prepare', 'other.png"]\n  prepare')
    tiny.write_text(text)
    failed = run(tiny, "tiny:phantoms/first")
    assert failed.returncode == 1
    assert "did not make" in failed.stdout + failed.stderr
