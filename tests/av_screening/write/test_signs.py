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
from av_grading.signs.drawing import Drawing, Text
from av_grading.signs.registry import registered
from av_grading.signs.sign import Column, Finding, Measurement, Row, Sign, number_in
from av_screening.api import screen
from av_screening.exchange.run_coco import run_coco
from av_screening.eyes.summaries import summarise
from av_screening.report.cohort import cohort_figures
from av_screening.run.finished_run import FinishedRun
from av_screening.run.folder import screen_folder
from av_screening.settings import Settings
from av_screening.steps.signs import measure_signs
from av_screening.write.columns import crossings_columns, crossings_dtypes, summary_columns
from tests.av_screening.conftest import encode


def compute(look: CloseLook) -> Measurement:
    values = {"glow_drive_px": 1.5, "glow_kind": "warm", "glow_answer": "present"}
    return Measurement(values, {"glow_drive_px": 0.25})


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
        Column("glow_answer", "", "whether it glows", kind="text"),
    ),
    compute,
    sentences,
    draw=lambda look, measured: [np.array([look.middle, (0.0, 0.0)])],
    needs_vessels=False,
    drawing=lambda look, measured: Drawing("It glows.", (0, 1), (0, 1), [Text(0, 0, "glow")]),
    findings=(
        Finding("glow", "Glow", ("glow_drive_px",), "greatest glow", "drive_px", "glow_answer"),
    ),
)


def test_a_new_sign_is_in_tables_page_and_report(
    tmp_path: Path, eye: NDArray[np.uint8], settings: Settings
) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.png").write_bytes(encode(eye))
    screen(eye, settings)  # the models may have been loaded before
    with registered(GLOW):
        columns = ["glow_drive_px", "glow_kind", "glow_answer", "glow_drive_px_se"]
        assert list(crossings_columns())[-4:] == columns
        assert list(summary_columns())[-2:] == ["glow_present", "glow_strongest_drive_px"]
        assert crossings_dtypes()["glow_kind"] == "str"
        screen_folder(tmp_path / "in", tmp_path / "out", settings)
        table = screen(eye, settings).to_dataframe()
        run = FinishedRun.read(tmp_path / "out")
        figures = [f.name for f in cohort_figures(run)]
        attributes = run_coco(run)["annotations"][0]["attributes"]
        summarise(run.output, None, tmp_path / "by_eye")
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
    card = first["signs"][-1]
    assert card["caption"] == "It glows." and card["answers"] == [["Glow", "present"]]
    assert card["parts"][0]["text"] == "glow"
    assert (attributes["glow_answer"], attributes["glow_drive_px"]) == ("present", 1.5)
    persons = pd.read_csv(tmp_path / "by_eye" / "persons.csv")
    summary = pd.read_csv(tmp_path / "out" / "summary.csv")
    for told in (persons, summary):
        assert told["glow_present"].tolist() == [len(rows)]
        assert told["glow_strongest_drive_px"].tolist() == [1.5]
    index = (tmp_path / "out" / "index.html").read_text()
    assert f'"glow_present":{len(rows)}' in index


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
