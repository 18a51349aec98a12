"""The page itself: templates, style and script in one file that needs no network."""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from av_grading import __version__
from av_grading.attribution.curves import Curves
from av_grading.report import draw
from av_grading.report.cards import NAMES, Card
from av_grading.report.numbers import plain
from av_grading.report.summary import confusion, curve_points, measure_lines, score_lines

MODEL = "grader"
"""What the page's one model is called in metrics."""


@dataclass(frozen=True)
class Provenance:
    """What a page was made of.

    Attributes:
        grader: file of the weights, and which they are.
        manifest: file of the patches.
        explanation: a sentence on what is explained, and how.
        radius: of the crossing's neighbourhood (px).
        contour: half of the highest attribution is outlined.
        draws: resamples of the photographs.
    """

    grader: str
    manifest: str
    explanation: str
    radius: float
    contour: bool
    draws: int


def render(
    cards: Sequence[Card],
    curves: Curves,
    metrics: Mapping[str, float],
    ci95: Mapping[str, Sequence[float]],
    about: Provenance,
) -> str:
    """HTML of the whole report; everything that comes from files is escaped.

    Args:
        cards: of all patches.
        curves: deletion and insertion.
        metrics: of the model `MODEL`, see `measures.compare`.
        ci95: their intervals.
        about: what it was made of.
    """
    environment = Environment(
        loader=PackageLoader("av_grading", "report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["plain"] = plain
    script, style = _part("page.js"), _part("page.css")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    counts = confusion(cards)
    return environment.get_template("page.html").render(
        title="Where the grader looked",
        # Our own files, which need their quotes and signs as they are.
        script=Markup(script),
        style=Markup(style),
        script_hash=f"sha256-{digest}",
        cards=cards,
        names=NAMES,
        groups=len({card.group for card in cards}),
        graded=any(card.grade is not None for card in cards),
        lines=[*score_lines(cards), *measure_lines(metrics, ci95, MODEL)],
        confusion=counts,
        most=max(1, max(max(row) for row in counts)),
        curves=curve_points(curves, 300, 160),
        map_colors=["#" + "".join(f"{v:02x}" for v in c) for c in draw.MAP_COLORS.values()],
        ramp=draw.ramp_colors(6),
        version=__version__,
        **vars(about),
    )


def _part(name: str) -> str:
    return files("av_grading").joinpath("report", name).read_text(encoding="utf-8")
