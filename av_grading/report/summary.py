"""What the page says of all patches together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from av_grading.attribution.curves import Curves
from av_grading.evaluation.metrics import grade_scores
from av_grading.formats.grade_definition import GRADES
from av_grading.report.cards import Card
from av_grading.report.numbers import percent, plain, signed


@dataclass(frozen=True)
class Line:
    """One measure.

    Attributes:
        label: what it is called.
        value: as text, with its interval where there is one.
        interval: 95 %, as text; empty where there is none.
        meaning: how to read it.
    """

    label: str
    value: str
    interval: str
    meaning: str


SHOWN = {  # measure → label, style, meaning
    "vein_energy": (
        "Attribution on the vein at the crossing",
        percent,
        "By chance, from the area alone: {chance}.",
    ),
    "pointing": (
        "Strongest point on that vein",
        percent,
        "Pointing game: share of patches whose highest attribution lies there.",
    ),
    "deletion_gain": (
        "Deletion against random deletion",
        signed,
        "Above 0: removing what is attributed costs the grade sooner than removing anything.",
    ),
    "insertion_gain": (
        "Insertion against random insertion",
        signed,
        "Above 0: showing what is attributed brings the grade sooner.",
    ),
    "deletion_gain_over_center": (
        "Deletion against centre-first deletion",
        signed,
        "Above 0: the map knows more than that crossings are in the middle.",
    ),
    "agreement": (
        "Agreement of changed copies",
        plain,
        "Rank correlation after mapping back; 1 is the same map.",
    ),
    "randomised_similarity": (
        "Similarity to a grader of shuffled weights",
        plain,
        "Near 0: the map comes from what was learnt.",
    ),
    "other_patch_similarity": (
        "Similarity to another patch's map",
        plain,
        "For comparison: how alike maps are whatever the patch.",
    ),
}


def measure_lines(
    metrics: Mapping[str, float], ci95: Mapping[str, Sequence[float]], model: str
) -> list[Line]:
    """Measures of one model from what `measures.compare` found, in words."""
    lines = []
    chance = percent(metrics[f"vein_energy_chance_{model}"])
    for name, (label, style, meaning) in SHOWN.items():
        key = f"{name}_{model}"
        if key not in metrics:
            continue
        low, high = (style(x) for x in ci95[key])
        value = style(metrics[key])
        lines.append(Line(label, value, f"{low} to {high}", meaning.format(chance=chance)))
    return lines


def score_lines(cards: Sequence[Card]) -> list[Line]:
    """Accuracy and quadratic weighted kappa of graded patches; none without any."""
    graded = [card for card in cards if card.grade is not None]
    if not graded:
        return []
    truth = np.array([card.grade for card in graded], float)
    scores = grade_scores(truth, np.array([card.probabilities for card in graded]))
    kappa = "–" if np.isnan(scores["qwk"]) else plain(scores["qwk"])
    return [
        Line("Accuracy", percent(scores["accuracy"]), "", f"Of {len(graded)} graded patches."),
        Line("Quadratic weighted kappa", kappa, "", "Errors count by the square of their size."),
    ]


def confusion(cards: Sequence[Card]) -> list[list[int]]:
    """Counts of patches, a row each grade and a column each predicted grade."""
    counts = [[0] * len(GRADES) for _ in GRADES]
    for card in cards:
        if card.grade is not None:
            counts[card.grade][card.predicted] += 1
    return counts


def curve_points(curves: Curves, width: float, height: float) -> dict[str, str]:
    """Mean curves as points of an SVG polyline, for shares from 0 to 1 and probability 0-1."""
    found = {}
    named = {"deletion": curves.deletion, "insertion": curves.insertion, "random": curves.random}
    for name, values in named.items():
        mean = values.mean(axis=0)
        xs = np.linspace(0, width, len(mean))
        ys = height * (1 - mean)
        found[name] = " ".join(f"{x:.1f},{y:.1f}" for x, y in zip(xs, ys, strict=True))
    return found
