"""The line detector's report, as a user runs it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest


def report(repo: Path, *arguments: str) -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, str(repo / "tools" / "report_line_detector.py"), *arguments],
        capture_output=True,
        text=True,
        timeout=300,
    )
    return done.returncode, done.stdout, done.stderr


def test_report_and_choice(repo: Path, cross_set: Path, tmp_path: Path) -> None:
    output = tmp_path / "line.json"
    given = ["--photographs", str(cross_set)]
    code, out, err = report(repo, *given, "--output", str(output), "--draws", "20")
    assert code == 0, err
    metrics = json.loads(output.read_text())["metrics"]
    assert 0 < metrics["vessel_dice"] <= 1 and 0.5 < metrics["vessel_accuracy"] <= 1
    assert metrics["seconds_a_photograph"] < 3 and str(output) in out
    code, out, _ = report(repo, *given, "--choose")
    assert code == 0 and out.count("threshold") > 5


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [(["--photographs", "nowhere", "--output", "x.json"], 1, "nowhere"), ([], 2, "--photographs")],
)
def test_wrong_use(repo: Path, arguments: list[str], code: int, message: str) -> None:
    found, _, err = report(repo, *arguments)
    assert found == code and message in err and "Traceback" not in err
