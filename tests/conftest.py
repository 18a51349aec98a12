"""Fixtures for all tests: real photographs, folders of phantoms, scripts as a user runs them."""

import logging
import os
import runpy
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--accept-reference",
        action="store_true",
        help="write what comes out now as the reference that later outputs are compared with",
    )


@pytest.fixture(scope="session")
def repo() -> Path:
    """The repository's root."""
    return ROOT


@pytest.fixture(scope="session")
def av_data() -> Path:
    """Folder of the real photographs, from AV_DATA; skips where a user has none."""
    name = os.environ.get("AV_DATA")
    if not name:
        pytest.skip("AV_DATA is not set: no real photographs here")
    folder = Path(name)
    if not (folder / "drive" / "train" / "images").is_dir():
        raise FileNotFoundError(f"AV_DATA={name}: expected drive/train/images in it")
    return folder


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Debian's chromium, one for all tests of a process: a second cannot be started beside it."""
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("no chromium here: apt-get install chromium")
    playwright = pytest.importorskip("playwright.sync_api", reason="no playwright here")
    with playwright.sync_playwright() as started:
        # Chromium's own sandbox needs rights that root in a container has not.
        found = started.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield found
        found.close()


@pytest.fixture(autouse=True)
def seeds() -> None:
    """Every test draws from the same start."""
    np.random.seed(0)
    torch.manual_seed(0)


@contextmanager
def as_in_a_new_process() -> Iterator[None]:
    """Without data sets that are registered already, whose folder another run named.

    Afterwards they are there again, and no handlers of loggers are left behind.
    """
    names = [None, *logging.root.manager.loggerDict, "detectron2", "fvcore"]
    loggers = [logging.getLogger(name) for name in dict.fromkeys(names)]
    before = [(log, list(log.handlers), log.propagate, log.level) for log in loggers]
    data = sys.modules.get("detectron2.data")
    catalogs = [data.DatasetCatalog, data.MetadataCatalog] if data else []
    registered = [dict(catalog.data) for catalog in catalogs]
    for catalog in catalogs:
        for name in [name for name in catalog.data if name.startswith("crosspos_")]:
            del catalog.data[name]
    try:
        yield
    finally:
        for log, handlers, propagate, level in before:
            log.handlers[:], log.propagate = handlers, propagate
            log.setLevel(level)
        if module := sys.modules.get("detectron2.utils.logger"):
            module.setup_logger.cache_clear()  # or it would not set up the next run's
        for catalog, content in zip(catalogs, registered, strict=True):
            catalog.data = content


@pytest.fixture(autouse=True)
def own_command_line() -> Iterator[None]:
    """A test's command line is its own: what `av-nicking` makes of it ends with the test."""
    before = sys.argv
    yield
    sys.argv = before


@pytest.fixture
def run_script(
    repo: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    """`run_script("tools/x.py", *arguments, VARIABLE=value)` → exit code, stdout, stderr.

    In this process: a new one would import torch and Detectron2 again, which takes seconds. What
    the script does not catch fails the test.
    """

    def run(script: str, *arguments: object, **environment: object) -> tuple[int, str, str]:
        path = repo / script
        capsys.readouterr()
        with monkeypatch.context() as patched, as_in_a_new_process():
            for name, value in environment.items():
                patched.setenv(name, str(value))
            patched.setattr(sys, "argv", [str(path), *map(str, arguments)])
            patched.setattr(sys, "path", [str(path.parent), *sys.path])
            try:
                runpy.run_path(str(path), run_name="__main__")
                code = 0
            except SystemExit as end:
                code = end.code if isinstance(end.code, int) else int(end.code is not None)
            out, err = capsys.readouterr()
        return code, out, err

    return run


@pytest.fixture
def cross_set(tmp_path: Path) -> Path:
    """A set `toy` with two photographs of 120 x 100 px, each with one artery-vein crossing.

    The FOV fills a disc of 100 px; the artery is a horizontal bar, the vein a vertical one, and
    their overlap is centred on x 50, y 40 (first) and x 60, y 50 (second).
    """
    folder = tmp_path / "toy" / "train"
    for kind in ("images", "av", "fov"):
        (folder / kind).mkdir(parents=True)
    for name, x, y in (("a", 50, 40), ("b", 60, 50)):
        write_toy(folder, name, x, y)
    return folder


def write_toy(folder: Path, name: str, x: int, y: int) -> None:
    """Write one photograph of `cross_set`."""
    rows, columns = np.mgrid[:100, :120]
    fov = (columns - 60) ** 2 + (rows - 50) ** 2 < 50**2
    av = np.zeros((100, 120), np.uint8)
    av[y - 1 : y + 2, 20:100] = 1
    av[20:80, x - 1 : x + 2] = 2
    av[y - 1 : y + 2, x - 1 : x + 2] = 3
    image = np.where(fov[..., None], (180, 90, 40), 0).astype(np.uint8)
    image[av > 0] = (120, 30, 20)
    Image.fromarray(image).save(folder / "images" / f"{name}.png")
    Image.fromarray(av).save(folder / "av" / f"{name}.png")
    Image.fromarray(fov.astype(np.uint8) * 255).save(folder / "fov" / f"{name}_mask.png")
