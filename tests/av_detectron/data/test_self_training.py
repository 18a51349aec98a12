"""What a map teaches: kinds that are sure, and vessels whose kind is not."""

import numpy as np

from av_detectron.data.self_training import color_map


def test_only_sure_kinds_are_taught() -> None:
    artery = np.array([[0.9, 0.05, 0.5, 0.2]], np.float32)
    vein = np.array([[0.05, 0.8, 0.4, 0.1]], np.float32)
    colors = color_map(np.stack([1 - artery - vein, artery, vein]))
    expected = [(255, 0, 0), (0, 0, 255), (255, 255, 255), (0, 0, 0)]
    assert [tuple(c) for c in colors[0].tolist()] == expected
