"""Maps averaged over mirror images."""

from pathlib import Path

import pytest
import torch
from detectron2.modeling import build_model

from av_detectron.config import load_config
from av_detectron.modeling.test_time_augmentation import VIEWS, check_n_views, mean_over_views

TINY = ["MODEL.FPN.OUT_CHANNELS", "32", "MODEL.ROI_BOX_HEAD.FC_DIM", "32"]
TINY += ["MODEL.ROI_MASK_HEAD.CONV_DIM", "16", "MODEL.AV_HEAD.WIDTH", "16"]


def gradient(image: torch.Tensor) -> torch.Tensor:
    """An answer that depends on the side: the difference to the right-hand neighbour."""
    return image - image.roll(-1, dims=-1)


@pytest.mark.parametrize("count", [1, 2, 4])
def test_the_mean_of_all_views_turned_back(count: int) -> None:
    image = torch.randn(2, 1, 4, 6)
    found = mean_over_views(gradient, image, gradient(image), count)
    expected = torch.zeros_like(image)
    for axes in VIEWS[:count]:
        expected += gradient(image.flip(axes)).flip(axes) / count
    torch.testing.assert_close(found, expected)


def test_all_four_views_of_a_mirror_image_are_the_mirror_image_of_all_four() -> None:
    image = torch.randn(1, 1, 4, 6)
    found = mean_over_views(gradient, image, gradient(image), 4)
    other = image.flip(-1)
    torch.testing.assert_close(mean_over_views(gradient, other, gradient(other), 4).flip(-1), found)


@pytest.mark.parametrize("count", [0, 3, 8])
def test_other_numbers_are_refused(count: int) -> None:
    with pytest.raises(ValueError, match=rf"n_views: expected one of \(1, 2, 4\), found {count}"):
        check_n_views(count)


@torch.no_grad()
def test_views_change_the_map_and_leave_detections_alone(repo: Path) -> None:
    torch.manual_seed(0)
    many = [*TINY, "TEST.CROSSPOS.N_VIEWS", "4"]
    model = build_model(load_config(repo / "configs" / "cpu" / "safpn_av.yaml", many)).eval()
    image = torch.rand(3, 96, 128) * 255
    (four,) = model([{"image": image}])
    (mirrored,) = model([{"image": image.flip(-1)}])
    torch.testing.assert_close(mirrored["av"].flip(-1), four["av"], rtol=0, atol=1e-4)
    torch.testing.assert_close(four["av"].sum(0), torch.ones(96, 128))
    model.n_views = 1
    (one,) = model([{"image": image}])
    assert (one["av"] - four["av"]).abs().max() > 1e-4
    torch.testing.assert_close(one["instances"].scores, four["instances"].scores)
