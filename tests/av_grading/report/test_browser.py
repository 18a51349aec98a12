"""The page in headless Chromium: what a reader does, at two widths."""

import csv
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from av_grading import attribute
from av_grading.formats.files import png, write_whole
from av_grading.formats.manifest import format_manifest
from tests.av_grading.conftest import draw_crossing

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = pytest.mark.browser
HOSTILE = "<script>document.title='run'</script>"


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of twelve patches, one of which has a script for a name."""
    folder = tmp_path_factory.mktemp("report")
    rows: list[dict[str, object]] = []
    for number in range(12):
        patch, av_map = draw_crossing(48, vein_width=8 + number % 4, artery_width=5)
        name = HOSTILE.replace("/", "") if number == 4 else f"crossing {number}"
        files = {"patch": f"patches/{name}.png", "av_map": f"maps/{number}.png"}
        write_whole(folder / files["patch"], png(patch))
        write_whole(folder / files["av_map"], png(av_map))
        rows.append({**files, "grade": number % 4, "group": f"eye{number // 4}", "source": "drawn"})
    write_whole(folder / "manifest.csv", format_manifest(rows))
    return folder


@pytest.fixture(scope="module")
def written(report: Path) -> Path:
    """The report's folder, with everything that the command writes."""
    from av_grading.grader import save_grader
    from tests.av_grading.conftest import make_grader

    save_grader(make_grader("data.crop=32"), report / "grader.safetensors")
    given = ["--manifest", str(report / "manifest.csv"), "--draws", "20"]
    given += ["--weights", str(report / "grader.safetensors")]
    assert attribute.main([*given, "--output", str(report / "out")]) == 0
    return report / "out"


@pytest.fixture(params=[1280, 390])
def page(request: pytest.FixtureRequest, browser: object, written: Path) -> Iterator[object]:
    """The open page; no message in its console, and nothing asked of a network."""
    found = browser.new_page(viewport={"width": request.param, "height": 844})  # type: ignore[attr-defined]
    found.set_default_timeout(60_000)
    said: list[str] = []
    asked: list[str] = []
    found.on("console", lambda message: said.append(message.text))
    found.on("pageerror", lambda error: said.append(str(error)))
    found.on("request", lambda asking: asked.append(asking.url))
    found.goto((written / "report.html").as_uri())
    yield found
    assert not said
    assert all(url.startswith(("file:", "data:")) for url in asked)
    found.close()


def names(page: object) -> list[str]:
    return page.locator(".card:visible").evaluate_all(  # type: ignore[attr-defined, no-any-return]
        "cards => cards.map(card => card.dataset.name)"
    )


def until(page: Any, script: str, argument: Any = None) -> None:
    """Wait for a condition; Playwright's own waiting is what the page's policy forbids: eval."""
    for _ in range(250):
        if page.evaluate(script, argument):
            return
        page.wait_for_timeout(20)
    raise AssertionError(script)


def shows(page: sync_api.Page, expected: list[str]) -> bool:
    """Whether the page comes to show these patches in this order; it may take a moment."""
    script = """names => JSON.stringify(names) === JSON.stringify(
        [...document.querySelectorAll('.card')].filter(c => c.checkVisibility())
            .map(c => c.dataset.name))"""
    until(page, script, expected)
    return True


def test_filters(page: sync_api.Page, written: Path) -> None:
    table = list(csv.DictReader((written / "attribution.csv").open()))
    assert len(names(page)) == 12
    page.select_option("[name=graded]", "2")
    assert shows(page, [row["patch"] for row in table if row["grade"] == "2"])
    assert page.inner_text(".count") == "3 of 12 patches shown"
    page.select_option("[name=error]", "0")
    right = [r["patch"] for r in table if r["grade"] == r["predicted"] == "2"]
    assert shows(page, right)
    page.fill("[name=text]", "nothing is called so")
    assert shows(page, []) and page.is_visible(".nothing")
    page.click("[type=reset]")
    until(page, "document.querySelectorAll('.card:not([hidden])').length === 12")
    page.fill("[name=text]", "EYE1")
    assert shows(page, [row["patch"] for row in table if row["group"] == "eye1"])


def test_sorts(page: sync_api.Page, written: Path) -> None:
    table = list(csv.DictReader((written / "attribution.csv").open()))

    def by(key: str, sign: int) -> list[str]:
        return [r["patch"] for r in sorted(table, key=lambda r: sign * float(r[key]))]

    page.select_option("[name=sort]", "-grade")
    assert shows(page, by("grade", -1))
    page.select_option("[name=sort]", "-error")
    errors = {r["patch"]: abs(int(r["grade"]) - int(r["predicted"])) for r in table}
    assert shows(page, sorted(errors, key=lambda name: -errors[name]))
    page.select_option("[name=sort]", "confidence")
    found = {r["patch"]: max(float(r[f"p{g}"]) for g in range(4)) for r in table}
    page.wait_for_timeout(500)
    shown = [found[name] for name in names(page)]
    assert shown == sorted(shown)
    page.select_option("[name=sort]", "number")
    assert shows(page, [row["patch"] for row in table])


def test_opens_a_patch_by_keyboard(page: sync_api.Page) -> None:
    page.locator(".open:visible").first.focus()
    page.keyboard.press("Enter")
    title = page.locator(".viewer h2")
    sync_api.expect(title).to_have_text(re.compile("crossing 0.png$"))
    assert page.locator(".viewer .pictures img").count() == 4
    copies = page.locator(".viewer .copies img")
    assert copies.count() == 6 and copies.first.evaluate("i => i.decode().then(() => true)")
    page.keyboard.press("ArrowRight")
    sync_api.expect(title).to_have_text(re.compile("crossing 1.png$"))
    page.keyboard.press("Escape")
    sync_api.expect(page.locator(".viewer")).to_be_hidden()
    # Back where one was, not where one began.
    until(
        page,
        "document.activeElement.closest('.card')?.dataset.name.endsWith('crossing 1.png')",
    )


def test_a_cell_shows_its_patches(page: sync_api.Page) -> None:
    link = page.locator(".confusion a").first
    count = int(link.inner_text())
    link.click()
    until(page, f"document.querySelectorAll('.card:not([hidden])').length === {count}")
    assert link.get_attribute("aria-current") == "true"


def test_a_name_stays_text(page: sync_api.Page) -> None:
    assert page.title() == "Where the grader looked"
    assert any("<script>" in name for name in names(page))
    assert page.locator("script").count() == 1


def test_fits_and_says_what_pictures_are(page: sync_api.Page) -> None:
    width = page.viewport_size["width"]  # type: ignore[index]
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.locator(".open:visible").first.click()
    assert page.evaluate("document.querySelector('.viewer').scrollWidth") <= width
    page.keyboard.press("Escape")
    assert page.locator("img:not([alt]), img[alt='']").count() == 0
    small = page.locator("button:visible, select:visible").evaluate_all(
        "all => all.filter(e => e.getBoundingClientRect().height < 32).length"
    )
    assert small == 0


def test_prints_every_patch_without_controls(page: sync_api.Page) -> None:
    page.emulate_media(media="print")
    assert not page.is_visible(".tools") and not page.locator(".open:visible").count()
    assert len(names(page)) == 12
