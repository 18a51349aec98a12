"""Pictures: what is drawn where, and in which colour."""

import numpy as np
import pycocotools.mask

from av_detectron.visualization import GREEN, draw_instances, instance_color, side_by_side


def instance(x: int, y: int) -> dict:
    mask = np.zeros((100, 120), np.uint8, order="F")
    mask[y + 8 : y + 12, x : x + 20] = 1
    return {"bbox": [x, y, 20, 20], "segmentation": pycocotools.mask.encode(mask), "score": 0.7}


def test_green_boxes_and_a_color_for_each_instance() -> None:
    image = np.zeros((100, 120, 3), np.uint8)
    picture = draw_instances(image, [instance(10, 20), instance(60, 50)], scale=2.0)
    assert picture.shape == (200, 240, 3)
    for x, y in ((10, 20), (60, 50)):
        assert tuple(picture[2 * y + 3, 2 * x]) == GREEN
    first, second = picture[60, 40], picture[120, 140]
    assert first.any() and second.any() and not np.array_equal(first, second)
    assert not picture[190, 20].any()
    assert not image.any()  # the photograph itself stays as it was


def test_neighbouring_colors_differ_and_are_not_green() -> None:
    colors = np.array([instance_color(i) for i in range(12)], int)
    steps = np.abs(np.diff(colors, axis=0)).sum(axis=1)
    assert steps.min() > 60
    assert not ((colors[:, 1] > 240) & (colors[:, 0] < 120) & (colors[:, 2] < 120)).any()


def test_truth_beside_prediction() -> None:
    image = np.full((100, 120, 3), 50, np.uint8)
    picture = side_by_side(image, [instance(10, 20)], [], width=240)
    assert picture.shape[1] == 480
    left, right = picture[:, :240], picture[:, 240:]
    assert (left == GREEN).all(axis=2).any() and not (right == GREEN).all(axis=2).any()
