"""Small graded sets and crossings drawn by hand."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from av_grading.formats.config_file import load_config
from av_grading.formats.files import png, write_whole
from av_grading.formats.manifest import format_manifest
from av_grading.grader import Grader, save_grader
from av_grading.models.build import build_grader

ARTERY, VEIN, OVERLAP = 1, 2, 3


def draw_crossing(
    size: int = 101, vein_width: int = 10, artery_width: int = 7, angle: float = 90.0
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Photograph (S, S, 3) and map (S, S): a horizontal vein under an artery at `angle` degrees."""
    middle = size // 2
    vein, artery = np.zeros((size, size), np.uint8), np.zeros((size, size), np.uint8)
    cv2.line(vein, (-50, middle), (size + 50, middle), 1, vein_width)
    turn = np.deg2rad(angle)
    step = np.array([np.cos(turn), np.sin(turn)]) * size
    start, end = (np.array([middle, middle]) - step), (np.array([middle, middle]) + step)
    cv2.line(
        artery,
        start.round().astype(int).tolist(),
        end.round().astype(int).tolist(),
        1,
        artery_width,
    )
    av_map = np.where(vein & artery, OVERLAP, np.where(artery, ARTERY, vein * VEIN)).astype(
        np.uint8
    )
    texture = np.random.default_rng(0).normal(0, 3, (size, size, 1))
    colors = np.array([(190, 110, 60), (170, 70, 45), (120, 45, 35), (165, 66, 44)], float)
    photograph = (colors[av_map] + texture).clip(0, 255).astype(np.uint8)
    return cv2.GaussianBlur(photograph, (0, 0), 0.8), av_map


@pytest.fixture
def graded(tmp_path: Path) -> Path:
    """A manifest of 48 patches of 32 px from 12 photographs: the grade is the vein's darkness."""
    rng = np.random.default_rng(0)
    rows: list[dict[str, object]] = []
    for number in range(48):
        grade = number % 4
        patch, av_map = draw_crossing(32, vein_width=6, artery_width=4)
        patch = np.where((av_map == VEIN)[..., None], 130 - 40 * grade, patch)
        patch = (patch + rng.normal(0, 4, patch.shape)).clip(0, 255).astype(np.uint8)
        files = {"patch": f"patches/{number}.png", "av_map": f"maps/{number}.png"}
        write_whole(tmp_path / files["patch"], png(patch))
        write_whole(tmp_path / files["av_map"], png(av_map))
        rows.append({**files, "grade": grade, "group": f"eye{number // 4}", "source": "drawn"})
    path = tmp_path / "manifest.csv"
    write_whole(path, format_manifest(rows))
    return path


def make_grader(*settings: str) -> Grader:
    """A small grader of random weights for patches of 32 px."""
    config = load_config(None, ["data.crop=24", "model.stages=2", *settings])
    model = build_grader(config)
    return Grader(model.eval(), config)


@pytest.fixture
def grader_file(tmp_path: Path) -> Path:
    """`make_grader` of two streams as a file."""
    path = tmp_path / "grader.safetensors"
    save_grader(make_grader(), path)
    return path
