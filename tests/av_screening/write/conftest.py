"""A run of three photographs with every step, and a browser to look at its pages."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path, PurePath
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from av_grading.caliber.severity import Caliber, measure_crossing
from av_grading.caliber.vein_phantom import draw_vein
from av_grading.close_ups.close_look import CloseLook
from av_grading.signs.registry import get_sign
from av_grading.signs.sign import Measurement
from av_screening.crossing import Crossing
from av_screening.settings import Settings
from av_screening.steps.patches import Patch
from av_screening.steps.pipeline import Pipeline
from av_screening.write.folder_names import PHOTOGRAPHS, folder_name
from av_screening.write.photograph_folder import Source, write_outputs
from av_screening.write.run_tables import Run, write_run

HOSTILE = "<b>&'eye\"</script><script>alert(1).png".replace("/", "")
NAMES = ("eye1.png", "eye2.png", HOSTILE)
RUN = "0123456789abcdef"
VEIN = draw_vein(np.random.default_rng(0), width=9.0, artery=6.0, ratios=(1.0, 0.5))


@cache
def drawn_caliber() -> Caliber:
    return measure_crossing(VEIN.photograph, VEIN.av_map, VEIN.center, 2.0)


def measure(look: CloseLook) -> Measurement:
    """Every second crossing has the widths of a drawn vein."""
    if look.patch.mean() % 2 < 1:
        return Measurement({"measurable": 0, "not_measurable": "the vein ends <i>here</i>"})
    caliber = drawn_caliber()
    values = {"measurable": 1, **caliber.columns(2.0), "caliber_grade": 2}
    return Measurement(values, detail=caliber.widths)


def read(look: CloseLook) -> Measurement:
    """What networks would say of the sides, other things at other crossings."""
    level = float(look.patch.mean())
    sides = {"side_first_expected": level % 3, "side_second_expected": level % 2}
    return Measurement({**sides, "bent_probability": level % 1})


def explain(crossings: Sequence[Crossing]) -> dict[int, Patch]:
    return {c.number: np.full((192, 192, 3), 60 * (c.grade or 0), np.uint8) for c in crossings}


@pytest.fixture(scope="session")
def run_folder(
    tmp_path_factory: pytest.TempPathFactory, eye: NDArray[np.uint8], settings: Settings
) -> Path:
    """The outputs of a run over `NAMES`; a fourth photograph could not be read."""
    return write_run_folder(tmp_path_factory.mktemp("run"), eye, settings)


@pytest.fixture(scope="session")
def german_run_folder(
    tmp_path_factory: pytest.TempPathFactory, eye: NDArray[np.uint8], settings: Settings
) -> Path:
    """The same run with pages in German."""
    return write_run_folder(tmp_path_factory.mktemp("lauf"), eye, settings, "de")


def write_run_folder(
    output: Path, eye: NDArray[np.uint8], settings: Settings, language: str = "en"
) -> Path:
    (output / PHOTOGRAPHS).mkdir()
    base = Pipeline.from_settings(settings)
    signs = [
        replace(get_sign("caliber"), compute=measure),
        replace(get_sign("read_sides"), compute=read, needs_vessels=False),
    ]
    pipeline = Pipeline(base.predictor, base.graders, lambda: signs, explain)
    for number, name in enumerate(NAMES):
        pixels = np.ascontiguousarray(np.rot90(eye, number))
        folder = folder_name(PurePath(name))
        source = Source(name, f"{number}" * 64, "", folder, RUN, language=language)
        write_outputs(output, source, pixels, pipeline(pixels), "settings")
    failures = {"zz<i>.png": ("too_dark", "expected light, found <u>none</u>")}
    paths = [PurePath(name) for name in (*NAMES, "zz<i>.png")]
    write_run(Run(output, lambda: iter(paths), failures, "settings", RUN, language), {})
    return output


class Desk:
    """A reader's browser with nothing kept; ends with no error and nothing asked of a network."""

    def __init__(self, browser: Any, width: int = 1440, height: int = 900) -> None:
        self.context = browser.new_context(viewport={"width": width, "height": height})
        self.context.set_default_timeout(60_000)
        self.page = self.context.new_page()
        self.problems: list[str] = []
        self.page.on("console", lambda message: self.problems.append(message.text))
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.page.on("dialog", lambda dialog: self.problems.append(dialog.message))
        self.page.on("request", self._check)

    def _check(self, request: Any) -> None:
        if not request.url.startswith(("file:", "data:", "blob:")):
            self.problems.append(request.url)

    def open(self, path: Path, more: str = "") -> Any:
        self.page.goto(path.as_uri() + more)
        return self.page

    def open_photograph(self, name: str, path: Path, more: str = "") -> Any:
        page = self.open(path, more)
        page.locator("#list a", has_text=name).click()
        page.wait_for_selector("#review:not([hidden])")
        return page

    def download(self, act: Any) -> str:
        with self.page.expect_download() as waiting:
            act()
        return Path(waiting.value.path()).read_text("utf-8")


@pytest.fixture
def desk(browser: Any, request: pytest.FixtureRequest) -> Iterator[Desk]:
    """A desk, by `parametrize` of another width than 1440 px."""
    found = Desk(browser, getattr(request, "param", 1440))
    yield found
    found.context.close()
    assert not found.problems


def check_axe(page: Any) -> None:
    """No finding of axe-core that is serious or critical."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="no axe here")
    found = axe.Axe().run(page).response["violations"]
    bad = [v for v in found if v["impact"] in ("serious", "critical")]
    assert not bad, [(v["id"], [n["html"] for n in v["nodes"]][:3]) for v in bad]
