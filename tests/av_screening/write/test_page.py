"""The review page in a browser: what a reader does with it, and what comes of it."""

import csv
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from av_grading.data.patch_set import load_patches
from av_grading.formats.manifest import read_manifest
from av_screening.run.folder import screen_folder
from av_screening.settings import Settings
from av_screening.steps.patches import CrossingPatch, Patch
from av_screening.steps.pipeline import Pipeline
from av_screening.write.columns import CALIBER
from av_screening.write.photograph_folder import Source, write_outputs
from tests.av_screening.conftest import encode

pytestmark = pytest.mark.browser
NAME = "<b>&'eye.png"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Debian's chromium."""
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("no chromium here: apt-get install chromium")
    playwright = pytest.importorskip("playwright.sync_api", reason="no playwright here")
    with playwright.sync_playwright() as started:
        found = started.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield found
        found.close()


@pytest.fixture(scope="module")
def output(
    tmp_path_factory: pytest.TempPathFactory, eye: NDArray[np.uint8], settings: Settings
) -> Path:
    """A run over two photographs, one with a name that is HTML."""
    folder = tmp_path_factory.mktemp("run")
    (folder / "in").mkdir()
    (folder / "in" / NAME).write_bytes(encode(eye))
    (folder / "in" / "plain.png").write_bytes(encode(eye[::-1]))
    screen_folder(folder / "in", folder / "out", settings)
    return folder / "out"


def open_page(browser: Any, path: Path, width: int, height: int) -> tuple[Any, list[str]]:
    """A page and the list that its errors and requests over the network go to."""
    page = browser.new_page(viewport={"width": width, "height": height})
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text))
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("request", lambda r: problems.append(r.url) if r.url.startswith("http") else None)
    page.goto(path.as_uri())
    return page, problems


def test_grades_are_changed_downloaded_and_read_as_a_manifest(browser: Any, output: Path) -> None:
    with (output / "summary.csv").open(newline="", encoding="utf-8") as file:
        folder = output / next(csv.DictReader(file))["folder"]
    page, problems = open_page(browser, folder / "review.html", 1280, 800)
    assert page.locator("h1").inner_text() == NAME
    cards = page.locator(".crossing")
    count = cards.count()
    assert count >= 3
    expected = cards.locator(".soft").all_inner_texts()
    values = [float(text.split()[2].strip(",")) for text in expected]
    assert values == sorted(values, reverse=True)  # the most severe first
    numbers = [int(card.get_attribute("data-number")) for card in cards.all()]
    screened = [int(card.locator(".grade").inner_text()) for card in cards.all()]

    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")  # confirms the first and goes to the second
    changed = (screened[1] + 1) % 4
    page.keyboard.press(str(changed))
    page.keyboard.press("j")
    page.keyboard.press("x")  # the third is no crossing
    assert page.locator("#progress").inner_text() == f"3 of {count} reviewed"
    states = [cards.nth(i).locator(".state").inner_text() for i in range(3)]
    assert states == ["confirmed", f"was {screened[1]}", "no crossing"]
    page.reload()  # nothing is lost
    assert page.locator("#progress").inner_text() == f"3 of {count} reviewed"
    with page.expect_download() as download:
        page.get_by_role("button", name="Download grades").click()
    manifest = output / download.value.suggested_filename
    download.value.save_as(manifest)
    patches = read_manifest(manifest)
    found = {int(p.patch.stem): p.grade for p in patches}
    assert found == {numbers[0]: screened[0], numbers[1]: changed}
    assert {p.group for p in patches} == {NAME} and patches[0].more["screened_grade"]
    assert load_patches(patches).patches.shape[1:] == (3, 96, 96)
    assert not problems
    page.close()


def test_click_zooms_in_and_out(browser: Any, output: Path) -> None:
    page, problems = open_page(browser, output / "photographs/plain.png/review.html", 1280, 800)
    place = page.locator(".crossing").nth(1)
    number = place.get_attribute("data-number")
    place.locator(".patch").click()
    page.wait_for_timeout(400)
    frame = page.locator("#frame").bounding_box()
    box = page.locator(f'rect[data-number="{number}"]').bounding_box()
    for side, length in (("x", "width"), ("y", "height")):
        middle = box[side] + box[length] / 2
        assert middle == pytest.approx(frame[side] + frame[length] / 2, abs=4)
    assert box["width"] > frame["width"] / 7
    page.keyboard.press("Escape")
    page.wait_for_timeout(400)
    assert page.locator("#scene").evaluate("e => e.style.transform") == ""
    page.keyboard.press("v")
    assert page.locator("#map").is_visible() and not problems
    page.close()


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (390, 844)])
def test_fits_the_screen(
    browser: Any, output: Path, width: int, height: int, tmp_path: Path
) -> None:
    for path in (output / "photographs/plain.png/review.html", output / "index.html"):
        page, problems = open_page(browser, path, width, height)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        if path.name == "review.html":
            shape = page.locator("#scene").bounding_box()
            natural = page.locator("#scene img").first.evaluate(
                "e => e.naturalWidth / e.naturalHeight"
            )
            assert shape["width"] / shape["height"] == pytest.approx(natural, rel=0.01)
            small = page.locator(".choices button").evaluate_all(
                "all => all.filter(b => b.offsetHeight < 36).length"
            )
            assert small == 0
        else:
            assert page.get_by_role("link", name=NAME).count() == 1
            page.get_by_role("link", name="plain.png").click()
            assert page.locator("h1").inner_text() == "plain.png"
        page.screenshot(path=tmp_path / f"{path.stem}_{width}.png")
        assert not problems
        page.close()


@pytest.mark.parametrize("width", [1280, 390])
def test_page_with_every_step_fits(
    browser: Any, eye: NDArray[np.uint8], settings: Settings, tmp_path: Path, width: int
) -> None:
    def measure(crossing: CrossingPatch) -> dict[str, object]:
        if crossing.patch.mean() < 100:
            why = "first side uncertain: " + "the ratio has a standard error of 23%, " * 5
            return {"measurable": 0, "not_measurable": why, "ratio_second": 0.91}
        widths = {name: 1.0 for name in CALIBER if "width" in name or "ratio" in name}
        return {"measurable": 1, **widths, "severity_index": 0.0, "caliber_grade": 0}

    def explain(crossings: Sequence[CrossingPatch], grades: NDArray[np.int64]) -> list[Patch]:
        return [np.full((192, 192, 3), 60 * grade, np.uint8) for grade in grades]

    base = Pipeline.from_settings(settings)
    pipeline = Pipeline(base.predictor, base.graders, measure, explain)
    source = Source("a long name of a photograph.png", "", "", "eye")
    write_outputs(tmp_path, source, eye, pipeline(eye), "")
    page, problems = open_page(browser, tmp_path / "photographs/eye/review.html", width, 800)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.get_by_text("Vein not measured").count() + page.locator("table").count() > 0
    for card in page.locator(".crossing").all():
        outer = card.bounding_box()
        for part in card.locator("img, button, td, p").all():
            inner = part.bounding_box()
            assert inner["x"] + inner["width"] <= outer["x"] + outer["width"]
    assert not problems
    page.close()
