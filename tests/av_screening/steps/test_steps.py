"""Caliber and Grad-CAM as steps of screening."""

import csv
import dataclasses
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from av_grading.close_ups.close_look import CloseLook, one_hot
from av_grading.signs.registry import get_sign
from av_screening.run.folder import screen_folder
from av_screening.settings import Settings
from av_screening.write.columns import CALIBER
from tests.av_grading.conftest import draw_crossing
from tests.av_screening.conftest import encode


def test_caliber_of_a_drawn_crossing() -> None:
    pytest.importorskip("av_grading.caliber.severity", reason="this version has no caliber")
    photograph, av_map = draw_crossing(96, vein_width=10, artery_width=7)
    caliber, middle = get_sign("caliber"), (47.5, 47.5)
    measured = caliber.compute(CloseLook(photograph, one_hot(av_map), middle, 2.0))
    found = measured.values
    assert measured.detail is not None and len(measured.detail.along) > 20
    assert caliber.cells(measured).keys() <= CALIBER.keys() and found["measurable"] == 1
    assert found["own_width_first_drive_px"] == pytest.approx(5, abs=1)
    empty = CloseLook(photograph, one_hot(np.zeros_like(av_map)), middle, 2.0)
    nothing = caliber.compute(empty).values
    assert nothing["measurable"] == 0 and nothing["not_measurable"]


def test_both_steps_reach_tables_and_pages(
    tmp_path: Path, eye: NDArray[np.uint8], settings: Settings
) -> None:
    pytest.importorskip("av_grading.caliber.severity", reason="this version has no caliber")
    pytest.importorskip("av_grading.attribution", reason="this version has no attribution")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.png").write_bytes(encode(eye))
    both = dataclasses.replace(settings, caliber=True, explain=True)
    screen_folder(tmp_path / "in", tmp_path / "out", both)
    with (tmp_path / "out" / "crossings.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert all(row["measurable"] in ("0", "1") for row in rows)
    assert all(row["not_measurable"] for row in rows if row["measurable"] == "0")
    explained = tmp_path / "out" / "photographs" / "a.png" / "explained"
    assert len(list(explained.glob("*.png"))) == len(rows)
    page = (tmp_path / "out" / "photographs" / "a.png" / "review_data.js").read_text()
    assert page.count('"explained":"data:image/png') == len(rows)
