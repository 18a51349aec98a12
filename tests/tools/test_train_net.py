"""Training as a user runs it: on phantoms, killed and resumed, evaluated, refused."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from detectron2.modeling import build_model

from av_detectron.checkpoint.checkpointer import read_checkpoint
from av_detectron.config import load_config
from av_detectron.data.coco import LabelOptions
from av_detectron.data.phantom import write_phantoms
from av_detectron.data.prepare import prepare_set

TINY = """
_BASE_: {configs}/cpu/Base-CrossPos-CPU.yaml
MODEL:
  ANCHOR_GENERATOR: {{SIZES: [[10]]}}
  RPN: {{IN_FEATURES: [p2], POST_NMS_TOPK_TEST: 20, POST_NMS_TOPK_TRAIN: 20}}
  SAFPN: {{OUT_FEATURES: [p2]}}
  FPN: {{OUT_CHANNELS: 32}}
  ROI_BOX_HEAD: {{FC_DIM: 32}}
  ROI_MASK_HEAD: {{CONV_DIM: 16, NUM_CONV: 1}}
INPUT: {{CROSSPOS: {{FOV_DIAMETER: 270, CROP_SIZE: 64}}}}
DATASETS: {{TRAIN: [crosspos_phantom_train], TEST: [crosspos_phantom_val]}}
DATALOADER: {{NUM_WORKERS: 0}}
SOLVER: {{MAX_ITER: 30, CHECKPOINT_PERIOD: 5, WARMUP_ITERS: 10}}
TEST: {{EVAL_PERIOD: 15}}
OUTPUT_DIR: {output}
"""


@pytest.fixture(scope="module")
def workplace(tmp_path_factory: pytest.TempPathFactory, repo: Path) -> Path:
    """A folder with phantoms and tiny.yaml."""
    folder = tmp_path_factory.mktemp("training")
    for split, count in (("train", 3), ("val", 2)):
        write_phantoms(folder, split, count, seed=0, fov_diameter=135)
        options = LabelOptions()
        prepare_set("phantom", {split: folder / "phantom" / split}, folder, options, 0.0, 0)
    text = TINY.format(configs=repo / "configs", output=folder / "output")
    (folder / "tiny.yaml").write_text(text)
    return folder


Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(workplace: Path, run_script: Callable[..., tuple[int, str, str]]) -> Run:
    """`run(*arguments, tool="train_net")` → exit code, and all that was printed."""

    def in_place(*arguments: str, tool: str = "train_net") -> tuple[int, str]:
        script = f"tools/{tool}.py"
        code, out, err = run_script(script, *arguments, DETECTRON2_DATASETS=workplace)
        return code, out + err

    return in_place


def kill_behind(checkpoint: Path, workplace: Path, repo: Path, *arguments: str) -> None:
    """Train in a process of its own, and kill it once the checkpoint, or a later one, is the last:
    its file is there a moment before it is named so."""
    process = subprocess.Popen(
        [sys.executable, str(repo / "tools" / "train_net.py"), *arguments],
        env={**os.environ, "DETECTRON2_DATASETS": str(workplace)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 300
    last = checkpoint.with_name("last_checkpoint")
    while not last.is_file() or last.read_text() < checkpoint.name:
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()


def rows(output: Path) -> list[dict]:
    return [json.loads(line) for line in (output / "metrics.json").read_text().splitlines()]


def test_kill_resume_evaluate_report_and_draw(
    workplace: Path, repo: Path, tmp_path: Path, run: Run
) -> None:
    config = ["--config-file", str(workplace / "tiny.yaml")]
    whole = tmp_path / "whole"
    code, log = run(*config, "OUTPUT_DIR", str(whole))
    assert code == 0, log
    for name in ("model_best.pth", "best.yaml", "best.json", "training.png", "model_final.pth"):
        assert (whole / name).is_file(), name
    assert list(whole.glob("events.out.tfevents.*"))
    evaluated = [r for r in rows(whole) if "bbox/AP50" in r]
    best = json.loads((whole / "best.json").read_text())
    assert best["bbox/AP50"] == max(r["bbox/AP50"] for r in evaluated)
    assert len(list(whole.glob("model_00*.pth"))) <= 2  # older checkpoints are removed

    output = tmp_path / "killed"
    killed = [*config, "OUTPUT_DIR", str(output)]
    kill_behind(output / "model_0000009.pth", workplace, repo, *killed)
    last = (output / "last_checkpoint").read_text()
    iteration = int(last.removeprefix("model_").removesuffix(".pth"))
    assert 9 <= iteration < 29

    code, log = run(*config, "--resume", "OUTPUT_DIR", str(output))
    assert code == 0, log
    assert f"Starting training from iteration {iteration + 1}" in log
    rates = {r["iteration"]: r["lr"] for r in rows(output) if "lr" in r}
    expected = {r["iteration"]: r["lr"] for r in rows(whole) if "lr" in r}
    assert rates[29] == pytest.approx(expected[29])
    first = next(r for r in rows(whole) if "total_loss" in r)
    resumed = next(r for r in rows(output) if r.get("iteration", 0) > iteration)
    assert resumed["total_loss"] < 1.5 * first["total_loss"]

    code, log = run("--config-file", str(whole / "best.yaml"), "--eval-only")
    assert code == 0, log
    results = whole / "inference" / "crosspos_phantom_val" / "coco_instances_results.json"
    assert isinstance(json.loads(results.read_text()), list)
    assert "AR100" in log and "f1_10px" in log

    best, dataset = str(whole / "best.yaml"), "crosspos_phantom_val"
    report = ["--detector", best, "--baseline", best, "--dataset", dataset, "--draws", "20"]
    path = workplace / "report.json"
    code, log = run(*report, "--output", str(path), tool="report_detector")
    assert code == 0, log
    content = json.loads(path.read_text())
    assert content["metrics"]["bbox_AP50"] == content["metrics"]["fpn_bbox_AP50"]
    assert content["ci95"]["bbox_AP50_minus_fpn"] == [0, 0]
    assert len(content["data"]["evaluated"][dataset]) == 2

    pictures = ["--dataset", dataset, "--predictions", str(results)]
    pictures += ["--output", str(workplace / "pictures")]
    code, log = run(*pictures, tool="visualize_crossings")
    assert code == 0, log
    assert len(list((workplace / "pictures").glob("*.png"))) == 2


def test_without_validation_the_last_average_is_kept(
    workplace: Path, tmp_path: Path, run: Run
) -> None:
    output = tmp_path / "all"
    config = ["--config-file", str(workplace / "tiny.yaml"), "OUTPUT_DIR", str(output)]
    fixed = ["DATASETS.TEST", "()", "SOLVER.MAX_ITER", "4", "TEST.CROSSPOS.SCORE_THRESHOLD", "0.2"]
    code, log = run(*config, *fixed)
    assert code == 0, log
    assert not (output / "model_best.pth").exists() and not (output / "best.yaml").exists()
    cfg = load_config(output / "ema.yaml", [])
    assert cfg.MODEL.WEIGHTS == str(output / "model_ema.pth")
    assert cfg.TEST.CROSSPOS.SCORE_THRESHOLD == 0.2
    kept = read_checkpoint(output / "model_ema.pth")["model"]
    last = read_checkpoint(output / "model_final.pth")
    assert all(torch.equal(kept[name], value) for name, value in last["ema"].items())
    assert any(not torch.equal(kept[name], value) for name, value in last["model"].items())


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ([], 2, "--config-file: expected a config"),
        (["--config-file", "none.yaml"], 1, "config file 'none.yaml' not found"),
        (["--config-file", "{tiny}", "SOLVER.LR", "1"], 1, "SOLVER.LR"),
        (["--config-file", "{tiny}", "--eval-only"], 1, "MODEL.WEIGHTS: expected the weights"),
        (["--config-file", "{tiny}", "MODEL.WEIGHTS", "{tiny}"], 1, "tiny.yaml: not a checkpoint"),
        (
            ["--config-file", "{tiny}", "DATASETS.TRAIN", "('crosspos_mine_train',)"],
            1,
            "crosspos_mine_train.json: not found; make it with",
        ),
    ],
)
def test_wrong_use(
    workplace: Path, run: Run, arguments: list[str], code: int, message: str
) -> None:
    tiny = str(workplace / "tiny.yaml")
    found, log = run(*(a.format(tiny=tiny) for a in arguments))
    assert found == code, log
    assert message in log
    assert "Traceback" not in log


def test_weights_of_another_depth(workplace: Path, run: Run) -> None:
    cfg = load_config(workplace / "tiny.yaml", [])
    weights = workplace / "model_final.pth"
    torch.save({"model": build_model(cfg).state_dict()}, weights)
    deeper = ["MODEL.RESNETS.DEPTH", "34", "MODEL.WEIGHTS", str(weights)]
    tiny = str(workplace / "tiny.yaml")
    code, log = run("--config-file", tiny, "--eval-only", *deeper)
    assert code == 1
    assert "model_final.pth: weights of another architecture" in log
    assert "Traceback" not in log
