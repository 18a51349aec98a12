"""The page holds everything, and what comes from files stays text."""

import dataclasses
import re
from pathlib import Path

import numpy as np
import pytest

from av_grading.attribution.curves import Curves
from av_grading.formats.caliber_table import read_caliber
from av_grading.formats.errors import InputFileError
from av_grading.report.cards import Card, Copy
from av_grading.report.draw import (
    MAP_COLORS,
    SIDE,
    data_uri,
    draw_map,
    overlay,
    ramp_colors,
    red_free,
)
from av_grading.report.render import Provenance, render
from av_grading.report.summary import confusion, measure_lines

PICTURE = data_uri(np.full((8, 8, 3), 120, np.uint8))
FLAT = np.full((1, 9), 0.5, np.float32)
ABOUT = Provenance("g.safetensors", "m.csv", "Grad-CAM.", 20.0, True, 100)
METRICS = {"vein_energy_grader": 0.4, "vein_energy_chance_grader": 0.15, "agreement_grader": -0.1}
CI95 = {name: [value - 0.1, value + 0.1] for name, value in METRICS.items()}


def card(number: int = 1, **changes: object) -> Card:
    plain = Card(
        number=number,
        name="patches/a.png",
        group="eye1",
        grade=2,
        predicted=1,
        confidence=0.6,
        expected=1.3,
        probabilities=[0.2, 0.6, 0.1, 0.1],
        pictures={"Photograph": PICTURE},
        figures={"Agreement": "0.50"},
        caliber={},
        copies=[Copy("turned", PICTURE, None)],
        energy=0.4,
    )
    return dataclasses.replace(plain, **changes)  # type: ignore[arg-type]


def page(*cards: Card, about: Provenance = ABOUT) -> str:
    return render(cards, Curves(FLAT, FLAT, FLAT, FLAT), METRICS, CI95, about)


def test_text_from_files_stays_text() -> None:
    bad = "<script>alert(1)</script>"
    about = dataclasses.replace(ABOUT, grader=bad, manifest=bad)
    hostile = card(name=f'{bad}/"x.png', group=bad, caliber={bad: bad}, figures={bad: bad})
    html = page(hostile, about=about)
    assert html.count("<script>") == 1 and bad not in html
    assert html.count("&lt;script&gt;alert(1)&lt;/script&gt;") >= 8


def test_needs_no_network() -> None:
    html = page(card())
    assert not re.search(r"https?://", html)
    assert {m for m in re.findall(r'(?:src|href)="([^"#]{5})', html)} == {"data:"}
    assert "default-src 'none'" in html and not re.search(r"\son\w+=", html)


def test_measures_in_words() -> None:
    html = page(card())
    assert "Attribution on the vein at the crossing" in html and "40\u202f%" in html
    assert "By chance, from the area alone: 15\u202f%" in html
    assert "\u22120.20 to 0.00" in html
    lines = measure_lines(METRICS, CI95, "grader")
    assert [line.label for line in lines][1:] == ["Agreement of changed copies"]


def test_confusion_links_to_patches() -> None:
    cards = [card(1), card(2), card(3, grade=0, predicted=3), card(4, grade=None)]
    counts = confusion(cards)
    assert counts[2][1] == 2 and counts[0][3] == 1 and sum(map(sum, counts)) == 3
    html = page(*cards)
    assert 'href="#graded=2&amp;predicted=1"' in html and "1 too low" in html
    assert "3 too high" in html and "not graded" in html


def test_without_grades_nothing_is_said_of_errors() -> None:
    html = page(card(grade=None))
    shown = html.split("</style>")[1].split("<script>")[0]
    assert "Graded" not in shown and "confusion" not in shown
    assert "Accuracy" not in html


def test_caliber_figures_are_shown(tmp_path: Path) -> None:
    path = tmp_path / "caliber.csv"
    path.write_text("patch,grade,width_ratio,note,vein_px\na.png,1,0.61234,ok,1234.5\nb.png,,,,\n")
    found = read_caliber(path)
    assert found == {
        "a.png": {"width ratio": "0.612", "note": "ok", "vein px": "1234"},
        "b.png": {},
    }
    assert "<dt>width ratio</dt><dd>0.612</dd>" in page(card(caliber=found["a.png"]))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name,x\na,1\n", "expected the column 'patch'"),
        ("patch,x\na,1\na,2\n", "row 3: 'a' is there before"),
        ("patch,index,failure\na,1,\n", "index is now severity_index, failure is now not_measur"),
        (None, "found no file"),
    ],
)
def test_caliber_that_cannot_be_read(tmp_path: Path, text: str | None, message: str) -> None:
    path = tmp_path / "caliber.csv"
    if text is not None:
        path.write_text(text)
    with pytest.raises(InputFileError, match=message):
        read_caliber(path)


def test_pictures() -> None:
    patch = np.random.default_rng(0).integers(0, 255, (24, 24, 3)).astype(np.uint8)
    values = np.zeros((24, 24), np.float32)
    values[:8, :8] = 1
    base = red_free(patch)
    drawn = overlay(base, values, contour=True)
    assert drawn.shape == (SIDE, SIDE, 3)
    colored = np.ptp(drawn.astype(int), axis=2) > 30
    assert colored[:40, :40].mean() > 0.9 and not colored[100:, 100:].any()
    nothing = overlay(base, -values, contour=True)
    assert np.ptp(nothing.astype(int), axis=2).max() == 0
    av_map = np.zeros((24, 24), np.uint8)
    av_map[:, :12], av_map[:, 12:] = 1, 2
    colors = draw_map(av_map, radius=6)
    assert tuple(colors[5, 5]) == MAP_COLORS[1] and tuple(colors[-5, -5]) == MAP_COLORS[2]
    assert data_uri(drawn).startswith("data:image/webp;base64,") and len(ramp_colors(5)) == 5
