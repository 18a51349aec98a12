"""Several photographs at once: the same results, faults of one alone, processes that die."""

import dataclasses
import os
import signal
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from av_screening.read.limits import QualityLimits
from av_screening.run.batches import batch_runner
from av_screening.run.folder import Counts, screen_folder
from av_screening.run.screen_photograph import pipeline_of
from av_screening.settings import Settings
from av_screening.steps.pipeline import Pipeline
from tests.av_screening.conftest import encode
from tests.av_screening.run.test_folder import read
from tests.processes import start_as_on_a_terminal

Eye = NDArray[np.uint8]


@pytest.fixture(scope="module")
def photographs(tmp_path_factory: pytest.TempPathFactory, eye: Eye) -> Path:
    """Five of one size, one of another, and one file that is none."""
    folder = tmp_path_factory.mktemp("photographs")
    for number in range(5):
        varied = np.clip(eye.astype(int) + 3 * number, 0, 255).astype(np.uint8)
        (folder / f"eye_{number}.png").write_bytes(encode(varied))
    (folder / "eye_5.png").write_bytes(encode(np.pad(eye, ((0, 40), (0, 0), (0, 0)))))
    (folder / "bad.png").write_text("no photograph")
    return folder


@pytest.fixture(scope="module")
def whole(settings: Settings, close_up: Path) -> Settings:
    """Settings with the second look and calibers."""
    limits = QualityLimits(min_fov=120.0)
    return dataclasses.replace(settings, close_up=close_up, caliber=True, quality=limits)


def screen(photographs: Path, output: Path, settings: Settings, size: int) -> Counts:
    return screen_folder(
        photographs, output, settings, resume=True, runner=batch_runner(size, 2, 300.0)
    )


def numbers(output: Path, table: str) -> NDArray[np.float64]:
    """What of a table is numbers; text and empty cells are NaN."""

    def number(text: str) -> float:
        try:
            return float(text)
        except ValueError:
            return np.nan

    return np.array([[number(cell) for cell in row.values()] for row in read(output / table)])


def test_results_are_those_of_one_at_a_time(
    photographs: Path, tmp_path: Path, whole: Settings
) -> None:
    alone, together = tmp_path / "alone", tmp_path / "together"
    screen_folder(photographs, alone, whole)
    counts = screen(photographs, together, whole, 4)
    assert (counts.screened, list(counts.failures)) == (6, ["bad.png"])
    for table in ("crossings.csv", "summary.csv"):
        expected = numbers(alone, table)
        assert expected.size and np.isfinite(expected).any()
        np.testing.assert_allclose(numbers(together, table), expected, atol=0.02, equal_nan=True)
    assert [r["photograph"] for r in read(together / "summary.csv")] == [
        r["photograph"] for r in read(alone / "summary.csv")
    ]
    again = screen(photographs, together, whole, 4)
    assert (again.screened, again.kept) == (0, 6)


def test_a_fault_at_one_photograph_is_reported_of_that_one(
    photographs: Path, tmp_path: Path, whole: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline = pipeline_of(whole)
    sizes: list[int] = []

    def see(self: Pipeline, pixels: list[Eye], fovs: list[object]) -> object:
        sizes.append(len(pixels))
        if any(p.shape[0] > 330 for p in pixels):
            raise RuntimeError("out of memory")
        return original(self, pixels, fovs)  # type: ignore[arg-type]

    original = type(pipeline).see
    monkeypatch.setattr(Pipeline, "see", see)
    tall = [p for p in photographs.iterdir() if p.name == "eye_5.png"]
    assert len(tall) == 1
    counts = screen(photographs, tmp_path / "out", whole, 3)
    assert counts.screened == 5 and max(sizes) == 3 and 1 in sizes
    assert counts.failures["eye_5.png"] == ("failed", "RuntimeError: out of memory")


def test_a_process_that_is_killed_loses_nothing(
    repo: Path, photographs: Path, tmp_path: Path, settings: Settings
) -> None:
    output = tmp_path / "out"
    command = [photographs, "--output", output, "--weights", settings.detector, "--batch", "2"]
    command += ["--graders", *settings.graders, "--min-fov", "120", "--no-close-up"]
    command += ["--precision", "float32", "--workers", "1", "--time-limit", "200"]
    program = repo / "tools" / "screen.py"
    run = start_as_on_a_terminal(repo, "-W", "ignore", program, *map(str, command))
    deadline = time.monotonic() + 240
    while not any((output / "photographs").glob("[!.]*")) and run.poll() is None:
        assert time.monotonic() < deadline, "the run did not start"
        time.sleep(0.01)
    listed = subprocess.run(["ps", "-o", "pid=,args=", "--ppid", str(run.pid)], capture_output=True)
    children = [x.split() for x in listed.stdout.decode().splitlines() if "spawn_main" in x]
    if children:  # else it is done already
        os.kill(int(children[-1][0]), signal.SIGKILL)
    text, errors = run.communicate(timeout=400)
    assert run.returncode == 1, errors  # one photograph is none
    # What a process took with it is given to another once more.
    assert "6 photographs screened" in text, (output / "failures.csv").read_text()
    names = {r["photograph"] for r in read(output / "summary.csv")}
    names |= {r["photograph"] for r in read(output / "failures.csv")}
    assert names == {p.name for p in photographs.iterdir()}
