"""Rows of passes: what was squeezed beside what a pipeline says, which sees pixels alone."""

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from av_detectron import Prediction
from av_detectron.data.fov import FieldOfView
from av_grading.data.patch_set import load_patches
from av_grading.decision import DecisionRule, decide
from av_grading.formats.manifest import read_manifest
from av_grading.formats.predictions import read_predictions
from av_screening.evaluation import passes
from av_screening.evaluation.kept_patches import write_manifest
from av_screening.evaluation.labelled_photographs import LabelledPhotograph
from av_screening.evaluation.passes import Plan, match, measure_photograph
from av_screening.photograph import Screened
from av_screening.steps.second_look import without_second_look


class StandIn:
    """Finds what it is told to find, off by a px; grade 2 where the middle is darker than usual."""

    def __init__(self, centers: NDArray[np.float64], shape: tuple[int, int]) -> None:
        self.centers, self.shape = centers, shape
        self.graders: dict[str, Any] = {}
        self.seen: list[NDArray[np.uint8]] = []

    def __call__(self, pixels: NDArray[np.uint8]) -> Screened:
        self.seen.append(pixels)
        boxes = np.concatenate([self.centers - 19, self.centers + 22], axis=1).astype(np.float32)
        found = Prediction(
            FieldOfView(1080, 540, 540),
            boxes,
            np.linspace(1, 0.5, len(boxes), dtype=np.float32),
            [{} for _ in boxes],
            self.shape,
            np.full((3, 54, 54), 1 / 3, np.float32),
        )
        crossings = without_second_look(pixels, found)
        shares = np.eye(4)[[int(c.patch.patch.mean()) % 4 for c in crossings]]
        decision = decide({"stand-in": shares}, DecisionRule())
        graded = [replace(c, decision=decision.of(c.number)) for c in crossings]
        return Screened(found, graded, ("stand-in",))


@pytest.fixture
def pipeline(photograph: LabelledPhotograph) -> Any:
    pixels, _ = photograph.read()
    return StandIn(np.array(photograph.centers), pixels.shape[:2])


def test_rows_of_what_was_squeezed(photograph: LabelledPhotograph, pipeline: Any) -> None:
    plan = Plan(draws=4, severe=2)
    rows = measure_photograph(photograph, pipeline, plan)
    crossings = {row["labelled_crossing"] for row in rows.in_use}
    assert len(crossings) >= 5 and len(rows.in_use) == 4 * len(crossings)
    assert len(crossings) + sum(rows.left_out.values()) == len(photograph.centers)
    for row in rows.in_use:
        assert row["found"] == 1 and row["gradable"] == 1 and row["grade"] in range(4)
        x, y = photograph.centers[row["labelled_crossing"]]
        assert row["true_x_px"] == round(x, 1) and abs(float(row["x_px"]) - x) < 2
        assert abs(float(row["y_px"]) - y) < 2
    assert len(rows.natural) == len(photograph.centers)
    assert [eye["severe_crossing"] != "" for eye in rows.eyes] == [False, True, True]
    passes_seen = 1 + 2 + len({row["round"] for row in rows.in_use})
    assert len(pipeline.seen) == passes_seen


def test_graded_patches_are_kept_with_their_true_grades(
    photograph: LabelledPhotograph, pipeline: Any, tmp_path: Path
) -> None:
    plan = Plan(draws=1, natural=False, patches=str(tmp_path))
    rows = measure_photograph(photograph, pipeline, plan).in_use
    assert write_manifest(tmp_path, rows) == len(rows)
    kept = read_manifest(tmp_path / "manifest.csv")
    assert [p.grade for p in kept] == [row["true_grade"] for row in rows]
    assert {p.group for p in kept} == {photograph.name}
    assert len(load_patches(kept)) == len(rows)
    said = read_predictions(tmp_path / "predictions.csv")
    assert len(said) == len(rows)


def test_rows_are_the_same_again(photograph: LabelledPhotograph, pipeline: Any) -> None:
    plan = Plan(draws=2, severe=1)
    first = measure_photograph(photograph, pipeline, plan)
    assert asdict(measure_photograph(photograph, pipeline, plan)) == asdict(first)
    other = measure_photograph(photograph, pipeline, replace(plan, seed=1))
    assert other.in_use != first.in_use
    renamed = replace(photograph, set_name="another")
    assert measure_photograph(renamed, pipeline, plan).eyes != first.eyes


def test_a_crossing_that_is_missed_is_a_row_without_answer(
    photograph: LabelledPhotograph, pipeline: Any
) -> None:
    pipeline.centers = pipeline.centers + 30  # 15 DRIVE px along x and y
    rows = measure_photograph(photograph, pipeline, Plan(draws=1, severe=1, natural=False))
    lost = [row for row in rows.in_use if not row["found"]]
    assert lost and all("grade" not in row for row in lost)
    assert not rows.natural and not rows.eyes


def test_columns_that_a_pipeline_answers_are_kept(
    photograph: LabelledPhotograph, pipeline: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain, summary = passes.crossing_rows, passes.summary_row

    def answered(*arguments: Any) -> list[dict[str, object]]:
        more = {"gradable": 0, "not_gradable": "vein above", "above_artery_probability": "0.1"}
        return [{**row, **more} for row in plain(*arguments)]

    monkeypatch.setattr(passes, "crossing_rows", answered)
    rows = measure_photograph(photograph, pipeline, Plan(draws=1, severe=1))
    assert all(r["gradable"] == 0 and r["not_gradable"] == "vein above" for r in rows.in_use)
    assert all(r["above_artery_probability"] == "0.1" for r in rows.natural)
    (eye,) = rows.eyes  # none to squeeze
    assert eye["flagged"] == 0 and eye["gradable_crossings"] == 0
    monkeypatch.setattr(passes, "summary_row", lambda *a: {**summary(*a), "flagged": 1})
    assert measure_photograph(photograph, pipeline, Plan(in_use=False)).eyes[0]["flagged"] == 1


def test_readings_are_matched_by_position(photograph: LabelledPhotograph, pipeline: Any) -> None:
    x, y = photograph.centers[3]
    readings = pd.DataFrame(
        [
            {
                "photograph": photograph.name,
                "x_px": x + 6,
                "y_px": y,
                "above": "vein",
                "says_gradable": 2,
            },
            {
                "photograph": photograph.name,
                "x_px": 0,
                "y_px": 0,
                "above": "artery",
                "says_gradable": 3,
            },
        ]
    )
    rows = measure_photograph(photograph, pipeline, Plan(in_use=False), readings)
    read = [row for row in rows.natural if "read_above" in row]
    assert [(r["read_above"], r["read_gradable_votes"]) for r in read] == [("vein", 2)]
    assert abs(float(read[0]["x_px"]) - x) < 21


def test_matches_are_one_to_one_within_ten_drive_px() -> None:
    detected = [{"x_px": x, "y_px": "0.0", "score": s} for x, s in (("28.0", 0.5), ("5.0", 0.9))]
    assert match(detected, np.array([[0.0, 0.0]]), 3.0) == {0: 1}  # the surer one, and it alone
    assert match(detected, np.array([[0.0, 0.0], [55.0, 0.0]]), 3.0) == {0: 1, 1: 0}
    assert match(detected, np.array([[0.0, 31.0]]), 3.0) == {}
    assert match([], np.array([[0.0, 0.0]]), 3.0) == {}


def test_uncertain_vessels_of_coloured_maps_are_background(tmp_path: Path) -> None:
    from PIL import Image

    colors = np.zeros((4, 5, 3), np.uint8)
    colors[0], colors[1], colors[2], colors[3] = (255, 0, 0), (0, 0, 255), (0, 255, 0), 255
    Image.fromarray(colors).save(tmp_path / "av.png")
    Image.fromarray(colors).save(tmp_path / "image.png")
    _, labels = LabelledPhotograph(
        "set", tmp_path / "image.png", tmp_path / "av.png", 1.0, ()
    ).read()
    assert labels[:, 0].tolist() == [1, 2, 3, 0]
    Image.fromarray(np.arange(4, dtype=np.uint8)[:, None].repeat(5, 1)).save(tmp_path / "index.png")
    index = LabelledPhotograph("set", tmp_path / "image.png", tmp_path / "index.png", 1.0, ())
    assert index.read()[1][:, 0].tolist() == [0, 1, 2, 3]
