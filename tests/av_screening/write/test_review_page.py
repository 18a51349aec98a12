"""The review page in a browser: what a reader does with it, and what comes of it."""

import csv
import io
import json
from pathlib import Path, PurePath
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from av_grading.data.patch_set import load_patches
from av_grading.formats.manifest import read_manifest
from av_grading.grader import load_grader
from av_grading.train import main as train_grader
from av_screening.review.agree import main as agree
from av_screening.review.answers import read_review
from av_screening.run.finished_run import FinishedRun
from av_screening.write.folder_names import PHOTOGRAPHS, folder_name
from tests.av_screening.write.conftest import HOSTILE, NAMES, RUN, Desk, check_axe

pytestmark = pytest.mark.browser
WIDTHS = (1440, 1024, 390)
"""Of the window (px)."""
COLUMNS = "photograph,crossing,x,y,answer,reason,grade,reader,blind,time,run"
COLUMNS += ",side_first,side_second,bent"
SIGNS = ("side_first", "side_second", "bent")


def rows_of(text: str) -> list[dict[str, str]]:
    assert text.splitlines()[0] == COLUMNS
    return list(csv.DictReader(io.StringIO(text)))


def table(run_folder: Path, name: str) -> list[dict[str, str]]:
    with (run_folder / "crossings.csv").open(newline="", encoding="utf-8") as file:
        return [row for row in csv.DictReader(file) if row["photograph"] == name]


def size_of(run_folder: Path, name: str) -> tuple[int, int]:
    """Width and height of a photograph (px)."""
    record = run_folder / PHOTOGRAPHS / folder_name(PurePath(name)) / "crossings.json"
    image = json.loads(record.read_text())["images"][0]
    return image["width"], image["height"]


def order(page: Any) -> list[str]:
    """Crossings as they are listed."""
    return page.locator("#chips button").evaluate_all("all => all.map(b => b.dataset.id)")


@pytest.mark.parametrize("desk", WIDTHS, indirect=True)
def test_whole_review_by_keys(desk: Desk, run_folder: Path, tmp_path: Path) -> None:
    page = desk.open(run_folder / "index.html", "?reader=ab")
    press = page.keyboard.press
    press("ArrowDown")
    press("k")
    press("Enter")
    page.wait_for_selector("#review:not([hidden])")
    name = page.locator("h1").inner_text()
    found = {row["crossing"]: row for row in table(run_folder, name)}
    ids = order(page)
    expected = [float(found[i]["expected_grade"]) for i in ids]
    assert len(ids) >= 5 and expected == sorted(expected, reverse=True)  # the most severe first
    press("Enter")  # confirms the first and goes on
    press("c")
    press("3")  # of the reasons
    press("j")
    press("q")
    press("j")
    press("x")
    press("j")
    press("o")
    press("u")  # undone
    press("2")
    press("a")
    for _ in range(5):
        press("ArrowLeft")
    press("Enter")  # a missed crossing, left of the middle
    press("3")
    for _ in range(len(ids)):  # what has no answer yet, to the last
        if page.locator("#state").inner_text() == "Your answer: not answered.":
            press("0")
        if page.locator("#progress").inner_text().startswith(f"{len(ids)} of {len(ids)}"):
            break
        press("n")
    page.reload()  # nothing is lost
    page.wait_for_selector("#review:not([hidden])")
    assert page.locator("#progress").inner_text() == (
        f"{len(ids)} of {len(ids)} crossings · 1 of 3 photographs"
    )
    text = desk.download(lambda: press("s"))
    (tmp_path / "review.csv").write_text(text)
    read = read_review(tmp_path / "review.csv", FinishedRun.read(run_folder))
    rows = rows_of(text)
    assert [a.answer for a in read] == [r["answer"] for r in rows]
    assert {(r["reader"], r["blind"], r["run"], r["photograph"]) for r in rows} == {
        ("ab", "0", RUN, name)
    }
    answers = {r["crossing"]: r for r in rows}
    assert len(rows) == len(ids) + 1 == len(answers)
    assert [(answers[i]["answer"], answers[i]["reason"]) for i in ids[:5]] == [
        (found[ids[0]]["grade"], ""),
        ("cannot_grade", "vein_too_thin"),
        ("questionable", ""),
        ("no_crossing", ""),
        ("2", ""),
    ]
    for i in ids:  # what the run itself says stands beside
        assert (answers[i]["x"], answers[i]["grade"]) == (found[i]["x_px"], found[i]["grade"])
    added = answers[""]
    width, height = size_of(run_folder, name)
    assert added["answer"] == "3" and float(added["x"]) < width / 2 - 5
    assert float(added["y"]) == pytest.approx(height / 2, abs=2)


@pytest.mark.parametrize("desk", WIDTHS, indirect=True)
def test_whole_review_by_mouse(desk: Desk, run_folder: Path) -> None:
    page = desk.open_photograph("eye2.png", run_folder / "index.html")
    button = page.locator("#answers").get_by_role("button", name="Vein above")
    ids = order(page)
    for _ in ids:
        button.click()
        page.locator("#confirm").click()
    page.locator("#chips button").first.click()
    page.locator("#answers").get_by_role("button", name="Cannot grade").click()
    page.get_by_role("button", name="too dark or bright").click()
    page.get_by_role("button", name="Add a missed crossing").click()
    frame = page.locator("#frame").bounding_box()
    at = {"x": frame["width"] * 0.25, "y": frame["height"] * 0.75}
    page.locator("#frame").click(position=at)
    page.locator('[data-answer="2"]').click()
    page.get_by_role("button", name="Undo").click()
    assert "added, not answered" in page.locator("#state").inner_text()
    assert len(rows_of(desk.download(lambda: page.keyboard.press("s")))) == len(ids)
    page.get_by_text("1 added crossing has no answer and is not in the file.").wait_for()
    page.locator('[data-answer="1"]').click()
    rows = rows_of(desk.download(page.get_by_role("button", name="Download review").click))
    assert [r["answer"] for r in rows if r["crossing"] not in ("", ids[0])] == ["vein_above"] * (
        len(ids) - 1
    )
    answers = {r["crossing"]: r for r in rows}
    assert answers[ids[0]]["reason"] == "too_dark_or_bright"
    width, height = size_of(run_folder, "eye2.png")
    scene = page.locator("#scene").bounding_box()  # fitted into the frame
    for axis, edge, length, share, side in (
        ("x", "width", "width", 0.25, width),
        ("y", "height", "height", 0.75, height),
    ):
        inside = (frame[axis] + frame[length] * share - scene[axis]) / scene[edge]
        assert float(answers[""][axis]) == pytest.approx(inside * side, abs=1.5)
    assert answers[""]["answer"] == "1"
    for _ in range(2):  # the answer, then the crossing itself
        page.get_by_role("button", name="Undo").click()
        page.get_by_role("button", name="Undo").click()
    assert order(page) == ids


def test_crossing_is_large_with_map_edges_and_widths(desk: Desk, run_folder: Path) -> None:
    page = desk.open_photograph("eye1.png", run_folder / "index.html")
    large = page.locator("#large")
    for width in (1440, 1024):
        page.set_viewport_size({"width": width, "height": 900})
        assert large.bounding_box()["width"] >= 480
    measured = next(r["crossing"] for r in table(run_folder, "eye1.png") if r["measurable"] == "1")
    page.locator(f'#chips [data-id="{measured}"]').click()
    assert large.locator("img").count() == 1
    for key in "me":
        page.keyboard.press(key)
    assert large.locator("img").count() == 2 and large.locator(".walls path").count() == 2
    assert page.locator("#vein .band").count() > 0 and page.locator("#vein .width").count() > 0
    assert "beside the artery the vein has" in page.locator("#measured").inner_text()
    before = large.locator("img").first.get_attribute("src")
    page.get_by_role("button", name="Where the grader looked").click()
    assert large.locator("img").first.get_attribute("src") != before
    assert page.get_by_text("Standards, drawn").is_visible()
    other = next(r["crossing"] for r in table(run_folder, "eye1.png") if r["measurable"] == "0")
    page.locator(f'#chips [data-id="{other}"]').click()
    assert "the vein ends <i>here</i>" in page.locator("#measured").inner_text()
    assert page.get_by_role("button", name="Edges").is_disabled()


def test_photograph_pans_zooms_and_has_layers(desk: Desk, run_folder: Path) -> None:
    page = desk.open_photograph("eye1.png", run_folder / "index.html")
    box = page.locator("#marks rect.chosen")
    whole = box.bounding_box()
    page.keyboard.press("z")
    frame, near = page.locator("#frame").bounding_box(), box.bounding_box()
    assert near["width"] == pytest.approx(4 * whole["width"], rel=0.1)
    page.mouse.move(frame["x"] + 150, frame["y"] + 150)
    page.mouse.wheel(0, -200)
    assert box.bounding_box()["width"] > 1.3 * near["width"]
    page.keyboard.press("Escape")
    assert box.bounding_box() == whole
    page.get_by_role("button", name="Zoom in").click()
    before = page.locator("#scene").evaluate("e => e.style.transform")
    page.mouse.move(frame["x"] + 200, frame["y"] + 200)
    page.mouse.down()
    page.mouse.move(frame["x"] + 150, frame["y"] + 170, steps=4)
    page.mouse.up()
    assert page.locator("#scene").evaluate("e => e.style.transform") != before
    page.keyboard.press("v")
    assert page.locator("#vessels").is_visible()
    page.keyboard.press("r")
    assert page.locator("#marks rect").count() == 0


def test_blind_readers_see_no_grade_in_an_order_of_their_own(desk: Desk, run_folder: Path) -> None:
    orders = {}
    for reader in ("ab", "cd", "ab"):
        page = desk.open(run_folder / "index.html", f"?blind=1&reader={reader}")
        assert page.locator("#list .grade, #list .flag").count() == 0
        assert page.locator("circle[data-grade]").count() == 0
        names = page.locator("#list a").all_inner_texts()
        page.locator("#list a", has_text="eye1.png").click()
        page.wait_for_selector("#review:not([hidden])")
        assert page.locator(".grade[data-grade], #marks rect[data-grade]").count() == 0
        assert page.locator("#why").inner_text() == "" and page.locator("#measured").is_hidden()
        assert (
            page.locator(".sign-card, .side-marks .side").count() == 0
            and page.locator("#vein").is_hidden()
        )
        assert page.locator("#facts tr").count() == 3
        found = (names, order(page))
        assert orders.setdefault(reader, found) == found
    assert orders["ab"][1] != orders["cd"][1] and sorted(orders["ab"][1]) == sorted(orders["cd"][1])
    page.keyboard.press("1")
    row = rows_of(desk.download(lambda: page.keyboard.press("s")))[0]
    assert [row[c] for c in ("blind", "reader", "answer", "grade")] == ["1", "ab", "1", ""]
    page.goto((run_folder / "index.html").as_uri())  # the switch is kept
    assert page.locator("#blind").is_checked() and page.locator("#reader").input_value() == "ab"
    page.get_by_label("Blind").uncheck()
    assert page.locator("#list .grade").count() == 3


def signs_of(row: dict[str, str]) -> tuple[str, ...]:
    return tuple(row[name] for name in SIGNS)


@pytest.mark.parametrize("desk", WIDTHS, indirect=True)
def test_signs_by_keys(desk: Desk, run_folder: Path, tmp_path: Path) -> None:
    page = desk.open_photograph("eye1.png", run_folder / "index.html", "?reader=ab")
    press = page.keyboard.press
    first, second, third, fourth = order(page)[:4]
    assert page.locator("#signs .shown").count() == 3  # what the run says of the first
    press("Enter")  # confirms it, signs included
    for key in (",", "2", ".", "0", "p", "p", "2"):  # signs first, then the grade
        press(key)
    assert page.locator("#state").inner_text().endswith("first side 2, second side 0, not bent.")
    press("j")
    for key in ("q", "p", ",", "3", ",", "Backspace"):  # bent; a side is taken back
        press(key)
    press("j")
    for key in ("1", ",", "1", "c"):  # nothing can be said of what cannot be graded
        press(key)
    assert page.locator("#signs button:disabled").count() == 10
    press(",")
    press("2")  # a reason's, or nothing's: no side is asked
    assert page.locator("#sign-hint").inner_text() == ""
    press("j")
    press(".")
    press("3")  # signs without a grade are not in the file
    assert page.locator("#state").inner_text() == "Your answer: not answered, second side 3."
    text = desk.download(lambda: press("s"))
    assert page.get_by_text("1 crossing with signs has no answer").is_visible()
    rows = {row["crossing"]: row for row in rows_of(text)}
    said = {row["crossing"]: row for row in table(run_folder, "eye1.png")}[first]
    model = [str(int(float(said[f"{side}_expected"]) + 0.5)) for side in SIGNS[:2]]
    assert signs_of(rows[first]) == (*model, "y" if float(said["bent_probability"]) >= 0.5 else "n")
    assert (rows[second]["answer"], *signs_of(rows[second])) == ("2", "2", "0", "n")
    assert (rows[third]["answer"], *signs_of(rows[third])) == ("questionable", "", "", "y")
    assert (rows[fourth]["answer"], *signs_of(rows[fourth])) == ("cannot_grade", "", "", "")
    assert len(rows) == 4
    (tmp_path / "review.csv").write_text(text)
    read = read_review(tmp_path / "review.csv", FinishedRun.read(run_folder))
    assert {a.crossing: a.sides for a in read}[int(second)] == (2, 0)


def test_signs_of_a_file_come_back_and_blind_readers_see_none(
    browser: Any, desk: Desk, run_folder: Path, tmp_path: Path
) -> None:
    page = desk.open_photograph("eye1.png", run_folder / "index.html", "?reader=ab&blind=1")
    assert page.locator("#signs .shown").count() == 0
    page.locator("#signs [data-sign=side_second]").get_by_role("button", name="3").click()
    for key in ("3", "j", "1"):
        page.keyboard.press(key)
    text = desk.download(lambda: page.keyboard.press("s"))
    other = Desk(browser)
    page = other.open(run_folder / "index.html")
    for bad, message in (
        (",3,", "row 2: side_second: expected 0, 1, 2, 3 or nothing, found 9"),
        ("", "row 2: expected 14 values, found 13"),
    ):
        (tmp_path / "bad.csv").write_text(text.replace(",3,\n", f"{bad.replace('3', '9')}\n"))
        page.locator("#load-file").set_input_files(tmp_path / "bad.csv")
        page.get_by_role("alert").get_by_text(message).wait_for()
    (tmp_path / "review.csv").write_text(text)
    page.locator("#load-file").set_input_files(tmp_path / "review.csv")
    page.get_by_role("alert").get_by_text("2 answers taken over").wait_for()
    assert other.download(lambda: page.keyboard.press("s")) == text
    earlier = "".join(
        ",".join(line.split(",")[:11]) + "\n" for line in text.splitlines()
    )  # as pages of 0.2.0 wrote it
    (tmp_path / "earlier.csv").write_text(earlier)
    page.locator("#load-file").set_input_files(tmp_path / "earlier.csv")
    page.get_by_role("alert").get_by_text("2 answers taken over").wait_for()
    assert not other.problems
    other.context.close()


def test_readers_do_not_share_answers(desk: Desk, run_folder: Path) -> None:
    page = desk.open_photograph("eye1.png", run_folder / "index.html")
    page.keyboard.press("1")
    page.get_by_label("Reader").fill("ab")  # what was answered before one said so is theirs
    page.keyboard.press("Enter")
    assert page.locator("#progress").inner_text().startswith("1 of")
    page.get_by_label("Reader").fill("cd")
    page.keyboard.press("Enter")
    assert page.locator("#progress").inner_text().startswith("0 of")
    assert not rows_of(desk.download(lambda: page.keyboard.press("s")))


def test_review_goes_on_in_another_browser(
    browser: Any, desk: Desk, run_folder: Path, tmp_path: Path
) -> None:
    page = desk.open_photograph(HOSTILE, run_folder / "index.html", "?reader=ab")
    for key in ("1", "j", "q", "j", "c", "1", "a", "Enter", "0"):
        page.keyboard.press(key)
    text = desk.download(lambda: page.keyboard.press("s"))
    other = Desk(browser)
    page = other.open(run_folder / "index.html")
    bad = {
        text.replace(RUN, "f" * 16): f"row 2: expected the run {RUN}, found {'f' * 16}",
        text.replace("questionable", "maybe"): "row 3: unknown answer maybe",
        text + text.splitlines(keepends=True)[1]: "row 6: a second answer for the same crossing",
        "photograph,grade\n": "expected the columns",
    }
    for content, message in bad.items():
        (tmp_path / "bad.csv").write_text(content)
        page.locator("#load-file").set_input_files(tmp_path / "bad.csv")
        page.get_by_role("alert").get_by_text(message).wait_for()
        assert not rows_of(other.download(lambda: page.keyboard.press("s")))
    (tmp_path / "review.csv").write_text(text)
    page.locator("#load-file").set_input_files(tmp_path / "review.csv")
    page.get_by_role("alert").get_by_text("4 answers taken over").wait_for()
    assert other.download(lambda: page.keyboard.press("s")) == text
    assert not other.problems
    other.context.close()


def test_photograph_page_alone_is_of_the_same_review(desk: Desk, run_folder: Path) -> None:
    page = desk.open(run_folder / "photographs" / "eye1.png" / "review.html")
    page.wait_for_selector("#review:not([hidden])")
    page.keyboard.press("2")
    page.keyboard.press("i")
    page.wait_for_selector("#index:not([hidden])")
    row = page.locator("#list tr", has_text="eye1.png")
    assert row.get_by_text("1 of").is_visible()
    rows = rows_of(desk.download(lambda: page.keyboard.press("s")))
    assert [(r["photograph"], r["answer"]) for r in rows] == [("eye1.png", "2")]


@pytest.mark.parametrize("width", WIDTHS)
def test_fits_the_screen_and_is_accessible(browser: Any, run_folder: Path, width: int) -> None:
    desk = Desk(browser, width)
    page = desk.open_photograph(HOSTILE, run_folder / "index.html")
    page.locator("#answers").get_by_role("button", name="Cannot grade").click()
    page.get_by_text("All columns").click()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator("h1").inner_text() == HOSTILE
    check_axe(page)
    small = "all => all.filter(b => b.offsetHeight && b.offsetHeight < 32).length"
    assert page.locator("button").evaluate_all(small) == 0
    page.keyboard.press("?")
    assert page.get_by_role("dialog").is_visible()
    for key in ("vein above the artery", "undo", "add a missed crossing"):
        assert page.get_by_role("dialog").get_by_text(key).first.is_visible()
    if width == 390:
        check_axe(page)
    page.keyboard.press("Escape")
    assert not desk.problems
    desk.context.close()


def review_all(desk: Desk, run_folder: Path, reader: str, answers: str) -> str:
    """Answer every crossing of every photograph by keys, the answers in turn, and add one that was
    missed to the first photograph; returns the downloaded review."""
    turn = 0
    for name in NAMES:
        page = desk.open_photograph(name, run_folder / "index.html", f"?reader={reader}")
        for _ in order(page):
            page.keyboard.press(answers[turn % len(answers)])
            page.keyboard.press("j")
            turn += 1
        if name == NAMES[0]:
            for key in ("a", "ArrowUp", "Enter", "2"):
                page.keyboard.press(key)
    return desk.download(lambda: page.keyboard.press("s"))


def test_from_two_readers_in_a_browser_to_a_trained_grader(
    desk: Desk, run_folder: Path, eye: NDArray[np.uint8], tmp_path: Path
) -> None:
    photographs, output = tmp_path / "photographs", tmp_path / "agreement"
    photographs.mkdir()
    for number, name in enumerate(NAMES):
        Image.fromarray(np.rot90(eye, number)).save(photographs / name)
    paths = []
    for reader, answers in (("ann", "0123"), ("ben", "0122")):
        paths.append(tmp_path / f"{reader}.csv")
        paths[-1].write_text(review_all(desk, run_folder, reader, answers))
    given = [*map(str, paths), "--run", str(run_folder), "--output", str(output), "--draws", "5"]
    assert agree([*given, "--photographs", str(photographs)]) == 0
    figures = json.loads((output / "agreement.json").read_text())
    count = len(rows_of(paths[0].read_text()))
    assert figures["counts"]["read_by_both"] == count and 0 < figures["metrics"]["grade_qwk"] < 1
    labels = read_manifest(output / "manifest.csv")
    assert 0.6 * count < len(labels) < 0.9 * count  # those that both graded alike
    assert any("added" in p.patch.parts for p in labels)

    settings = ["data.folds=3", "data.crop=32", "train.epochs=1", "train.device=cpu"]
    settings += ["model.kind=one_stream", "model.stages=1", "train.warmup=0"]
    manifest = f"data.manifest={output / 'manifest.csv'}"
    train = ["--output", str(tmp_path / "grader"), "--first-folds", "1", manifest, *settings]
    assert train_grader(train) == 0
    grader = load_grader(tmp_path / "grader" / "fold0" / "grader.safetensors")
    chances = grader.predict(load_patches(labels), np.arange(len(labels)))
    assert chances.shape == (len(labels), 4) and np.isfinite(chances).all()
