"""Variants trained with several seeds, resumed where they are finished."""

import json
from collections.abc import Callable
from pathlib import Path

RunTool = Callable[..., tuple[int, str, str]]


def test_two_variants_and_what_is_finished_is_kept(
    tmp_path: Path, tiny: str, run_tool: RunTool
) -> None:
    output = tmp_path / "ablation.json"
    variants = ["--variant", "se", tiny, "--variant", "no_se", tiny, "MODEL.RESNETS.SE", "False"]
    rest = ["--steps", "2", "--folder", str(tmp_path / "runs"), "--output", str(output)]
    code, out, err = run_tool("compare_trainings.py", *variants, *rest, "--seeds", "0")
    assert code == 0, err
    found = json.loads(output.read_text())
    names = {"se_av_accuracy", "no_se_av_accuracy", "se_minus_no_se_av_accuracy"}
    assert names <= set(found["metrics"]) and found["seeds"] == [0]
    assert found["metrics"]["training_iterations"] == 2
    log = tmp_path / "runs" / "se_0" / "metrics.json"
    before = log.stat().st_mtime_ns
    code, _, err = run_tool("compare_trainings.py", *variants, *rest, "--seeds", "0")
    assert code == 0 and log.stat().st_mtime_ns == before
    assert json.loads(output.read_text())["runs"] == found["runs"]


def test_other_working_scales_stand_beside(tmp_path: Path, tiny: str, run_tool: RunTool) -> None:
    output = tmp_path / "levels.json"
    rest = ["--steps", "2", "--folder", str(tmp_path / "runs"), "--output", str(output)]
    code, _, err = run_tool(
        "compare_trainings.py", "--variant", "x", tiny, *rest, "--seeds", "0", "--fields", "100"
    )
    assert code == 0, err
    found = json.loads(output.read_text())
    assert {"x_av_accuracy", "x_av_accuracy_field100"} <= set(found["metrics"])
    assert found["data"]["fields"] == [100]


def test_failed_training_names_its_log(tmp_path: Path, tiny: str, run_tool: RunTool) -> None:
    output = tmp_path / "ablation.json"
    rest = ["--steps", "2", "--folder", str(tmp_path / "runs"), "--output", str(output)]
    wrong = ["--variant", "x", tiny, "MODEL.NO_SUCH_KEY", "1"]
    code, _, err = run_tool("compare_trainings.py", *wrong, *rest, "--seeds", "0")
    assert code == 1 and "x, seed 0: training failed, see" in err and not output.exists()
    assert "NO_SUCH_KEY" in (tmp_path / "runs" / "x_0" / "console.txt").read_text()


def test_wrong_use(tmp_path: Path, run_tool: RunTool) -> None:
    rest = ["--steps", "2", "--folder", str(tmp_path), "--output", str(tmp_path / "x.json")]
    code, _, err = run_tool("compare_trainings.py", "--variant", "name", *rest)
    assert code == 2 and "expected NAME CONFIG" in err
    tiny_rest = ["--variant", "x", "cpu/vessel_net.yaml", *rest, "--seeds", "0", "1"]
    code, _, err = run_tool("compare_trainings.py", *tiny_rest, "--leave-out", "drive")
    assert code == 2 and "expected 2 times, once a seed, found 1" in err
    code, _, err = run_tool(
        "compare_trainings.py", *tiny_rest, "--leave-out", "drive", "--leave-out", "no_set"
    )
    assert code == 1 and "no_set: expected a set among crosspos_drive_train" in err
