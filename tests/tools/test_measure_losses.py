"""Losses of training photographs, and a training that shows the hard ones more often."""

import json
from collections.abc import Callable
from pathlib import Path

RunTool = Callable[..., tuple[int, str, str]]


def test_losses_are_measured_and_training_takes_them(
    tmp_path: Path, tiny: str, run_tool: RunTool
) -> None:
    train = ["train_net.py", "--config-file", tiny, "SOLVER.MAX_ITER", "2", "DATASETS.TEST", "()"]
    assert run_tool(*train, "OUTPUT_DIR", str(tmp_path / "run"))[0] == 0
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
