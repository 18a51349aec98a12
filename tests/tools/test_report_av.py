"""Figures of artery/vein maps, and shipping, as a user runs them on a trained detector."""

import json
from collections.abc import Callable
from pathlib import Path

from av_detectron.checkpoint.release import read_release
from av_detectron.config import load_config

RunTool = Callable[..., tuple[int, str, str]]


def arguments(untrained: Path, config: str, output: Path) -> list[str]:
    sets = ["--dataset", "crosspos_phantom_test", "--validation", "crosspos_phantom_val"]
    detector = ["--detector", str(untrained / config), "--output", str(output)]
    return [*detector, *sets, "--draws", "20"]


def test_report_has_figures_intervals_and_photographs(untrained: Path, run_tool: RunTool) -> None:
    output = untrained / "av.json"
    code, out, err = run_tool("report_av.py", *arguments(untrained, "safpn_av.yaml", output))
    assert code == 0, err
    found = json.loads(output.read_text())
    wanted = {"vessel_dice", "av_accuracy", "av_accuracy_detected", "av_accuracy_centerline"}
    assert wanted | {"av_accuracy_agreed", "map_center_f1_10px"} <= set(found["metrics"])
    assert 0 <= found["metrics"]["vessel_dice"] <= 1
    low, high = found["ci95"]["vessel_dice"]
    assert low <= found["metrics"]["vessel_dice"] <= high
    assert len(found["data"]["evaluated"]["crosspos_phantom_test"]) == 2
    assert f"written: {output}" in out


def test_no_other_set_is_needed(untrained: Path, run_tool: RunTool) -> None:
    output = untrained / "alone.json"
    detector = ["--detector", str(untrained / "safpn_av.yaml"), "--output", str(output)]
    alone = ["--dataset", "crosspos_phantom_test", "--draws", "20"]
    code, _, err = run_tool("report_av.py", *detector, *alone)
    assert code == 0, err
    found = json.loads(output.read_text())
    assert "vessel_dice" in found["metrics"] and "threshold_chosen_on" not in found["data"]
    assert not [name for name in found["metrics"] if name.startswith("map_center")]


def test_one_view_stands_beside_the_mean_of_four(untrained: Path, run_tool: RunTool) -> None:
    config = load_config(untrained / "safpn_av.yaml", ["TEST.CROSSPOS.N_VIEWS", "4"])
    (untrained / "views.yaml").write_text(config.dump())
    output = untrained / "views.json"
    code, _, err = run_tool("report_av.py", *arguments(untrained, "views.yaml", output))
    assert code == 0, err
    four = json.loads(output.read_text())["metrics"]
    code, _, err = run_tool("report_av.py", *arguments(untrained, "safpn_av.yaml", output))
    assert code == 0, err
    one = json.loads(output.read_text())["metrics"]
    assert four["n_views"] == 4 and one["n_views"] == 1
    assert four["av_accuracy_1_view"] == one["av_accuracy"] != four["av_accuracy"]


def test_detector_without_a_map_is_refused(untrained: Path, run_tool: RunTool) -> None:
    output = untrained / "none.json"
    code, _, err = run_tool("report_av.py", *arguments(untrained, "safpn_mask_rcnn.yaml", output))
    assert code == 1 and "no artery/vein map" in err and not output.exists()


def test_weights_that_fit_in_part_are_not_evaluated(untrained: Path, run_tool: RunTool) -> None:
    config = (untrained / "safpn_av.yaml").read_text()
    (untrained / "wider.yaml").write_text(config.replace("FC_DIM: 32", "FC_DIM: 48"))
    output = untrained / "wider.json"
    code, _, err = run_tool("report_av.py", *arguments(untrained, "wider.yaml", output))
    assert code == 1 and not output.exists()
    assert "safpn_av.pth: weights of another architecture" in err
    assert "roi_heads.box_head.fc1.bias: found (32,), expected (48,)" in err


def test_shipping_from_the_command_line(untrained: Path, run_tool: RunTool) -> None:
    output = untrained / "shipped.safetensors"
    detector = ["--detector", str(untrained / "safpn_av.yaml")]
    code, out, err = run_tool("release_weights.py", *detector, "--output", str(output))
    assert code == 0, err
    assert output.is_file() and "from safpn_av.pth" in out
    report = untrained / "shipped.json"
    code, _, err = run_tool("report_av.py", *arguments(untrained, output.name, report))
    assert code == 0, err
    assert json.loads(report.read_text())["command"].count("shipped.safetensors") == 1
    scores = untrained / "scores.yaml"
    scores.write_text("TEST: {CROSSPOS: {SCORE_THRESHOLD: 0.3, RESCORING_WEIGHT: 2.0}}")
    other = ["--output", str(output), "--scores"]
    code, _, err = run_tool("release_weights.py", *detector, *other, str(scores))
    assert code == 0, err
    chosen = read_release(output)[0].TEST.CROSSPOS
    assert (chosen.SCORE_THRESHOLD, chosen.RESCORING_WEIGHT) == (0.3, 2.0)
    scores.write_text("TEST: {CROSSPOS: {RESCORING_WEIGHT: 2.0}}")
    code, _, err = run_tool("release_weights.py", *detector, *other, str(scores))
    assert code == 1 and "scores.yaml: TEST.CROSSPOS.SCORE_THRESHOLD was not chosen" in err
    detector = ["--detector", str(untrained / "absent.yaml")]
    code, _, err = run_tool("release_weights.py", *detector, "--output", str(output))
    assert code == 1 and "absent.yaml" in err and "Traceback" not in err
