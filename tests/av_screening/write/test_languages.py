"""The catalogues have all that pages can say, and a page in German says nothing in English."""

import csv
import io
import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from av_grading.gradable import NotGradable
from av_grading.languages.catalogue import (
    ENGLISH,
    FOLDER,
    PARTS,
    PLACE,
    catalogue,
    language,
    languages,
    speaking,
    translate,
    translate_reason,
)
from av_grading.signs.drawing import Text
from av_grading.signs.registry import signs
from av_grading.signs.sign import Sign
from av_screening.write.why import why_this_grade
from tests.av_grading.signs.drawn_look import drawn_look
from tests.av_screening.write.conftest import Desk
from tests.av_screening.write.messages import not_translated, of_pages, of_python, reasons

OTHERS = [code for code in languages() if code != ENGLISH]
SAID = """() => {
  const said = [document.title], skipped = "script, style, #facts, .thumbnail";
  for (const node of document.querySelectorAll("body, body *")) {
    if (node.closest(skipped)) continue;
    const children = [...node.childNodes].filter((child) => child.nodeType === Node.TEXT_NODE);
    said.push(...children.map((child) => child.data));
    for (const name of ["aria-label", "title", "alt", "placeholder", "label"]) {
      if (node.hasAttribute(name)) said.push(node.getAttribute(name));
    }
  }
  return said.map((text) => text.trim()).filter(Boolean);
}"""
"""All that a page says to eyes and to screen readers, but for the table of columns."""

GERMAN_TOO = {"Grade {grade}"}
"""As in "die Grade 0 bis 3"."""


def forms_of(message: Any) -> list[str]:
    return [message] if isinstance(message, str) else list(message.values())


def english_in(text: str, messages: Iterable[str], code: str) -> list[str]:
    """English messages that a text has in it, though this language says them otherwise."""
    found = []
    for message in messages:
        if message in GERMAN_TOO or translated_alike(message, code):
            continue
        pattern = PLACE.sub(".+", re.escape(message).replace(r"\{", "{").replace(r"\}", "}"))
        if re.search(rf"(?<!\w){pattern}(?!\w)", text):
            found.append(message)
    return found


def translated_alike(message: str, code: str) -> bool:
    known = catalogue(code)
    parts = (known.page, known.sentences, known.reasons)
    return any(part.get(message) == message for part in parts)


def test_nothing_is_said_beside_the_catalogue() -> None:
    assert not_translated() == []


def test_languages_are_the_files() -> None:
    assert languages() == tuple(sorted(path.stem for path in FOLDER.glob("*.json")))
    assert {"de", "en"} <= set(languages())
    with pytest.raises(ValueError, match="expected one of de, .*found 'tlh'"):
        catalogue("tlh")


@pytest.mark.parametrize("code", OTHERS)
def test_a_catalogue_has_every_message_and_no_other(code: str) -> None:
    found = catalogue(code)
    assert found.page.keys() == of_pages()
    assert found.sentences.keys() == of_python()
    assert all(found.page[m] == found.sentences[m] for m in found.page.keys() & found.sentences)


@pytest.mark.parametrize("code", languages())
def test_places_are_those_of_the_english_message(code: str) -> None:
    found = catalogue(code)
    assert found.name and {*json.loads((FOLDER / f"{code}.json").read_text("utf-8"))} <= {
        "name",
        *PARTS,
    }
    for part in PARTS:
        for english, message in getattr(found, part).items():
            for form in forms_of(message):
                assert form.strip(), english
                assert sorted(set(PLACE.findall(form))) == sorted(set(PLACE.findall(english)))
            if not isinstance(message, str):
                assert "{n}" in english and {"one", "other"} <= message.keys()


@pytest.mark.parametrize("code", OTHERS)
def test_every_reason_is_recognised(code: str) -> None:
    known = catalogue(code).reasons
    for reason in sorted(reasons()):
        assert translate_reason(reason) == reason
        with speaking(code):
            found = translate_reason(reason)
        assert found != reason and not english_in(found, known, code), (reason, found)


def test_a_language_is_spoken_for_a_while() -> None:
    assert language() == ENGLISH and translate("Gap") == "Gap"
    with speaking("de"):
        assert translate("Gap") == "Lücke"
        assert translate("a sign that somebody has added") == "a sign that somebody has added"
    assert language() == ENGLISH


def test_one_is_told_from_several() -> None:
    screened = "{n} photographs screened, {failed} not"
    with speaking("de"):
        assert translate(screened, n=1, failed=0) == "1 Aufnahme ausgewertet, 0 nicht"
        assert translate(screened, n=2, failed=1) == "2 Aufnahmen ausgewertet, 1 nicht"


def test_why_in_german() -> None:
    row = {"grade": 2, "p0": "0.1", "p1": "0.2", "p2": "0.6", "p3": "0.1"}
    row |= {
        "visible_width_first": "0.4",
        "visible_width_second": "0.9",
        "gap_first_vein_widths": "0.5",
    }
    row |= {"narrowing_answer": "present", "deflection_not_measurable": "no vein in the map"}
    refused = {"gradable": 0, "not_gradable_reason": NotGradable("disc", 0.42).text}
    with speaking("de"):
        assert why_this_grade(row) == [
            "Grad 2: Der Erwartungswert des Grades ist 1.70 (Wahrscheinlichkeiten 0: 10 %, "
            "1: 20 %, 2: 60 %, 3: 10 %).",
            "Neben der Arterie ist noch dieser Anteil der Vene zu sehen, Breite und Dunkelheit "
            "zusammengenommen: 40 % auf der ersten Seite, 90 % auf der zweiten Seite.",
            "Die Wände der Vene nähern sich neben der Arterie einander (Verschmälerung).",
            "Vor ihr liegt eine Lücke von 0.5 Venenbreiten auf der ersten Seite.",
            "Auslenkung nicht gemessen: keine Vene in der Gefäßkarte.",
        ]
        assert why_this_grade(refused) == [
            "Nicht beurteilbar: auf der Papille oder ihrem Rand: 0.42 Papillendurchmesser von "
            "ihrer Mitte."
        ]


@pytest.mark.parametrize("sign", signs(), ids=lambda sign: sign.name)
def test_signs_are_told_in_german(sign: Sign) -> None:
    """Of a vein that shows it all."""
    look = drawn_look(1, ratios=(0.4, 0.5))
    with speaking("de"):
        measured = sign.compute(look)
        told = sign.sentences(sign.cells(measured))
        drawing = sign.drawing(look, measured) if sign.drawing else None
    if drawing is not None:
        told += [drawing.caption, drawing.axis]
        told += [part.words for part in drawing.parts if isinstance(part, Text)]
    known = catalogue("de")
    for text in told:
        assert not english_in(text, {**known.sentences, **known.reasons}, "de"), text


@pytest.mark.browser
def test_a_page_in_german_says_nothing_in_english(desk: Desk, german_run_folder: Path) -> None:
    page = desk.open(german_run_folder / "index.html")
    assert page.locator("html").get_attribute("lang") == "de"
    assert page.locator("h1").inner_text() == "3 Aufnahmen ausgewertet, 1 nicht"
    press = page.keyboard.press
    said = page.evaluate(SAID)

    def do(*keys: str) -> None:
        for key in keys:
            press(key)
        said.extend(page.evaluate(SAID))

    do("m")
    do("m", "?")
    press("Escape")
    page.locator("#list a", has_text="eye2.png").click()
    page.wait_for_selector("#review:not([hidden])")
    assert page.get_by_role("button", name="Nicht beurteilbar").count() == 1
    do()
    for key in "c3jqjxjojpj2":
        do(key)
    do("a", "ArrowLeft", "Enter", ",")
    do("s")
    page.get_by_text("1 hinzugefügte Kreuzung hat keine Antwort").wait_for()
    do("v", "d", "m", "e", "g")
    do("w")  # blind
    do("i")
    known = catalogue("de")
    assert {"unscharf", "Ihre Antwort: nicht beurteilbar, Vene zu dünn."} <= set(said)
    found = {text: english_in(text, {**known.page, **known.sentences}, "de") for text in said}
    assert not {text: messages for text, messages in found.items() if messages}


@pytest.mark.browser
def test_a_review_is_the_same_in_every_language(
    desk: Desk, run_folder: Path, german_run_folder: Path
) -> None:
    files = []
    for folder in (run_folder, german_run_folder):
        page = desk.open_photograph("eye1.png", folder / "index.html", "?reader=ab")
        for key in "c3jqjxjoj2,1p":
            page.keyboard.press(key)
        text = desk.download(page.locator("#download").click)
        page.evaluate("localStorage.clear()")
        files.append([row | {"time": ""} for row in csv.DictReader(io.StringIO(text))])
    assert files[0] == files[1] and {row["reason"] for row in files[0]} == {"", "vein_too_thin"}


def test_tables_are_the_same_in_every_language(run_folder: Path, german_run_folder: Path) -> None:
    for name in ("summary.csv", "crossings.csv", "failures.csv", "columns.csv"):
        assert (german_run_folder / name).read_bytes() == (run_folder / name).read_bytes()


def test_english_pages_have_their_strings_from_the_templates(run_folder: Path) -> None:
    page = (run_folder / "index.html").read_text("utf-8")
    settings = re.search(r'id="settings">(.*?)</script>', page, re.DOTALL)[1]
    assert '<html lang="en">' in page and ">Download review</button>" in page
    assert json.loads(settings)["texts"].keys() == catalogue(ENGLISH).page.keys()
