"""Two readers' agreement as files: JSON, the list to adjudicate, a figure and a page."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from av_grading.formats.files import write_whole
from av_screening.report.figure_page import Section, embed, figure_page, png_of
from av_screening.review.agreement import Pair, width_pairs
from av_screening.review.answers import COLUMNS, SIGNS
from av_screening.write.columns import format_csv

ADJUDICATE = "to_adjudicate.csv"
NAMES = {
    "agreement": "same answer, share of the crossings",
    "kappa": "kappa, all answers",
    "grade_kappa": "kappa of grades 0-3",
    "grade_linear_kappa": "kappa of grades, weighted linearly",
    "grade_qwk": "kappa of grades, weighted quadratically",
    "gradable_kappa": "kappa, gradable or not",
    "nicked_kappa": "kappa, grade 1 or more against 0",
    "side_qwk": "kappa of the vein's sides 0-3, weighted quadratically",
    "worse_side_qwk": "the same, of the worse side",
    "side_kappa": "kappa, a side of 2 or more against less",
    "bent_kappa": "kappa, bent or not",
}
"""Metrics in words."""


def to_adjudicate(pairs: Sequence[Pair]) -> list[dict[str, object]]:
    """Rows of crossings on which readers do not agree: a review file whose answers are empty, with
    `why` and both readers' answers, reasons and signs beside them."""
    rows = []
    for pair in pairs:
        if not pair.why:
            continue
        known = pair.known
        row: dict[str, object] = {
            "photograph": known.photograph,
            "crossing": known.crossing,
            "x": f"{known.x:.1f}",
            "y": f"{known.y:.1f}",
            "grade": known.grade,
            "run": known.run or (pair.second.run if pair.second else ""),
            "why": pair.why,
        }
        for name, answer in (("first", pair.first), ("second", pair.second)):
            row[f"{name}_answer"] = answer.answer if answer else ""
            row[f"{name}_reason"] = answer.reason if answer else ""
            row |= {f"{name}_{k}": v for k, v in (answer.signs if answer else {}).items()}
        rows.append(row)
    return rows


def write_agreement(
    output: Path,
    pairs: Sequence[Pair],
    figures: dict[str, Any],
    readers: tuple[str, str],
    *,
    listed: bool = True,
) -> None:
    """Write agreement.json, agreement.png, agreement.html and, where `listed`, `ADJUDICATE`.

    Args:
        output: folder.
        pairs: of the readers.
        figures: of `agreement`.
        readers: names of the first and the second.
        listed: write the list; otherwise what is there keeps its answers.

    Raises:
        OSError: they cannot be written.
    """
    write_whole(
        output / "agreement.json",
        json.dumps({"readers": list(readers), **figures}, indent=1, allow_nan=False) + "\n",
    )
    rows = to_adjudicate(pairs)
    said = ("answer", "reason", *SIGNS)
    columns = [*COLUMNS, "why", *(f"{who}_{k}" for who in ("first", "second") for k in said)]
    if listed:
        write_whole(output / ADJUDICATE, format_csv(columns, rows))
    picture = png_of(plot_agreement(pairs, figures, readers))
    write_whole(output / "agreement.png", picture)
    write_whole(output / "agreement.html", _page(picture, figures, rows, readers))


def plot_agreement(
    pairs: Sequence[Pair], figures: dict[str, Any], readers: tuple[str, str]
) -> Figure:
    """The confusion of answers, and a Bland-Altman plot for each column of widths."""
    widths = figures["widths"]
    figure = Figure(figsize=(5.2 + 4.2 * len(widths), 4.6), layout="constrained")
    axes = figure.subplots(1, 1 + len(widths), squeeze=False)[0]
    _confusion(axes[0], figures["confusion"], readers)
    for axis, (name, found) in zip(axes[1:], widths.items(), strict=True):
        first, second = width_pairs(pairs, name)
        axis.plot((first + second) / 2, first - second, ".", alpha=0.6)
        low, high = found["limits_of_agreement"]
        for value, style in ((found["mean_difference"], "-"), (low, "--"), (high, "--")):
            axis.axhline(value, color="C1", linestyle=style)
        axis.set(title=name, xlabel="mean of both", ylabel="first - second")
    return figure


def _confusion(axis: Axes, confusion: dict[str, Any], readers: tuple[str, str]) -> None:
    labels = [label.replace("_", " ") for label in confusion["labels"]]
    counts = np.array(confusion["matrix"], int).reshape(len(labels), len(labels))
    axis.set(title="answers", xlabel=f"second: {readers[1]}", ylabel=f"first: {readers[0]}")
    if not labels:
        axis.text(0.5, 0.5, "no crossing was read by both", ha="center", transform=axis.transAxes)
        return
    axis.imshow(counts, cmap="Blues")
    for (row, column), count in np.ndenumerate(counts):
        dark = count > counts.max() / 2
        axis.text(column, row, str(count), ha="center", va="center", color="w" if dark else "k")
    axis.set_xticks(range(len(labels)), labels, rotation=40, ha="right", parse_math=False)
    axis.set_yticks(range(len(labels)), labels, parse_math=False)


def _page(
    picture: bytes,
    figures: dict[str, Any],
    rows: list[dict[str, object]],
    readers: tuple[str, str],
) -> str:
    counts, metrics, ci95 = figures["counts"], figures["metrics"], figures["ci95"]
    table = [(NAMES[n], _number(v), _interval(ci95[n])) for n, v in metrics.items()]
    widths = [
        (n, w["n"], _number(w["mean_difference"]), _interval(w["limits_of_agreement"]))
        for n, w in figures["widths"].items()
    ]
    listed = [
        [r[c] for c in ("photograph", "crossing", "why", "first_answer", "second_answer")]
        for r in rows
    ]
    lead = (
        f"{counts['crossings']} crossings of {counts['photographs']} photographs, "
        f"{counts['read_by_both']} read by both, {counts['to_adjudicate']} to adjudicate. "
        "Intervals are of photographs drawn with replacement."
    )
    signs = (
        f"Both read the vein's sides at {counts['sides_read_by_both']} crossings and said whether "
        f"it is bent at {counts['bent_read_by_both']}. At {counts['signs_differ']} their answers "
        "are the same and a sign is not: that sign gets no label."
    )
    sections = [
        Section("Agreement", [lead, signs], columns=["", "value", "95 % interval"], rows=table),
        Section(
            "Answers" + (" and widths" if widths else ""),
            picture=embed(picture),
            caption="Rows of the matrix are the first reader's answers, columns the second's. "
            "Widths: differences against means, with their mean and limits of agreement.",
        ),
        Section(
            "Widths (Bland-Altman)",
            [] if widths else ["Not both files have widths."],
            columns=["column", "crossings", "mean difference", "limits of agreement"],
            rows=widths,
        ),
        Section(
            "To adjudicate",
            [f"{ADJUDICATE} has the same rows, with room for the answer."],
            columns=["photograph", "crossing", "why", "first", "second"],
            rows=[["" if v is None else v for v in row] for row in listed],
        ),
    ]
    return figure_page(f"Agreement of {readers[0]} and {readers[1]}", sections)


def _number(value: float | None) -> str:
    return "not defined" if value is None else f"{value:.3f}"


def _interval(ends: list[float] | None) -> str:
    return "" if ends is None else f"{ends[0]:.3f} to {ends[1]:.3f}"
