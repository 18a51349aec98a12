"""The index of a run in a browser: what it shows, filters and sorts."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from av_screening.write.data_uri import jpeg
from av_screening.write.index_data import marks
from av_screening.write.page import index_page
from tests.av_screening.write.conftest import HOSTILE, NAMES, Desk, check_axe

pytestmark = pytest.mark.browser


def names(page: Any) -> list[str]:
    return page.locator("#list a").all_inner_texts()


def write_index(folder: Path, records: list[dict[str, Any]]) -> Path:
    """The index of photographs whose outputs are in one folder."""
    (folder / "photographs" / "p").mkdir(parents=True)
    (folder / "photographs/p/thumbnail.jpg").write_bytes(jpeg(np.zeros((8, 8, 3), np.uint8)))
    page = index_page("run", records, [], {"done": len(records), "failed": 0})
    (folder / "index.html").write_text("".join(page))
    return folder / "index.html"


@pytest.fixture
def large_run(tmp_path: Path) -> Path:
    """The index of 130 photographs, with columns that a later version may have."""
    records: list[dict[str, Any]] = []
    for number in range(130):
        gradable = int(number % 10 != 3)
        rows = [{"x_px": "5", "y_px": "7", "grade": number % 3, "gradable": gradable}] * 2
        summary = {"photograph": f"{number}.png", "folder": "photographs/p", "crossings": 2}
        summary |= {
            "concealment_present": number % 4,
            "concealment_strongest": f"{number % 9 / 9:.3f}",
        }
        summary |= {"deflection_strongest_degrees": f"{number:.1f}"}
        summary |= {"flagged": int(number % 13 == 0), "highest_grade": number % 3, "vigour": number}
        record = {"sha256": f"{number}", "summary": summary, "aspect": 1.2}
        records.append(record | {"marks": marks(rows, (10, 12))})
    return write_index(tmp_path, records)


def test_lists_filters_and_counts(desk: Desk, run_folder: Path) -> None:
    page = desk.open(run_folder / "index.html")
    assert sorted(names(page)) == sorted(NAMES)
    assert page.locator("h1").inner_text() == "3 photographs screened, 1 not"
    assert page.locator("#list .thumbnail circle").count() > 9
    loaded = page.locator("#list img").evaluate_all("all => all.every(i => i.naturalWidth === 240)")
    assert loaded
    page.get_by_role("button", name="Failed 1").click()
    cells = page.locator("#list tr").locator("th, td").all_inner_texts()
    assert cells == ["zz<i>.png", "too dark", "expected light, found <u>none</u>"]
    page.get_by_role("button", name="All 3").click()
    page.get_by_label("Find").fill("EYE1")
    assert names(page) == ["eye1.png"]
    page.locator("#list a").click()
    page.wait_for_selector("#review:not([hidden])")
    while page.locator("#state").inner_text() == "Your answer: not answered.":
        page.keyboard.press("0")
        page.keyboard.press("j")
    page.go_back()
    page.wait_for_selector("#index:not([hidden])")
    page.get_by_label("Find").fill("")
    page.get_by_role("button", name="Unreviewed 2").click()
    assert sorted(names(page)) == sorted([HOSTILE, "eye2.png"])
    assert page.locator("#reviewed").evaluate("e => [e.value, e.max]") == [1, 3]


def test_later_columns_sort_filter_and_pages(desk: Desk, large_run: Path) -> None:
    page = desk.open(large_run)
    assert names(page)[:3] == ["0.png", "1.png", "2.png"] and len(names(page)) == 50
    page.keyboard.press("]")
    assert names(page)[0] == "50.png" and page.locator("#page-text").inner_text() == "51–100 of 130"
    page.get_by_label("Sort").select_option(label="Vigour, greatest first")
    assert names(page)[:2] == ["129.png", "128.png"]
    page.get_by_role("button", name="Flagged 10").click()
    assert names(page)[-1] == "0.png"
    page.get_by_role("button", name="Not gradable 13").click()
    assert names(page)[-1] == "3.png" and page.locator("circle.ungradable").count() == 26
    assert page.locator("#totals div", has_text="Not gradable").inner_text().endswith("26")
    page.keyboard.press("1")
    page.keyboard.press("m")
    assert page.locator("#montage li").count() == 120


def test_begins_with_the_most_severe_unless_blind(desk: Desk, tmp_path: Path) -> None:
    severities = {"a.png": "0.214", "b.png": "2.731", "c.png": "", "d.png": "1.300"}
    records: list[dict[str, Any]] = [
        {
            "sha256": name,
            "summary": {"photograph": name, "folder": "photographs/p", "severity": severity},
            "aspect": 1.2,
            "marks": [],
        }
        for name, severity in severities.items()
    ]
    page = desk.open(write_index(tmp_path, records))
    assert names(page) == ["b.png", "d.png", "a.png", "c.png"]
    page.get_by_label("Blind").check()
    sort = page.get_by_label("Sort")
    assert sort.evaluate("e => e.selectedOptions[0].text") == "Shuffled"


def test_signs_filter_and_sort(desk: Desk, large_run: Path) -> None:
    page = desk.open(large_run)
    options = page.locator("#sign-filter option").all_inner_texts()
    assert options == ["any", "Concealment (97)"]  # of deflection nobody says whether it is there
    page.locator("#sign-filter").select_option(label="Concealment (97)")
    assert names(page)[:4] == ["1.png", "2.png", "3.png", "5.png"]
    assert page.locator("#list .signs").first.inner_text() == "Concealment 1"
    sort = page.get_by_label("Sort")
    sort.select_option(label="Concealment, strongest first")  # the least that is left
    assert names(page)[:2] == ["9.png", "18.png"]
    sort.select_option(label="Deflection (Salus), strongest first")
    assert names(page)[:2] == ["129.png", "127.png"]
    assert "Concealment present" not in page.locator("#list-head").inner_text()
    page.get_by_label("Blind").check()
    assert page.locator("#sign-filter").is_hidden() and page.locator("#list .signs").count() == 0
    assert page.locator("#page-text").inner_text().endswith("of 130")


@pytest.mark.parametrize("width", [1440, 1024, 390])
def test_fits_the_screen_and_is_accessible(browser: Any, run_folder: Path, width: int) -> None:
    desk = Desk(browser, width)
    page = desk.open(run_folder / "index.html")
    for key in ("", "m"):
        if key:
            page.keyboard.press(key)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        check_axe(page)
    assert not desk.problems
    desk.context.close()
