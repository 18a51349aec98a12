"""Pooling of boxes: the fast way gives what torchvision's gives."""

import pytest
import torch
from torchvision.ops import roi_align

from av_detectron.modeling.roi_pooling import sample_boxes


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize(("side", "scale"), [(7, 0.25), (14, 0.5)])
def test_fast_pooling_is_roi_align(layout: torch.memory_format, side: int, scale: float) -> None:
    rng = torch.Generator().manual_seed(0)
    features = torch.randn(2, 5, 24, 40, generator=rng).contiguous(memory_format=layout)
    size = torch.tensor([40, 24]) / scale
    corners = torch.rand(30, 2, 2, generator=rng).sort(dim=1).values * size  # (N, 2 corners, xy)
    edges = torch.tensor([[0.0, 0, *size], [0, 0, 1, 1], [*(size - 1), *size]])
    boxes = torch.cat([corners.flatten(1), edges])
    rows = torch.cat([torch.arange(len(boxes))[:, None] % 2, boxes], dim=1)
    expected = roi_align(features, rows, side, scale, sampling_ratio=1, aligned=True)
    with torch.no_grad():
        found = sample_boxes(features, rows, side, scale)
        none = sample_boxes(features, rows[:0], side, scale)
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-4)
    assert none.shape == (0, 5, side, side)


def test_gradients_reach_the_features() -> None:
    features = torch.randn(1, 3, 8, 8, requires_grad=True)
    sample_boxes(features, torch.tensor([[0.0, 2, 2, 20, 20]]), 4, 0.25).sum().backward()
    assert features.grad is not None and features.grad.abs().sum() > 0
