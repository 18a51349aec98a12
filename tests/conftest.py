"""Fixtures for all tests: the real photographs and small folders of phantoms."""

import os
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def repo() -> Path:
    """The repository's root."""
    return ROOT


@pytest.fixture(scope="session")
def av_data() -> Path:
    """Folder of the real photographs, from AV_DATA; skips where a user has none."""
    name = os.environ.get("AV_DATA")
    if not name:
        pytest.skip("AV_DATA is not set: no real photographs here")
    folder = Path(name)
    if not (folder / "drive" / "train" / "images").is_dir():
        raise FileNotFoundError(f"AV_DATA={name}: expected drive/train/images in it")
    return folder


@pytest.fixture(autouse=True)
def seeds() -> None:
    """Every test draws from the same start."""
    np.random.seed(0)
    torch.manual_seed(0)


@pytest.fixture
def cross_set(tmp_path: Path) -> Path:
    """A set `toy` with two photographs of 120 x 100 px, each with one artery-vein crossing.

    The FOV fills a disc of 100 px; the artery is a horizontal bar, the vein a vertical one, and
    their overlap is centred on x 50, y 40 (first) and x 60, y 50 (second).
    """
    folder = tmp_path / "toy" / "train"
    for kind in ("images", "av", "fov"):
        (folder / kind).mkdir(parents=True)
    for name, x, y in (("a", 50, 40), ("b", 60, 50)):
        write_toy(folder, name, x, y)
    return folder


def write_toy(folder: Path, name: str, x: int, y: int) -> None:
    """Write one photograph of `cross_set`."""
    rows, columns = np.mgrid[:100, :120]
    fov = (columns - 60) ** 2 + (rows - 50) ** 2 < 50**2
    av = np.zeros((100, 120), np.uint8)
    av[y - 1 : y + 2, 20:100] = 1
    av[20:80, x - 1 : x + 2] = 2
    av[y - 1 : y + 2, x - 1 : x + 2] = 3
    image = np.where(fov[..., None], (180, 90, 40), 0).astype(np.uint8)
    image[av > 0] = (120, 30, 20)
    Image.fromarray(image).save(folder / "images" / f"{name}.png")
    Image.fromarray(av).save(folder / "av" / f"{name}.png")
    Image.fromarray(fov.astype(np.uint8) * 255).save(folder / "fov" / f"{name}_mask.png")
