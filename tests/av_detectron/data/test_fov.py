"""Measuring and finding the field of view."""

from pathlib import Path

import numpy as np
import pytest

from av_detectron.data import annotations as read
from av_detectron.data.fov import _percentile, detect_fov, measure_fov


def disc(height: int, width: int, radius: int) -> np.ndarray:
    rows, columns = np.mgrid[:height, :width]
    return (columns - width // 2) ** 2 + (rows - height // 2) ** 2 <= radius**2


def test_diameter_and_centre() -> None:
    fov = measure_fov(disc(300, 320, 135))
    assert (fov.diameter, fov.x, fov.y) == (271, 160, 150)
    assert fov.drive_px == pytest.approx(271 / 540)


def test_cut_fov_keeps_its_full_width() -> None:
    assert measure_fov(disc(200, 320, 135)).diameter == 271


def test_detection_on_a_noisy_disc_with_dark_vessels() -> None:
    truth = disc(300, 320, 135)
    rng = np.random.default_rng(0)
    image = rng.integers(0, 6, (300, 320, 3)).astype(np.uint8)
    image[truth] += np.array((150, 70, 30), np.uint8)
    image[100:110, 100:200] = 4
    found = detect_fov(image)
    assert (found != truth).mean() < 0.02


def test_the_largest_region_is_the_field_and_a_bright_frame_is_not() -> None:
    truth = disc(300, 320, 120)
    image = np.zeros((300, 320, 3), np.uint8)
    image[truth] = (150, 70, 30)
    image[140:160, 150:170] = 0  # a hole in it is filled
    image[:4], image[-4:], image[:, :4], image[:, -4:] = (200,) * 4  # a frame around it
    image[:30, :30] = 200
    found = detect_fov(image)
    assert (found != truth).mean() < 0.02  # its blurred edge alone
    assert found[150, 160]
    assert not found[:30, :30].any()


def test_dark_image_is_refused() -> None:
    with pytest.raises(ValueError, match="dark image"):
        detect_fov(np.zeros((50, 50, 3), np.uint8))


@pytest.mark.parametrize("folder", ["drive/train", "les_av/train"])
def test_detection_agrees_with_the_given_masks(av_data: Path, folder: str) -> None:
    images = sorted((av_data / folder / "images").iterdir())[:4]
    masks = sorted((av_data / folder / "fov").iterdir())[:4]
    for image, mask in zip(images, masks, strict=True):
        found = measure_fov(detect_fov(read.read_photograph(image)))
        given = measure_fov(read.read_mask(mask))
        assert found.diameter == pytest.approx(given.diameter, rel=0.02), image.name


def test_threshold_is_the_percentile_of_the_brightness() -> None:
    values = np.random.default_rng(0).integers(0, 90, (37, 41)).astype(np.uint8)
    for share in (0.0, 0.37, 0.9, 1.0):
        assert _percentile(values, share) == pytest.approx(np.percentile(values, 100 * share))
