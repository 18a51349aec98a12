"""A detector against an earlier one, set by set, and what is refused."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from detectron2.modeling import build_model

from av_detectron.config import load_config

RunTool = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def with_disc(untrained: Path) -> Path:
    """safpn_av.yaml with the optic disc and random weights, and phantoms with a disc's label."""
    weights = untrained / "disc.pth"
    overrides = ["MODEL.AV_HEAD.DISC", "True", "MODEL.WEIGHTS", str(weights)]
    cfg = load_config(untrained / "safpn_av.yaml", overrides)
    torch.manual_seed(1)
    torch.save({"model": build_model(cfg).state_dict()}, weights)
    (untrained / "disc.yaml").write_text(cfg.dump())
    path = untrained / "crosspos" / "crosspos_phantom_val.json"
    labels = json.loads(path.read_text())
    for image in labels["images"]:
        fov = image["fov"]
        image["disc"] = {"x": fov["x"] + 40, "y": fov["y"], "diameter": 20}
    path.with_name("crosspos_discs_val.json").write_text(json.dumps(labels))
    return untrained / "disc.yaml"


def test_both_detectors_and_their_difference(
    with_disc: Path, untrained: Path, run_tool: RunTool
) -> None:
    output = untrained / "sets.json"
    given = ["--detector", str(with_disc), "--before", str(untrained / "safpn_av.yaml")]
    given += ["--datasets", "crosspos_discs_val", "--output", str(output), "--draws", "20"]
    code, _, err = run_tool("report_sets.py", *given)
    assert code == 0, err
    found = json.loads(output.read_text())
    metrics = {k.removeprefix("crosspos_discs_val_"): v for k, v in found["metrics"].items()}
    for name in ("bbox_AP50", "center_f1_10px", "vessel_dice", "av_accuracy"):
        difference = metrics[name] - metrics[f"{name}_before"]
        assert metrics[f"{name}_minus_before"] == pytest.approx(difference, abs=2e-5)
        low, high = found["ci95"][f"crosspos_discs_val_{name}_minus_before"]
        assert low <= high
    assert "disc_found" in metrics and "disc_found_before" not in metrics
    assert len(found["data"]["evaluated"]["crosspos_discs_val"]) == 2
    assert found["data"]["trained_on"] and found["data"]["before_trained_on"]


def test_disc_in_photographs_and_in_crops(
    with_disc: Path, untrained: Path, run_tool: RunTool
) -> None:
    output = untrained / "av_disc.json"
    given = ["--detector", str(with_disc), "--output", str(output), "--draws", "5"]
    given += ["--dataset", "crosspos_discs_val", "--validation", "crosspos_discs_val"]
    code, _, err = run_tool("report_av.py", *given)
    assert code == 0, err
    metrics = json.loads(output.read_text())["metrics"]
    assert {"disc_found", "disc_center_within_0.1dd", "disc_false_in_crop"} <= metrics.keys()
    assert {"topology_infeasible", "topology_correct"} <= metrics.keys()


def test_what_cannot_be_compared(untrained: Path, run_tool: RunTool) -> None:
    output = untrained / "none.json"
    given = ["--detector", str(untrained / "safpn_av.yaml"), "--output", str(output)]
    given += ["--datasets", "crosspos_phantom_val", "--before"]
    code, _, err = run_tool("report_sets.py", *given, "0" * 40 + ":no/such/file")
    assert code == 1 and "expected a file, or COMMIT:FILE" in err and not output.exists()
    code, _, err = run_tool("report_sets.py", *given, str(untrained / "safpn_mask_rcnn.yaml"))
    assert code == 1 and "expected a CrossingRCNN, with boxes and map" in err
