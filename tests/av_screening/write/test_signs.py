"""A sign is one file: what it declares and measures is in every table and on the page."""

import csv
import dataclasses
import json
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from av_grading.close_ups.close_look import CloseLook
from av_grading.formats.errors import NotMeasurable
from av_grading.signs.registry import registered
from av_grading.signs.sign import Column, Measurement, Row, Sign, number_in
from av_screening.api import screen
from av_screening.report.cohort import cohort_figures
from av_screening.run.finished_run import FinishedRun
from av_screening.run.folder import screen_folder
from av_screening.settings import Settings
from av_screening.steps.signs import measure_signs
from av_screening.write.columns import crossings_columns, crossings_dtypes
from tests.av_screening.conftest import encode


def compute(look: CloseLook) -> Measurement:
    return Measurement({"glow_drive_px": 1.5, "glow_kind": "warm"}, {"glow_drive_px": 0.25})


def sentences(row: Row) -> list[str]:
    glow = number_in(row, "glow_drive_px")
    return [] if glow is None else [f"It glows over {glow:.1f} DRIVE px."]


GLOW = Sign(
    "glow",
    999,
    "Glow",
    (
        Column("glow_drive_px", "drive_px", "its glow", "glow_drive_px_se", 2),
        Column("glow_kind", "", "what kind of glow", kind="text"),
    ),
    compute,
    sentences,
    draw=lambda look, measured: [np.array([look.middle, (0.0, 0.0)])],
    needs_vessels=False,
)


def test_a_new_sign_is_in_tables_page_and_report(
    tmp_path: Path, eye: NDArray[np.uint8], settings: Settings
) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.png").write_bytes(encode(eye))
    screen(eye, settings)  # the models may have been loaded before
    with registered(GLOW):
        assert list(crossings_columns())[-3:] == ["glow_drive_px", "glow_kind", "glow_drive_px_se"]
        assert crossings_dtypes()["glow_kind"] == "str"
        screen_folder(tmp_path / "in", tmp_path / "out", settings)
        table = screen(eye, settings).to_dataframe()
        figures = [f.name for f in cohort_figures(FinishedRun.read(tmp_path / "out"))]
    with (tmp_path / "out" / "crossings.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows and all(row["glow_drive_px"] == "1.50" for row in rows)
    assert all((row["glow_kind"], row["glow_drive_px_se"]) == ("warm", "0.25") for row in rows)
    assert (table["glow_drive_px"] == 1.5).all() and (table["glow_kind"] == "warm").all()
    meanings = pd.read_csv(tmp_path / "out" / "columns.csv").set_index("column")["meaning"]
    assert meanings["glow_drive_px"] == "its glow"
    assert meanings["glow_drive_px_se"] == "standard error of glow_drive_px"
    script = (tmp_path / "out" / "photographs" / "a.png" / "review_data.js").read_text()
    data = json.loads(script.removeprefix("receivePhotograph(").rstrip().removesuffix(");"))
    first = data["crossings"][0]
    assert "It glows over 1.5 DRIVE px." in first["why"]
    (line,) = first["drawings"]["glow"]
    assert line[0] == [0.5, 0.5]
    assert "glow" in figures


def test_signs_are_measured_where_a_crossing_is_gradable_and_vessels_are_known(
    eye: NDArray[np.uint8], settings: Settings
) -> None:
    crossing = screen(eye, settings).crossings[0]
    assert crossing.gradable and crossing.close_look.vessels is None
    needing = dataclasses.replace(GLOW, needs_vessels=True)
    assert measure_signs(crossing, [needing]).signs["glow"].values == {}

    def fails(look: CloseLook) -> Measurement:
        raise NotMeasurable("too dark")

    failing = dataclasses.replace(GLOW, compute=fails)
    assert measure_signs(crossing, [failing]).signs["glow"].values == {}
    assert measure_signs(crossing, [GLOW]).value("glow", "glow_drive_px") == 1.5
