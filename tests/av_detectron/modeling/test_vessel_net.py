"""The artery/vein map without a detector, and its weights as a detector's start."""

from pathlib import Path

import pytest
import torch
from detectron2.modeling import build_model

from av_detectron.checkpoint.checkpointer import CrossPosCheckpointer
from av_detectron.config import load_config

TINY = ["MODEL.FPN.OUT_CHANNELS", "32", "MODEL.ROI_BOX_HEAD.FC_DIM", "32"]
TINY += ["MODEL.ROI_MASK_HEAD.CONV_DIM", "16", "MODEL.AV_HEAD.WIDTH", "16"]


@pytest.fixture(scope="module")
def model(repo: Path) -> torch.nn.Module:
    torch.manual_seed(0)
    return build_model(load_config(repo / "configs/cpu/vessel_net.yaml", TINY))


def test_losses_reach_backbone_and_head(model: torch.nn.Module) -> None:
    model.train()
    labels = torch.zeros(96, 96, dtype=torch.int64)
    labels[40:50], labels[60:70] = 1, 2
    losses = model([{"image": torch.rand(3, 96, 96) * 255, "av": labels}])
    assert set(losses) == {"loss_av_ce", "loss_av_dice", "loss_av_kind"}
    sum(losses.values()).backward()
    names = {n for n, p in model.named_parameters() if p.grad is not None and p.grad.abs().sum()}
    for part in ("av_head.skip", "av_head.merge", "backbone.bottom_up.stem"):
        assert any(name.startswith(part) for name in names), part


@torch.no_grad()
def test_maps_are_in_the_photographs_pixels(model: torch.nn.Module) -> None:
    model.eval()
    records = [
        {"image": torch.rand(3, 100, 120) * 255, "height": 50, "width": 60},
        {"image": torch.rand(3, 90, 64) * 255},
    ]
    first, second = model(records)
    assert first["av"].shape == (3, 50, 60) and second["av"].shape == (3, 90, 64)
    torch.testing.assert_close(first["av"].sum(0), torch.ones(50, 60))


@torch.no_grad()
def test_a_detector_takes_its_weights_over(
    model: torch.nn.Module, repo: Path, tmp_path: Path
) -> None:
    path = tmp_path / "map.pth"
    torch.save({"model": model.state_dict()}, path)
    detector = build_model(load_config(repo / "configs/cpu/safpn_av.yaml", TINY)).eval()
    CrossPosCheckpointer(detector).load(str(path))
    record = [{"image": torch.rand(3, 96, 96) * 255}]
    torch.testing.assert_close(detector(record)[0]["av"], model.eval()(record)[0]["av"])
