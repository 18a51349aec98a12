"""Masks start from the vessels of the artery/vein map."""

from pathlib import Path

import pytest
import torch
from detectron2.modeling import build_model
from detectron2.structures import Boxes, Instances

from av_detectron.config import load_config
from av_detectron.modeling.roi_heads import VESSELS, CrossingROIHeads

TINY = ["MODEL.FPN.OUT_CHANNELS", "32", "MODEL.ROI_BOX_HEAD.FC_DIM", "32"]
TINY += ["MODEL.ROI_MASK_HEAD.CONV_DIM", "16", "MODEL.AV_HEAD.WIDTH", "16"]


@pytest.fixture(scope="module")
def heads(repo: Path) -> CrossingROIHeads:
    torch.manual_seed(0)
    cfg = load_config(repo / "configs/cpu/safpn_av.yaml", TINY)
    return build_model(cfg).roi_heads.eval()


def given(*boxes: list[float]) -> Instances:
    found = Instances((64, 64))
    found.pred_boxes = Boxes(torch.tensor(boxes).reshape(-1, 4))
    found.pred_classes = torch.zeros(len(boxes), dtype=torch.int64)
    return found


def test_mask_is_the_vessel_in_the_box(heads: CrossingROIHeads) -> None:
    vessels = torch.full((1, 1, 64, 64), -20.0)
    vessels[..., 30:34, :] = 20.0  # a horizontal vessel through the middle
    features = {"p2": torch.zeros(1, 32, 16, 16), VESSELS: vessels}
    with torch.no_grad():
        (found,) = heads._forward_mask(features, [given([18.0, 18.0, 46.0, 46.0])])
    mask = found.pred_masks[0, 0] > 0.5  # 28 x 28 for a box of 28 px
    assert mask.shape == (28, 28)
    assert mask[12:16].all() and not mask[:11].any() and not mask[17:].any()


def test_no_detection_has_no_mask(heads: CrossingROIHeads) -> None:
    features = {"p2": torch.zeros(1, 32, 16, 16), VESSELS: torch.zeros(1, 1, 64, 64)}
    with torch.no_grad():
        (found,) = heads._forward_mask(features, [given()])
    assert found.pred_masks.shape == (0, 1, 28, 28)
