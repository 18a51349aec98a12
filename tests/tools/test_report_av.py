"""Figures of artery/vein maps, and shipping, as a user runs them on a trained detector."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from detectron2.modeling import build_model

from av_detectron.config import load_config
from av_detectron.data.coco import LabelOptions
from av_detectron.data.phantom import write_phantoms
from av_detectron.data.prepare import prepare_set

TINY = ["MODEL.FPN.OUT_CHANNELS", "32", "MODEL.ROI_BOX_HEAD.FC_DIM", "32"]
TINY += ["MODEL.ROI_MASK_HEAD.CONV_DIM", "16", "MODEL.AV_HEAD.WIDTH", "16"]
TINY += ["INPUT.CROSSPOS.FOV_DIAMETER", "270", "TEST.CROSSPOS.SCORE_THRESHOLD", "0.25"]


@pytest.fixture(scope="module")
def workplace(tmp_path_factory: pytest.TempPathFactory, repo: Path) -> Path:
    """Phantoms and best.yaml of a detector with random weights."""
    folder = tmp_path_factory.mktemp("maps")
    for split, count in (("val", 2), ("test", 2)):
        write_phantoms(folder, split, count, seed=0, fov_diameter=135)
        prepare_set("phantom", {split: folder / "phantom" / split}, folder, LabelOptions(), 0.0, 0)
    for name in ("safpn_av", "safpn_mask_rcnn"):
        torch.manual_seed(0)
        weights = folder / f"{name}.pth"
        cfg = load_config(repo / f"configs/cpu/{name}.yaml", [*TINY, "MODEL.WEIGHTS", str(weights)])
        torch.save({"model": build_model(cfg).state_dict()}, weights)
        (folder / f"{name}.yaml").write_text(cfg.dump())
    return folder


def run(workplace: Path, repo: Path, tool: str, *arguments: str) -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, str(repo / "tools" / tool), *arguments],
        env={**os.environ, "DETECTRON2_DATASETS": str(workplace)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    return done.returncode, done.stdout, done.stderr


def arguments(workplace: Path, config: str, output: Path) -> list[str]:
    sets = ["--dataset", "crosspos_phantom_test", "--validation", "crosspos_phantom_val"]
    detector = ["--detector", str(workplace / config), "--output", str(output)]
    return [*detector, *sets, "--draws", "20"]


def test_report_has_figures_intervals_and_photographs(workplace: Path, repo: Path) -> None:
    output = workplace / "av.json"
    code, out, err = run(
        workplace, repo, "report_av.py", *arguments(workplace, "safpn_av.yaml", output)
    )
    assert code == 0, err
    found = json.loads(output.read_text())
    wanted = {"vessel_dice", "av_accuracy", "av_accuracy_detected", "av_accuracy_centerline"}
    assert wanted | {"av_accuracy_agreed", "map_center_f1_10px"} <= set(found["metrics"])
    assert 0 <= found["metrics"]["vessel_dice"] <= 1
    low, high = found["ci95"]["vessel_dice"]
    assert low <= found["metrics"]["vessel_dice"] <= high
    assert len(found["data"]["evaluated"]["crosspos_phantom_test"]) == 2
    assert f"written: {output}" in out


def test_detector_without_a_map_is_refused(workplace: Path, repo: Path) -> None:
    output = workplace / "none.json"
    code, _, err = run(
        workplace, repo, "report_av.py", *arguments(workplace, "safpn_mask_rcnn.yaml", output)
    )
    assert code == 1 and "no artery/vein map" in err and not output.exists()


def test_shipping_from_the_command_line(workplace: Path, repo: Path) -> None:
    output = workplace / "shipped.safetensors"
    detector = ["--detector", str(workplace / "safpn_av.yaml")]
    code, out, err = run(workplace, repo, "ship_weights.py", *detector, "--output", str(output))
    assert code == 0, err
    assert output.is_file() and "from safpn_av.pth" in out
    detector = ["--detector", str(workplace / "absent.yaml")]
    code, _, err = run(workplace, repo, "ship_weights.py", *detector, "--output", str(output))
    assert code == 1 and "absent.yaml" in err and "Traceback" not in err
