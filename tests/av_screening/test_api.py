"""Screening from Python: one photograph, a folder, and what is refused."""

import dataclasses
import doctest
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

import av_screening
import av_screening.api as api
import av_screening.run.screen_photograph as task
from av_screening import RejectedPhotograph, Settings, screen, screen_folder
from av_screening.steps.pipeline import Pipeline
from av_screening.write.columns import CALIBER, crossings_columns, crossings_dtypes
from tests.av_screening.conftest import encode, make_dicom

Eye = NDArray[np.uint8]


def test_import_needs_no_torch(repo: Path) -> None:
    look = "import sys, av_screening; dir(av_screening); print('torch' in sys.modules)"
    command = [sys.executable, "-c", look]
    done = subprocess.run(command, cwd=repo, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
    assert set(av_screening.__all__) <= set(dir(av_screening))
    assert all(hasattr(av_screening, name) for name in av_screening.__all__)
    assert not hasattr(av_screening, "screened")


def test_documented_example_runs() -> None:
    found = doctest.testmod(api)
    assert found.attempted >= 4 and found.failed == 0


def test_table_is_that_of_a_folder(tmp_path: Path, eye: Eye, settings: Settings) -> None:
    measured = dataclasses.replace(settings, caliber=True)
    (tmp_path / "in").mkdir()
    path = tmp_path / "in" / "a.png"
    path.write_bytes(encode(eye))
    counts = screen_folder(str(tmp_path / "in"), str(tmp_path / "out"), measured)
    assert (counts.done, counts.failures) == (1, {})
    written = pd.read_csv(tmp_path / "out" / "crossings.csv", dtype=crossings_dtypes())
    result = screen(path, measured)
    table = result.to_dataframe()
    assert list(table) == list(crossings_columns()) and len(table) == len(result) > 1
    files = ["patch", "av_map"]
    assert table[files].isna().all(axis=None) and written[files].notna().all(axis=None)
    pd.testing.assert_frame_equal(table.drop(columns=files), written.drop(columns=files))
    assert table["grade"].tolist() == result.grades
    assert list(result.widths) == ["crossing", *CALIBER]
    for number, why in enumerate(result.not_measurable):
        assert bool(why) == (table["measurable"][number] == 0)


def test_result_of_pixels(eye: Eye, settings: Settings) -> None:
    result = screen(eye, settings)
    count = len(result)
    assert result.photograph == "" and count > 1
    assert result.centers.shape == (count, 2) and result.boxes.shape == (count, 4)
    assert result.probabilities.shape == (count, 4) and result.scores.shape == (count,)
    assert result.not_graded == [""] * count
    assert result.av_map.shape == eye.shape[:2] and set(np.unique(result.av_map)) <= {0, 1, 2}
    figure = result.plot()
    assert len(figure.axes) == 2 and len(figure.axes[0].patches) == count
    assert {t.get_text() for t in figure.axes[0].texts} == {
        f"{number}: {grade}" for number, grade in enumerate(result.grades)
    }
    ungraded = screen(eye, dataclasses.replace(settings, graders=()))
    assert ungraded.grades is None and ungraded.probabilities is None
    assert all("no grader" in why for why in ungraded.not_graded)
    assert all("not asked for" in why for why in ungraded.not_measurable)
    assert ungraded.to_dataframe()["grade"].isna().all()


def test_identity_of_dicom(tmp_path: Path, eye: Eye, settings: Settings) -> None:
    (tmp_path / "a.dcm").write_bytes(make_dicom(eye))
    named = dataclasses.replace(settings, identity="PatientID")
    assert set(screen(tmp_path / "a.dcm", named).to_dataframe()["id"]) == {"id-17"}


def test_what_cannot_be_screened(tmp_path: Path, eye: Eye, settings: Settings) -> None:
    (tmp_path / "text.png").write_text("no photograph")
    with pytest.raises(RejectedPhotograph, match=r"text\.png: expected an image") as caught:
        screen(tmp_path / "text.png", settings)
    assert caught.value.reason == "unreadable"
    with pytest.raises(RejectedPhotograph, match=r"none\.png: cannot be read"):
        screen(str(tmp_path / "none.png"), settings)
    with pytest.raises(RejectedPhotograph, match="pixels: ") as caught:
        screen(np.zeros_like(eye), settings)
    assert caught.value.reason == "too_dark"
    for wrong in (eye[:, :, 0], eye.astype(np.float32), np.dstack([eye, eye[:, :, :1]])):
        with pytest.raises(ValueError, match=r"expected RGB pixels \(H, W, 3\) of uint8"):
            screen(wrong, settings)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("grader_n_views", 3),
        ("map_n_views", 0),
        ("precision", "half"),
        ("device", "tpu"),
        ("language", "tlh"),
    ],
)
def test_settings_that_mean_nothing(name: str, value: object) -> None:
    with pytest.raises(ValueError, match=f"{name}: expected one of .*, found {value}"):
        Settings(**{name: value})


def test_threads_load_models_once(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded, gate = [], threading.Barrier(4)

    def load(given: Settings) -> object:
        loaded.append(given)
        return object()

    monkeypatch.setattr(Pipeline, "from_settings", load)
    own = dataclasses.replace(settings, threads=7)  # of no other test
    found = []

    def ask() -> None:
        gate.wait()
        found.append(task.pipeline_of(own))

    asking = [threading.Thread(target=ask) for _ in range(4)]
    for thread in asking:
        thread.start()
    for thread in asking:
        thread.join()
    assert len(loaded) == 1 and len({id(pipeline) for pipeline in found}) == 1


def test_four_threads_have_the_digits_of_one(settings: Settings, eye: NDArray[np.uint8]) -> None:
    eyes = [np.ascontiguousarray(np.rot90(eye, turn)) for turn in range(4)]
    pipeline = task.pipeline_of(settings)
    alone = [screen(pixels, settings).to_dataframe() for pixels in eyes]
    boxes = [pipeline.predictor(pixels).boxes for pixels in eyes]
    rng = np.random.default_rng(0)
    patches = rng.integers(0, 255, (4, 5, 48, 48, 3), np.uint8)
    maps = rng.integers(0, 3, (4, 5, 48, 48), np.uint8)
    (grader, *_) = pipeline.graders.values()
    grades = [grader.grade(p, m) for p, m in zip(patches, maps, strict=True)]
    for _ in range(3):
        with ThreadPoolExecutor(4) as pool:
            tables = list(pool.map(lambda pixels: screen(pixels, settings).to_dataframe(), eyes))
            found = list(pool.map(lambda pixels: pipeline.predictor(pixels).boxes, eyes))
            graded = list(pool.map(grader.grade, patches, maps))
        for one, four in zip(alone, tables, strict=True):
            pd.testing.assert_frame_equal(one, four, check_exact=True)
        assert all((a == b).all() for a, b in zip(boxes, found, strict=True))
        assert all((a == b).all() for a, b in zip(grades, graded, strict=True))
