"""What the review page of a photograph shows, as data: pictures, crossings, widths, reasons."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from av_grading.caliber.width import Widths
from av_grading.formats.files import png
from av_grading.formats.patches import SIDE, cut_patch
from av_grading.languages.catalogue import translate
from av_grading.signs.registry import signs
from av_grading.signs.sign import ANSWERS, text_in
from av_screening.crossing import Crossing
from av_screening.photograph import Screened
from av_screening.write.columns import filled
from av_screening.write.data_uri import data_uri, jpeg
from av_screening.write.pictures import (
    map_labels,
    smooth_labels,
    transparent_png,
)
from av_screening.write.why import why_this_grade

LARGEST = 480
"""Side of the picture of a crossing at most (px); the page enlarges what is coarser."""
SIDE_AT = 18.0
"""So far from the crossing a side's name stands in its picture (DRIVE px)."""
MAP_SIDE = 256
"""Side of its map (px)."""
Image = NDArray[np.uint8]
Row = Mapping[str, object]


def review_data(
    pixels: Image,
    picture: Image,
    screened: Screened,
    rows: Sequence[Row],
    summary: Row,
    folder: str,
) -> dict[str, Any]:
    """As JSON takes it; pictures are data URIs, sentences are in the language that is spoken.

    Args:
        pixels: the photograph, RGB, (H, W, 3).
        picture: as `on_page` shows it.
        screened: what is known of it.
        rows: of crossings.csv.
        summary: its row of summary.csv.
        folder: name of its outputs' folder.
    """
    size = picture.shape[1], picture.shape[0]
    disc = screened.found.disc
    return {
        "photograph": str(summary["photograph"]),
        "folder": folder,
        "width": size[0],
        "height": size[1],
        "scale": size[0] / pixels.shape[1],
        "patch_side": round(SIDE * screened.found.fov.drive_px, 2),
        "picture": data_uri(jpeg(picture, 84), "jpeg"),
        "vessels": data_uri(transparent_png(map_labels(screened, size)), "png"),
        "disc": None if disc is None else [round(v, 1) for v in (disc.x, disc.y, disc.diameter)],
        "summary": filled(summary),
        "order": screened.order(),
        "crossings": [
            _crossing(pixels, crossing, row)
            for crossing, row in zip(screened.crossings, rows, strict=True)
        ],
    }


def _crossing(pixels: Image, crossing: Crossing, row: Row) -> Row:
    look, explained = crossing.close_look, crossing.explained
    measured = crossing.signs.get("caliber")
    widths: Widths | None = measured.detail if measured else None
    found: dict[str, Any] = {
        "box": [round(v, 1) for v in crossing.box],
        "row": filled(row),
        "why": why_this_grade(row),
        "picture": data_uri(jpeg(enlarged(pixels, crossing), 88), "jpeg"),
        "map": data_uri(transparent_png(smooth_labels(look.centered_labels, MAP_SIDE)), "png"),
        "explained": None if explained is None else data_uri(png(explained), "png"),
        "vein": None if widths is None else vein_data(widths, look.drive_px, look.centered_patch),
    }
    if drawings := sign_drawings(crossing):
        found["drawings"] = drawings
    if cards := sign_cards(crossing, row):
        found["signs"] = cards
    if sides := side_places(crossing):
        found["sides"] = sides
    return found


def sign_cards(crossing: Crossing, row: Row) -> list[dict[str, Any]]:
    """Signs that are present or questionable, each with its small drawing where it has one.

    Args:
        crossing: the crossing.
        row: of crossings.csv.
    """
    if not crossing.gradable:
        return []
    found = []
    for sign in signs():
        measured = crossing.signs.get(sign.name)
        answers = [
            [translate(finding.title), answer]
            for finding in sign.findings
            if finding.answer and (answer := text_in(row, finding.answer)) in ANSWERS[1:]
        ]
        drawing = sign.drawing(crossing.close_look, measured) if sign.drawing and measured else None
        if answers or drawing:
            title = translate(sign.title)
            card: dict[str, Any] = {"sign": sign.name, "title": title, "answers": answers}
            found.append(card | (drawing.as_json() if drawing else {}))
    return found


def side_places(crossing: Crossing) -> list[list[float]]:
    """Where the first and the second side of the vein are in a crossing's picture, as shares of
    its side; empty where the vein was not followed."""
    look = crossing.close_look
    if look.vessels is None or look.vessels.vein is None:
        return []
    side = look.patch.shape[0]
    places = []
    for arm in (look.vessels.vein.first, look.vessels.vein.second):
        away = np.linalg.norm(arm - arm[0], axis=1) / look.drive_px
        point = arm[int(np.argmin(np.abs(away - SIDE_AT)))]
        shift = (side - 1) / 2 - np.asarray(look.middle)
        places.append(np.round((point + shift + 0.5) / side, 4).tolist())
    return places


def sign_drawings(crossing: Crossing) -> dict[str, list[list[list[float]]]]:
    """Lines of signs over a crossing's picture: sign → lines of x and y as shares of its side.

    The caliber's walls are not among them: they are in "vein", which the page draws with them.
    """
    look, found = crossing.close_look, {}
    side = look.patch.shape[0]
    shift = (side - 1) / 2 - np.asarray(look.middle)  # the crossing is in the picture's middle
    for sign in signs():
        measured = crossing.signs.get(sign.name)
        if sign.draw is None or sign.name == "caliber" or not crossing.gradable or not measured:
            continue
        lines = [np.round((line + shift + 0.5) / side, 4) for line in sign.draw(look, measured)]
        if lines:
            found[sign.name] = [line.tolist() for line in lines]
    return found


def enlarged(pixels: Image, crossing: Crossing) -> Image:
    """A crossing at the photograph's own resolution, at most `LARGEST` px."""
    drive_px = crossing.patch.drive_px / crossing.patch.scale
    x, y = crossing.place
    reach = int(SIDE * drive_px / 2) + 3
    left, top = max(0, int(x) - reach), max(0, int(y) - reach)
    window = pixels[top : int(y) + reach + 2, left : int(x) + reach + 2]
    side = int(min(LARGEST, max(96, SIDE * drive_px)))
    return cut_patch(window, (x - left, y - top), drive_px, SIDE, side)


def vein_data(widths: Widths, drive_px: float, patch: Image) -> dict[str, Any]:
    """Widths along a vein, for the page's drawing.

    Args:
        widths: along the vein (px of the patch).
        drive_px: length of one DRIVE px in px of the patch.
        patch: (P, P, 3).

    Returns:
        "along", "width", "error" and "mask" (DRIVE px; null where not known), "covered" (0 or 1),
        and "walls": two lines of x and y as shares of the patch's side.
    """
    side = patch.shape[0]
    walls = [np.round((wall + 0.5) / side, 4).tolist() for wall in widths.edges()]
    return {
        "along": _rounded(widths.along / drive_px),
        "width": _rounded(widths.width / drive_px),
        "error": _rounded(widths.error / drive_px),
        "mask": _rounded(widths.mask / drive_px),
        "covered": widths.covered.astype(int).tolist(),
        "walls": walls,
    }


def _rounded(values: NDArray[np.float64]) -> list[float | None]:
    return [round(float(v), 2) if np.isfinite(v) else None for v in values]
