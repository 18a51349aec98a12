"""The review page of a photograph: one HTML file that needs nothing else."""

import base64
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from numpy.typing import NDArray

from av_grading.formats.files import png
from av_grading.formats.patches import SIDE, cut_patch
from av_grading.simulation.sheet import MEANING
from av_screening.steps.pipeline import Screened
from av_screening.write.columns import CALIBER
from av_screening.write.notice import NOTICE
from av_screening.write.pictures import PALETTE, grade_of, jpeg, transparent_png

ZOOM = 288
"""Side of an enlarged crossing at most (px)."""
TO_SCRIPT = ("number", "box", "row", "x", "y", "grade")
"""Of a crossing: what the page's script needs."""

Image = NDArray[np.uint8]


@cache
def environment() -> Environment:
    """Templates of this package, which escape whatever is put in."""
    return Environment(
        loader=PackageLoader("av_screening"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def review_page(
    pixels: Image,
    base: Image,
    labels: Image,
    screened: Screened,
    rows: Sequence[Mapping[str, object]],
    name: str,
    identity: str,
    folder: str,
) -> str:
    """HTML on which a reader confirms or changes grades and downloads them as a manifest.

    Args:
        pixels: the photograph, RGB.
        base: the same at the page's size.
        labels: of its map, at the same size.
        screened: what is known of it.
        rows: of crossings.csv.
        name: of the photograph.
        identity: that the user asked for; otherwise the photograph is the group.
        folder: name of its outputs' folder.
    """
    scale = base.shape[1] / pixels.shape[1]
    crossings = []
    for rank, number in enumerate(screened.order()):
        row = rows[number]
        box = [round(float(v) * scale, 1) for v in screened.found.boxes[number]]
        crossings.append(
            {
                "number": number,
                "rank": rank + 1,
                "box": box,
                "row": {key: str(row.get(key, "")) for key in ("patch", "av_map", "scale")},
                "x": row["x_px"],
                "y": row["y_px"],
                "score": row["score"],
                "grade": grade_of(screened, number),
                "expected": row.get("expected_grade", ""),
                "shares": [row.get(f"p{grade}", "") for grade in range(4)],
                "caliber": {name: str(row.get(name, "")) for name in CALIBER}
                if screened.caliber
                else {},
                "picture": _uri(jpeg(_enlarged(pixels, screened, number), 88), "jpeg"),
                "map": _uri(png(_map_patch(screened, number)), "png"),
                "explained": _uri(png(screened.explained[number]), "png")
                if screened.explained
                else "",
            }
        )
    return (
        environment()
        .get_template("review.html")
        .render(
            name=name,
            notice=NOTICE,
            meaning={grade: text.replace("\n", ", ") for grade, text in MEANING.items()},
            width=base.shape[1],
            height=base.shape[0],
            photograph=_uri(jpeg(base), "jpeg"),
            vessels=_uri(transparent_png(labels), "png"),
            graded=screened.grades is not None,
            crossings=crossings,
            data={
                "group": identity or name,
                "source": name,
                "folder": folder,
                "crossings": [{k: c[k] for k in TO_SCRIPT} for c in crossings],
            },
        )
    )


def _enlarged(pixels: Image, screened: Screened, number: int) -> Image:
    """A crossing at the photograph's own resolution where that is fine enough."""
    drive_px = screened.found.fov.drive_px
    x, y = (float(v) for v in screened.found.centers[number])
    reach = int(SIDE * drive_px / 2) + 3
    left, top = max(0, int(x) - reach), max(0, int(y) - reach)
    window = pixels[top : int(y) + reach + 2, left : int(x) + reach + 2]
    side = int(min(ZOOM, max(96, SIDE * drive_px)))
    return cut_patch(window, (x - left, y - top), drive_px, SIDE, side)


def _map_patch(screened: Screened, number: int) -> Image:
    return np.asarray(PALETTE[screened.crossings[number].av_map])


def _uri(content: bytes, kind: str) -> Markup:
    """A picture in the page itself; base64 has nothing to escape, which would be slow."""
    return Markup(f"data:image/{kind};base64,{base64.b64encode(content).decode()}")


def index_page(photographs: Any, failures: Any, counts: Mapping[str, int]) -> Any:
    """HTML that links the review pages, in parts: any number of photographs fits.

    Args:
        photographs: rows of summary.csv.
        failures: rows of failures.csv.
        counts: "done" and "failed".
    """
    template = environment().get_template("index.html")
    return template.generate(
        photographs=photographs, failures=failures, counts=counts, notice=NOTICE
    )
