"""The line detector's report, as a user runs it."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

RunScript = Callable[..., tuple[int, str, str]]
REPORT = "tools/report_line_detector.py"


def test_report_and_choice(cross_set: Path, tmp_path: Path, run_script: RunScript) -> None:
    output = tmp_path / "line.json"
    given = ["--photographs", str(cross_set)]
    code, out, err = run_script(REPORT, *given, "--output", str(output), "--draws", "20")
    assert code == 0, err
    metrics = json.loads(output.read_text())["metrics"]
    assert 0 < metrics["vessel_dice"] <= 1 and 0.5 < metrics["vessel_accuracy"] <= 1
    assert metrics["seconds_a_photograph"] < 3 and str(output) in out
    code, out, _ = run_script(REPORT, *given, "--choose")
    assert code == 0 and out.count("threshold") > 5


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [(["--photographs", "nowhere", "--output", "x.json"], 1, "nowhere"), ([], 2, "--photographs")],
)
def test_wrong_use(run_script: RunScript, arguments: list[str], code: int, message: str) -> None:
    found, _, err = run_script(REPORT, *arguments)
    assert found == code and message in err and "Traceback" not in err
