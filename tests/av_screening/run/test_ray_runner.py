"""The same run on a local Ray with two workers."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from av_screening.run.folder import screen_folder
from av_screening.run.ray_runner import ray_runner
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


def test_same_outputs_as_in_one_process(
    local_ray: None, tmp_path: Path, eye: NDArray[np.uint8], settings: Settings
) -> None:
    source = tmp_path / "in"
    source.mkdir()
    for number in range(6):
        varied = np.clip(eye.astype(int) + number, 0, 255).astype(np.uint8)
        (source / f"eye_{number}.png").write_bytes(encode(varied))
    (source / "bad.png").write_text("no photograph")
    screen_folder(source, tmp_path / "one", settings)
    counts = screen_folder(source, tmp_path / "ray", settings, runner=ray_runner(2))
    assert (counts.done, list(counts.failures)) == (6, ["bad.png"])
    assert contents(tmp_path / "one") == contents(tmp_path / "ray")
