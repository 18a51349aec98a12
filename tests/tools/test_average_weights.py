"""The mean of a detector's weights with a released one's."""

from collections.abc import Callable
from pathlib import Path

import torch

from av_detectron.checkpoint.release import load_detector
from av_detectron.config import load_config

RunTool = Callable[..., tuple[int, str, str]]


def test_the_mean_is_halfway(tmp_path: Path, untrained: Path, run_tool: RunTool) -> None:
    config, released = untrained / "safpn_av.yaml", tmp_path / "released.safetensors"
    assert (
        run_tool("release_weights.py", "--detector", str(config), "--output", str(released))[0] == 0
    )
    state = torch.load(untrained / "safpn_av.pth", weights_only=True)["model"]
    later = tmp_path / "later.pth"
    torch.save({"model": {name: value + 1.0 for name, value in state.items()}}, later)
    cfg = load_config(config, ["MODEL.WEIGHTS", str(later)])
    (tmp_path / "later.yaml").write_text(cfg.dump())
    both = ["--detector", str(tmp_path / "later.yaml"), "--with", str(released)]
    code, out, err = run_tool("average_weights.py", *both, "--output", str(tmp_path / "mean"))
    assert code == 0 and "mean.yaml" in out, err
    mean = torch.load(tmp_path / "mean" / "model_mean.pth", weights_only=True)["model"]
    half = load_detector(released)[1].state_dict()
    for name, value in state.items():
        torch.testing.assert_close(mean[name], (value + 1.0 + half[name]) / 2)
    written = load_config(tmp_path / "mean" / "mean.yaml", [])
    assert written.MODEL.WEIGHTS.endswith("model_mean.pth")
    assert written.TEST.CROSSPOS.SCORE_THRESHOLD == -1.0


def test_another_architecture_is_refused(
    tmp_path: Path, untrained: Path, run_tool: RunTool
) -> None:
    released = tmp_path / "released.safetensors"
    plain = ["--detector", str(untrained / "safpn_mask_rcnn.yaml"), "--output", str(released)]
    assert run_tool("release_weights.py", *plain)[0] == 0
    both = ["--detector", str(untrained / "safpn_av.yaml"), "--with", str(released)]
    code, _, err = run_tool("average_weights.py", *both, "--output", str(tmp_path / "mean"))
    assert code == 1 and "expected weights of the same architecture" in err
    assert not (tmp_path / "mean").exists()
