"""The gate: real photographs pass, what is none is reported."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from av_screening.errors import RejectedPhotograph
from av_screening.read.limits import QualityLimits, ReadingLimits
from av_screening.read.photograph import decode
from av_screening.read.quality import check_quality, look_at
from tests.av_screening.conftest import BAD_FILES

LIMITS = QualityLimits()
Eye = NDArray[np.uint8]


def disc(color: tuple[int, int, int], noise: float = 0.0) -> Eye:
    """An even disc of 400 px in a black frame."""
    image = np.zeros((440, 480, 3), np.float64)
    rows, columns = np.ogrid[:440, :480]
    inside = (rows - 220) ** 2 + (columns - 240) ** 2 < 200**2
    image[inside] = color
    image += np.random.default_rng(0).normal(0, noise, image.shape) * inside[..., None]
    return image.clip(0, 255).astype(np.uint8)


def test_photographs_of_the_training_sets_pass(av_data: Path) -> None:
    folders = [av_data / name / "train" / "images" for name in ("drive", "les_av", "hrf")]
    paths = [path for folder in folders for path in sorted(folder.iterdir())]
    assert len(paths) == 55
    for path in paths[::6]:
        check_quality(decode(path.read_bytes(), ReadingLimits()).pixels, LIMITS)


@pytest.mark.slow
def test_all_photographs_of_the_training_sets_pass_by_far(av_data: Path) -> None:
    """The extremes that `QualityLimits` states."""
    folders = [av_data / name / "train" / "images" for name in ("drive", "les_av", "hrf")]
    paths = [path for folder in folders for path in sorted(folder.iterdir())]
    seen = [look_at(decode(path.read_bytes(), ReadingLimits()).pixels) for path in paths]
    assert len(seen) == 55
    assert min(s.fov.diameter for s in seen) >= 538
    assert min(s.brightness for s in seen) >= 2 * LIMITS.min_brightness
    assert max(s.saturated for s in seen) == 0
    assert min(s.round for s in seen) > 0.97 and max(s.spill for s in seen) < 0.02
    assert min(s.smooth for s in seen) > 0.92 and max(s.blue for s in seen) < 0.5
    assert min(s.contrast for s in seen) > 4 * LIMITS.min_contrast


def test_phantom_passes_and_its_field_of_view_is_found(eye: Eye) -> None:
    fov = check_quality(eye, LIMITS)
    assert fov.diameter == pytest.approx(300, abs=4)


def test_grey_photograph_and_one_cut_at_top_and_bottom_pass(eye: Eye) -> None:
    check_quality(np.repeat(eye[:, :, 1:2], 3, axis=2), LIMITS)
    cut = eye.copy()
    cut[:40] = cut[-40:] = 0
    check_quality(cut, LIMITS)


@pytest.mark.parametrize("name", [n for n, bad in BAD_FILES.items() if bad[1] != "unreadable"])
def test_bad_files(eye: Eye, name: str) -> None:
    _, reason, content = BAD_FILES[name]
    with pytest.raises(RejectedPhotograph) as caught:
        check_quality(decode(content(eye), ReadingLimits()).pixels, LIMITS)
    assert caught.value.reason == reason, str(caught.value)
    assert "expected" in str(caught.value) and "found" in str(caught.value)


@pytest.mark.parametrize(
    ("image", "reason", "message"),
    [
        (disc((190, 90, 40)), "not_fundus", "an even area"),
        (disc((128, 128, 128), noise=60), "not_fundus", "noise"),
        (disc((255, 255, 255)), "overexposed", "of the field white"),
        (disc((24, 12, 8), noise=1), "too_dark", "median brightness"),
        (cv2.GaussianBlur(disc((60, 90, 190), noise=90), (0, 0), 5), "not_fundus", "blue"),
    ],
)
def test_discs_that_are_no_eye(image: Eye, reason: str, message: str) -> None:
    with pytest.raises(RejectedPhotograph, match=message) as caught:
        check_quality(image, LIMITS)
    assert caught.value.reason == reason


def test_least_size_can_be_lowered(eye: Eye) -> None:
    small = cv2.resize(eye, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    with pytest.raises(RejectedPhotograph, match="at least 270 px across, found 15"):
        check_quality(np.asarray(small, np.uint8), LIMITS)
    check_quality(np.asarray(small, np.uint8), QualityLimits(min_fov=100))
