"""The same run on a local Ray with two workers."""

import os
import signal
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from av_screening.run.folder import screen_folder
from av_screening.run.ray_runner import ray_runner
from av_screening.run.screen_photograph import Outcome, Task
from av_screening.settings import Settings
from tests.av_screening.conftest import encode
from tests.av_screening.run.test_folder import contents

pytestmark = pytest.mark.slow


@pytest.fixture
def local_ray(repo: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    ray = pytest.importorskip("ray", reason="Ray is not installed: pip install 'av-nicking[ray]'")
    monkeypatch.setenv("PYTHONPATH", str(repo))
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    yield
    ray.shutdown()


@pytest.fixture
def source(tmp_path: Path, eye: NDArray[np.uint8]) -> Path:
    """Twelve photographs and one that is none."""
    folder = tmp_path / "in"
    folder.mkdir()
    for number in range(12):
        varied = np.clip(eye.astype(int) + number, 0, 255).astype(np.uint8)
        (folder / f"eye_{number:02}.png").write_bytes(encode(varied))
    (folder / "bad.png").write_text("no photograph")
    return folder


def test_same_outputs_as_in_one_process(
    local_ray: None, tmp_path: Path, source: Path, settings: Settings
) -> None:
    screen_folder(source, tmp_path / "one", settings)
    counts = screen_folder(source, tmp_path / "ray", settings, runner=ray_runner(2))
    assert (counts.done, list(counts.failures)) == (12, ["bad.png"])
    assert contents(tmp_path / "one") == contents(tmp_path / "ray")


def actors() -> list[int]:
    """Processes of this machine that screen for Ray."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            title = (folder / "cmdline").read_bytes()
        except OSError:  # it has ended
            continue
        if title.startswith(b"ray::MapWorker"):
            found.append(int(folder.name))
    return found


def test_a_killed_worker_loses_nothing(
    local_ray: None, tmp_path: Path, source: Path, settings: Settings
) -> None:
    killed: list[int] = []

    def runner(tasks: Iterable[Task]) -> Iterator[Outcome]:
        for outcome in ray_runner(2)(tasks):
            if not killed:
                assert len(list((tmp_path / "ray" / "photographs").glob("[!.]*"))) < 12
                killed.append(actors()[0])
                os.kill(killed[0], signal.SIGKILL)
            yield outcome

    screen_folder(source, tmp_path / "one", settings)
    counts = screen_folder(source, tmp_path / "ray", settings, runner=runner)
    assert killed and (counts.done, list(counts.failures)) == (12, ["bad.png"])
    assert contents(tmp_path / "one") == contents(tmp_path / "ray")
