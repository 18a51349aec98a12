"""Losses of training photographs, and a training that shows the hard ones more often."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

RunTool = Callable[..., tuple[int, str, str]]

TINY = """
_BASE_: {configs}/cpu/vessel_net.yaml
MODEL: {{FPN: {{OUT_CHANNELS: 32}}, AV_HEAD: {{WIDTH: 16}}}}
INPUT: {{CROSSPOS: {{FOV_DIAMETER: 135, CROP_SIZE: 64}}}}
DATASETS: {{TRAIN: [crosspos_phantom_val], TEST: []}}
SOLVER: {{MAX_ITER: 2}}
TEST: {{EVAL_PERIOD: 0}}
DATALOADER: {{NUM_WORKERS: 0}}
OUTPUT_DIR: {output}
"""


@pytest.fixture
def tiny(tmp_path: Path, repo: Path) -> Path:
    path = tmp_path / "tiny.yaml"
    path.write_text(TINY.format(configs=repo / "configs", output=tmp_path / "run"))
    return path


def test_losses_are_measured_and_training_takes_them(
    tmp_path: Path, tiny: Path, run_tool: RunTool
) -> None:
    train = ["train_net.py", "--config-file", str(tiny)]
    assert run_tool(*train)[0] == 0
    output = tmp_path / "losses.json"
    measure = ["measure_losses.py", "--output", str(output), "--crops", "1", "--config-file"]
    code, _, err = run_tool(*measure, str(tmp_path / "run" / "ema.yaml"))
    assert code == 0, err
    losses = json.loads(output.read_text())["losses"]
    assert losses and all(name.startswith("phantom/val/") for name in losses)
    assert all(loss > 0 for loss in losses.values())
    hard = ["DATASETS.LOSSES", str(output), "OUTPUT_DIR", str(tmp_path / "hard")]
    code, _, err = run_tool(*train, *hard)
    assert code == 0, err
    assert (tmp_path / "hard" / "model_ema.pth").is_file()
    code, _, err = run_tool(*measure, "no_such.yaml")
    assert code == 1 and "no_such.yaml" in err
