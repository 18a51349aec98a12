"""Patches alone are graded with maps of their own, given their scale."""

from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
import torch

from av_grading.caliber.vein_phantom import draw_vein
from av_grading.close_ups.fine_map import CloseUp, save_close_up
from av_grading.models.close_up_unet import CloseUpNet
from av_grading.predict import main


@pytest.fixture
def patches(tmp_path: Path) -> Path:
    folder = tmp_path / "patches"
    folder.mkdir()
    for number in range(2):
        drawn = draw_vein(np.random.default_rng(number), 18, size=150 + 20 * number, artery=12)
        cv2.imwrite(str(folder / f"{number}.png"), drawn.photograph[..., ::-1])
    torch.manual_seed(0)
    save_close_up(CloseUp(CloseUpNet((8, 16)).eval()), tmp_path / "net.safetensors")
    return folder


def grade(folder: Path, *more: str) -> int:
    output, net = folder.parent / "grades.csv", folder.parent / "net.safetensors"
    common = ["--patches", str(folder), "--output", str(output), "--close-up", str(net)]
    return main([*common, *more])


def test_each_patch_gets_probabilities(patches: Path) -> None:
    assert grade(patches, "--drive-px", "4") == 0
    table = pd.read_csv(patches.parent / "grades.csv")
    assert table["patch"].tolist() == ["0.png", "1.png"]
    assert table[["p0", "p1", "p2", "p3"]].sum(axis=1).tolist() == pytest.approx([1, 1], abs=1e-3)
    by_disc = patches.parent / "grades.csv"
    first = by_disc.read_text()
    assert grade(patches, "--disc-diameter", str(4 * 83.0)) == 0
    assert by_disc.read_text() == first


def test_a_scale_is_asked_for(patches: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for more in ([], ["--drive-px", "4", "--disc-diameter", "300"]):
        with pytest.raises(SystemExit) as stopped:
            grade(patches, *more)
        assert stopped.value.code == 2
        assert "--drive-px" in capsys.readouterr().err


def test_one_bad_file_is_reported_and_the_rest_graded(
    patches: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (patches / "0.png").write_text("no image")
    assert grade(patches, "--drive-px", "4") == 1
    assert "0.png" in capsys.readouterr().err
    assert len(pd.read_csv(patches.parent / "grades.csv")) == 1


def test_a_folder_without_patches_is_named(
    tmp_path: Path, patches: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    (tmp_path / "empty" / "notes.txt").write_text("x")
    assert grade(empty, "--drive-px", "4") == 1
    assert "empty" in capsys.readouterr().err
