"""RoI heads: what they pool, where, and masks that start from the map's vessels."""

from pathlib import Path

import pytest
import torch
from detectron2.modeling import build_model
from detectron2.modeling.poolers import ROIPooler
from detectron2.structures import Boxes, Instances

from av_detectron.config import load_config
from av_detectron.modeling.roi_heads import (
    FINE,
    VESSELS,
    CrossingROIHeads,
    FinePooler,
)
from av_detectron.modeling.roi_pooling import pool_in_float32

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


def blank() -> dict[str, torch.Tensor]:
    return {"p2": torch.zeros(1, 32, 16, 16), FINE: torch.zeros(1, 16, 32, 32)}


def ramp(side: int, stride: int) -> torch.Tensor:
    """x of each cell's middle in px of the image, (1, 1, side, side)."""
    return ((torch.arange(side) + 0.5) * stride).expand(1, 1, side, side)


def test_fine_features_are_pooled_at_the_boxes_place() -> None:
    pooler = FinePooler(ROIPooler(4, [1 / 4], 1, "ROIAlignV2"))
    box = Boxes(torch.tensor([[16.0, 20, 32, 36]]))
    pooled = pooler([ramp(16, 4), ramp(32, 2)], [box])
    assert pooled.shape == (1, 1 + 4, 4, 4)
    torch.testing.assert_close(pooled[0, 0, 0], torch.tensor([18.0, 22, 26, 30]))  # level
    torch.testing.assert_close(pooled[0, 1, 0], torch.tensor([17.0, 21, 25, 29]))  # left halves
    torch.testing.assert_close(pooled[0, 2, 0], torch.tensor([19.0, 23, 27, 31]))  # right halves
    assert pooler([ramp(16, 4), ramp(32, 2)], [Boxes(torch.zeros(0, 4))]).shape == (0, 5, 4, 4)


def test_mixed_precision_does_not_move_boxes() -> None:
    box = [Boxes(torch.tensor([[511.0, 511, 531, 531]]))]
    level = [(ramp(256, 4) - 512).bfloat16()]  # exact near the box
    plain = ROIPooler(4, [1 / 4], 1, "ROIAlignV2")
    kept = pool_in_float32(ROIPooler(4, [1 / 4], 1, "ROIAlignV2"))
    expected = torch.tensor([1.5, 6.5, 11.5, 16.5])
    torch.testing.assert_close(kept(level, box)[0, 0, 0], expected)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        moved = plain(level, box)[0, 0, 0].float() - expected
    assert moved.abs().max() > 0.5  # px: what this is for


def test_a_box_is_read_from_the_level_that_its_size_asks_for(repo: Path) -> None:
    more = ["MODEL.ROI_HEADS.IN_FEATURES", "['p2', 'p3']", "MODEL.SAFPN.OUT_FEATURES", "[]"]
    with pytest.raises(ValueError, match="expected one level, or MODEL.ROI_HEADS.FINEST_LEVEL"):
        build_model(load_config(repo / "configs/cpu/safpn_av.yaml", [*TINY, *more]))
    more += ["MODEL.ROI_HEADS.FINEST_LEVEL_SIDE", "24.0"]
    heads = build_model(load_config(repo / "configs/cpu/safpn_av.yaml", [*TINY, *more])).roi_heads
    levels = [torch.full((1, 32, 16, 16), 2.0), torch.full((1, 32, 8, 8), 3.0)]
    boxes = [Boxes(torch.tensor([[8.0, 8, 28, 28], [8, 8, 38, 38], [8, 8, 31.5, 31.5]]))]
    for pooler in (heads.box_pooler, heads.mask_pooler):
        pooled = pooler([*levels, torch.zeros(1, 16, 32, 32)], boxes)
        assert pooled[:, 0].mean(dim=(1, 2)).tolist() == [2.0, 3.0, 2.0]
        assert pooled.shape[1] == 32 + 4 * 16


def test_mask_is_the_vessel_in_the_box(heads: CrossingROIHeads) -> None:
    vessels = torch.full((1, 1, 64, 64), -20.0)
    vessels[..., 30:34, :] = 20.0  # a horizontal vessel through the middle
    features = {**blank(), VESSELS: vessels}
    with torch.no_grad():
        (found,) = heads._forward_mask(features, [given([18.0, 18.0, 46.0, 46.0])])
    mask = found.pred_masks[0, 0] > 0.5  # 28 x 28 for a box of 28 px
    assert mask.shape == (28, 28)
    assert mask[12:16].all() and not mask[:11].any() and not mask[17:].any()


def test_no_detection_has_no_mask(heads: CrossingROIHeads) -> None:
    features = {**blank(), VESSELS: torch.zeros(1, 1, 64, 64)}
    with torch.no_grad():
        (found,) = heads._forward_mask(features, [given()])
    assert found.pred_masks.shape == (0, 1, 28, 28)
