"""Runs that are killed at random moments and resumed: the outputs of an undisturbed run."""

import dataclasses
import itertools
import os
import random
import shutil
import signal
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from av_screening.read.limits import QualityLimits
from av_screening.run.folder import screen_folder
from av_screening.settings import Settings
from tests.av_screening.conftest import encode
from tests.av_screening.run.test_folder import contents
from tests.processes import start_as_on_a_terminal

Eye = NDArray[np.uint8]
COUNT = 14


@pytest.fixture(scope="module")
def photographs(tmp_path_factory: pytest.TempPathFactory, eye: Eye) -> Path:
    folder = tmp_path_factory.mktemp("photographs")
    for number in range(COUNT):
        varied = np.clip(eye[::2, ::2].astype(int) + number, 0, 255).astype(np.uint8)
        (folder / f"eye_{number:02}.png").write_bytes(encode(varied))
    (folder / "bad.png").write_text("no photograph")
    return folder


def start(
    repo: Path, photographs: Path, output: Path, settings: Settings, *more: str
) -> subprocess.Popen[str]:
    command = [photographs, "--output", output, "--weights", settings.detector]
    command += ["--graders", *settings.graders, "--min-fov", "120", "--no-close-up"]
    command += ["--precision", "float32", "--resume", *more]
    return start_as_on_a_terminal(repo, "-W", "ignore", repo / "tools" / "screen.py", *command)


def done(output: Path) -> int:
    return len([p for p in (output / "photographs").glob("*") if not p.name.startswith(".")])


def kill_and_resume(
    repo: Path, photographs: Path, folder: Path, settings: Settings, workers: list[int]
) -> None:
    """Kill a run once for each of `workers`, let it end, and compare."""
    limits = QualityLimits(min_fov=120.0)
    rng = random.Random(0)
    whole, output = folder / "whole", folder / "killed"
    screen_folder(photographs, whole, dataclasses.replace(settings, quality=limits))
    for number in workers:
        # At some moment after the first new photograph: what comes before is imports.
        target = done(output) + 1
        run = start(repo, photographs, output, settings, "--workers", str(number))
        deadline = time.monotonic() + 240
        while run.poll() is None and done(output) < min(target, COUNT):
            assert time.monotonic() < deadline, "the run did not start"
            time.sleep(0.005)
        time.sleep(rng.uniform(0, 0.15))
        run.send_signal(rng.choice([signal.SIGKILL, signal.SIGTERM]))
        run.communicate()
    run = start(repo, photographs, output, settings, "--workers", "1")
    text, errors = run.communicate(timeout=300)
    assert run.returncode == 1, errors  # one photograph is bad
    assert f"{COUNT} photographs screened" in text and "Traceback" not in errors
    assert contents(output) == contents(whole)


def test_killed_once(repo: Path, photographs: Path, tmp_path: Path, settings: Settings) -> None:
    kill_and_resume(repo, photographs, tmp_path, settings, [2])


@pytest.mark.slow
def test_killed_twenty_times(
    repo: Path, photographs: Path, tmp_path: Path, settings: Settings
) -> None:
    kill_and_resume(repo, photographs, tmp_path, settings, [1, 2] * 10)


def test_interrupted_at_the_keyboard(
    repo: Path, photographs: Path, tmp_path: Path, settings: Settings
) -> None:
    # So many that a quick machine is not through with them when it is interrupted.
    many, output = tmp_path / "many", tmp_path / "out"
    many.mkdir()
    for path, copy in itertools.product(photographs.iterdir(), range(60)):
        shutil.copy(path, many / f"{copy}_{path.name}")
    run = start(repo, many, output, settings, "--workers", "2")
    while run.poll() is None and done(output) < 1:
        time.sleep(0.005)
    os.killpg(run.pid, signal.SIGINT)  # a terminal sends it to the workers as well
    _, errors = run.communicate(timeout=120)
    assert run.returncode == 1 and "Traceback" not in errors
    assert errors.splitlines()[-1] == "interrupted; the same command with --resume continues"
    assert not list((output / "photographs").glob(".*"))  # what was under way was finished


def interrupt(run: subprocess.Popen[str], after: float) -> None:
    """Ctrl-C at some moment: it ends soon, says so, and shows no traceback."""
    time.sleep(after)
    if run.poll() is not None:
        return
    os.killpg(run.pid, signal.SIGINT)
    output, errors = run.communicate(timeout=120)
    assert "Traceback" not in errors, errors
    if "written: " in output:  # all was done, and Python was about to end
        return
    assert run.returncode == 1, (run.returncode, output, errors)
    assert "interrupted" in errors.splitlines()[-1]


@pytest.mark.parametrize("after", [2.0, 5.0, 9.0])
def test_interrupted_while_it_starts(
    after: float, repo: Path, photographs: Path, tmp_path: Path, settings: Settings
) -> None:
    interrupt(start(repo, photographs, tmp_path / "out", settings, "--workers", "2"), after)


@pytest.mark.slow
def test_interrupted_at_any_moment(
    repo: Path, photographs: Path, tmp_path: Path, settings: Settings
) -> None:
    rng = random.Random(1)
    for number in range(20):
        run = start(repo, photographs, tmp_path / str(number), settings, "--workers", "2")
        interrupt(run, rng.uniform(2, 15))
