"""Caliber and Grad-CAM as steps of screening."""

import csv
import dataclasses
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from av_screening.run.folder import screen_folder
from av_screening.settings import Settings
from av_screening.steps.patches import CrossingPatch
from av_screening.write.columns import CALIBER
from tests.av_grading.conftest import draw_crossing
from tests.av_screening.conftest import encode


def test_caliber_of_a_drawn_crossing() -> None:
    pytest.importorskip("av_grading.caliber.severity", reason="this version has no caliber")
    from av_screening.steps.caliber import measure_caliber

    photograph, av_map = draw_crossing(96, vein_width=10, artery_width=7)
    measured = measure_caliber(CrossingPatch(photograph, av_map, drive_px=2.0, scale=2.0))
    found = measured.columns
    assert measured.widths is not None and len(measured.widths.along) > 20
    assert found.keys() <= CALIBER.keys() and found["measurable"] == 1
    assert found["own_width_first_drive_px"] == pytest.approx(5, abs=1)
    empty = CrossingPatch(photograph, np.zeros_like(av_map), 2.0, 2.0)
    nothing = measure_caliber(empty).columns
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
