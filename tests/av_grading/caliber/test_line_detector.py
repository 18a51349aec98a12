"""The line detector finds vessels, reflex or not, and no rim."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from av_grading.caliber.line_detector import THRESHOLD, line_response, vessels_above


def draw(size: int, width: int, reflex: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Photograph with a cross of vessels in a round field of view, the vessels, the FOV."""
    rows, columns = np.ogrid[:size, :size]
    middle = size / 2
    fov = np.hypot(columns - middle, rows - middle) < 0.48 * size
    vessels = np.zeros((size, size), np.uint8)
    for end in ((0, int(middle)), (int(middle), 0), (0, 0)):
        cv2.line(vessels, end, (size - end[0], size - end[1]), 1, width)
    green = 140 - 50.0 * vessels + np.random.default_rng(0).normal(0, 4, vessels.shape)
    if reflex:
        green[int(middle) - 1 : int(middle) + 1] += 25
    image = np.repeat((green * fov)[..., None], 3, axis=2).clip(0, 255).astype(np.uint8)
    return cv2.GaussianBlur(image, (0, 0), 0.8), vessels > 0, fov


@pytest.mark.parametrize("reflex", [False, True])
@pytest.mark.parametrize(("size", "drive_px"), [(200, 1.0), (400, 2.0)])
def test_vessels_and_not_the_rim(size: int, drive_px: float, reflex: bool) -> None:
    photograph, vessels, fov = draw(size, round(5 * drive_px), reflex)
    found = vessels_above(line_response(photograph, fov, drive_px), THRESHOLD, drive_px)
    assert found.shape == fov.shape and not found[~fov].any()
    inside = fov & (cv2.erode(fov.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0)
    both = (found & vessels & inside).sum()
    assert 2 * both / (found[inside].sum() + vessels[inside].sum()) > 0.8
    rim = fov & ~inside & ~cv2.dilate(vessels.astype(np.uint8), np.ones((9, 9))).astype(bool)
    assert found[rim].mean() < 0.05


def test_inputs_are_checked() -> None:
    photograph, _, fov = draw(100, 5, False)
    with pytest.raises(ValueError, match="field of view"):
        line_response(photograph, np.zeros_like(fov), 1.0)
    with pytest.raises(ValueError, match="field of view"):
        line_response(photograph[:50], fov, 1.0)


def test_a_real_photograph(av_data: Path) -> None:
    folder = av_data / "drive" / "train"
    names = [sorted((folder / kind).iterdir())[0] for kind in ("images", "av", "fov")]
    photograph = np.asarray(Image.open(names[0]).convert("RGB"))
    vessels, fov = np.asarray(Image.open(names[1])) > 0, np.asarray(Image.open(names[2])) > 0
    found = vessels_above(line_response(photograph, fov, 1.0), THRESHOLD, 1.0)
    assert (found == vessels)[fov].mean() > 0.92
