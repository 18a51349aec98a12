"""How far two readers of the same crossings agree: kappas of grades and signs, Bland-Altman of
widths, confusion."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from sklearn.metrics import cohen_kappa_score, confusion_matrix

from av_grading.evaluation.metrics import interval, resample_groups
from av_screening.review.answers import ANSWERS, SIGNS, Answer
from av_screening.write.columns import CALIBER

WIDTHS = tuple(name for name in CALIBER if "width" in name or "ratio" in name)
"""Columns that are compared where both readers have them."""
LIMITS = 1.96
"""Limits of agreement, in standard deviations of the differences (Bland and Altman 1986)."""
Tolerance = Callable[[str], float]


@dataclass(frozen=True)
class Pair:
    """A crossing with both readers' answers; None where one did not read it.

    Attributes:
        first, second: the answers.
    """

    first: Answer | None
    second: Answer | None

    @property
    def known(self) -> Answer:
        """The first reader's answer, or the second's: both name the same crossing."""
        answer = self.first or self.second
        assert answer is not None
        return answer

    @property
    def why(self) -> str:
        """Why it has to be adjudicated; empty where both say the same."""
        if self.first and self.second:
            return "" if self.first.answer == self.second.answer else "answers differ"
        which = "first" if self.first else "second"
        if self.known.crossing is None:
            return f"added by the {which} reader alone"
        return f"read by the {which} reader alone"

    @property
    def signs(self) -> dict[str, str]:
        """`SIGNS` that both readers say alike; empty elsewhere."""
        if not self.first or not self.second:
            return dict.fromkeys(SIGNS, "")
        others = self.second.signs
        return {n: said if others[n] == said else "" for n, said in self.first.signs.items()}

    @property
    def differing_signs(self) -> list[str]:
        """Those of `SIGNS` that both readers say, and not alike."""
        if not self.first or not self.second:
            return []
        others = self.second.signs
        return [n for n, said in self.first.signs.items() if said and others[n] not in ("", said)]


def pair_answers(
    first: Sequence[Answer], second: Sequence[Answer], tolerance: Tolerance
) -> list[Pair]:
    """Crossings that either reader answered, by photograph.

    Those of the run are paired by their number. Added ones are paired one to one, so that their
    distances are as small as can be in all.

    Args:
        first: answers of one reader.
        second: of the other.
        tolerance: photograph → greatest distance of added crossings that are one (px).
    """
    pairs = []
    others = {(a.photograph, a.crossing): a for a in second if a.crossing is not None}
    for answer in first:
        if answer.crossing is not None:
            pairs.append(Pair(answer, others.pop((answer.photograph, answer.crossing), None)))
    pairs += [Pair(None, answer) for answer in others.values()]
    added = [[a for a in answers if a.crossing is None] for answers in (first, second)]
    for photograph in sorted({a.photograph for answers in added for a in answers}):
        here = [[a for a in answers if a.photograph == photograph] for answers in added]
        pairs += _pair_added(here[0], here[1], tolerance(photograph))

    def place(pair: Pair) -> tuple[str, float, float, float]:
        known = pair.known
        number = math.inf if known.crossing is None else known.crossing
        return known.photograph, number, known.x, known.y

    return sorted(pairs, key=place)


def _pair_added(first: list[Answer], second: list[Answer], tolerance: float) -> list[Pair]:
    distances = np.array([[math.hypot(a.x - b.x, a.y - b.y) for b in second] for a in first])
    distances = distances.reshape(len(first), len(second))
    # What is too far apart costs as much as to leave both alone.
    rows, columns = linear_sum_assignment(np.minimum(distances, tolerance))
    close = distances[rows, columns] <= tolerance
    partner = dict(zip(rows[close].tolist(), columns[close].tolist(), strict=True))
    pairs = [Pair(a, second[partner[i]] if i in partner else None) for i, a in enumerate(first)]
    taken = set(partner.values())
    return pairs + [Pair(None, b) for j, b in enumerate(second) if j not in taken]


def agreement(pairs: Sequence[Pair], draws: int, seed: int = 0) -> dict[str, Any]:
    """Figures of two readers' agreement, as JSON takes them; None is not defined.

    Args:
        pairs: of `pair_answers`.
        draws: resamples of the photographs for the intervals.
        seed: of the resampling.

    Returns:
        `counts`; `metrics` and their `ci95`, [low, high]; `confusion`, `labels` and a `matrix`
        whose rows are the first reader's answers; `widths`, column → Bland-Altman figures.
    """
    both = [(p.first, p.second) for p in pairs if p.first and p.second]
    answers = np.array([(a.answer, b.answer) for a, b in both]).reshape(-1, 2)
    signs = read_signs(both)
    metrics = kappas(answers) | sign_kappas(signs)
    resampled = [
        kappas(answers[rows]) | sign_kappas(signs[rows])
        for rows in resample_groups([a.photograph for a, _ in both], draws if both else 0, seed)
    ]
    ci95 = {}
    for name, value in metrics.items():
        values = [r[name] for r in resampled if not math.isnan(r[name])]
        ci95[name] = interval(values) if values and not math.isnan(value) else None
    used = [a for a in ANSWERS if (answers == a).any()]
    counts = confusion_matrix(*answers.T, labels=ANSWERS) if used else np.zeros((len(ANSWERS),) * 2)
    rows = [ANSWERS.index(a) for a in used]
    return {
        "counts": {
            "photographs": len({p.known.photograph for p in pairs}),
            "crossings": len(pairs),
            "read_by_both": len(both),
            "to_adjudicate": sum(1 for p in pairs if p.why),
            "sides_read_by_both": int(np.isfinite(signs[:, :, :2]).all(axis=(1, 2)).sum()),
            "bent_read_by_both": int(np.isfinite(signs[:, :, 2]).all(axis=1).sum()),
            "signs_differ": sum(1 for p in pairs if not p.why and p.differing_signs),
        },
        "metrics": {n: None if math.isnan(v) else v for n, v in metrics.items()},
        "ci95": ci95,
        "confusion": {
            "labels": used,
            "matrix": counts[np.ix_(rows, rows)].astype(int).tolist(),
        },
        "widths": {n: bland_altman(*width_pairs(pairs, n)) for n in compared_widths(pairs)},
    }


def kappas(answers: NDArray[np.str_]) -> dict[str, float]:
    """Share of equal answers, and kappas (Cohen 1960, 1968), of answers (N, 2).

    `grade_…` are of the crossings that both gave a grade, weighted linearly and quadratically;
    `gradable_kappa` is of graded or questionable against the rest; `nicked_kappa` of grade 1 or
    more against 0. NaN where there is nothing to compare, or but one word.
    """
    graded = answers[np.isin(answers, ANSWERS[:4]).all(axis=1)]
    gradable = np.isin(answers, ANSWERS[:5])
    return {
        "agreement": float((answers[:, 0] == answers[:, 1]).mean()) if len(answers) else math.nan,
        "kappa": _kappa(answers),
        "grade_kappa": _kappa(graded),
        "grade_linear_kappa": _kappa(graded, "linear"),
        "grade_qwk": _kappa(graded, "quadratic"),
        "gradable_kappa": _kappa(gradable),
        "nicked_kappa": _kappa(graded != "0"),
    }


def read_signs(both: Sequence[tuple[Answer, Answer]]) -> NDArray[np.float64]:
    """`SIGNS` of N crossings by two readers, (N, 2, 3): sides 0-3, bent 0 or 1; NaN where one says
    nothing."""
    rows = [
        [[math.nan if v is None else float(v) for v in (*a.sides, a.bent)] for a in answers]
        for answers in both
    ]
    return np.array(rows, float).reshape(-1, 2, len(SIGNS))


def sign_kappas(signs: NDArray[np.float64]) -> dict[str, float]:
    """Kappas of what both readers say of signs, of `read_signs`.

    `side_qwk` is of all sides that both read, weighted quadratically; `worse_side_qwk` of the worse
    side of crossings whose both sides both read, wherever it lies; `side_kappa` of sides read as 2
    or more against the others; `bent_kappa` of bent or not.
    """
    sides = signs[:, :, :2].transpose(0, 2, 1).reshape(-1, 2)  # a row for each side
    sides = sides[np.isfinite(sides).all(axis=1)]
    whole = signs[np.isfinite(signs[:, :, :2]).all(axis=(1, 2))]
    bent = signs[:, :, 2][np.isfinite(signs[:, :, 2]).all(axis=1)]
    words = {side: str(side) for side in range(4)}

    def told(values: NDArray[np.float64]) -> NDArray[np.str_]:
        return np.array([[words[int(v)] for v in row] for row in values]).reshape(-1, 2)

    return {
        "side_qwk": _kappa(told(sides), "quadratic"),
        "worse_side_qwk": _kappa(told(whole[:, :, :2].max(axis=2)), "quadratic"),
        "side_kappa": _kappa(sides >= 2),
        "bent_kappa": _kappa(bent > 0),
    }


def _kappa(answers: NDArray[Any], weights: str | None = None) -> float:
    if len(np.unique(answers)) < 2:
        return math.nan
    labels = ANSWERS[:4] if weights else None  # so that weights count grades no one gave
    return float(cohen_kappa_score(*answers.T, labels=labels, weights=weights))


def compared_widths(pairs: Sequence[Pair]) -> list[str]:
    """Columns of `WIDTHS` that both readers have, at two crossings or more."""
    return [name for name in WIDTHS if len(width_pairs(pairs, name)[0]) > 1]


def width_pairs(
    pairs: Sequence[Pair], name: str
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Both readers' values of a column, where both have one."""
    values = [
        (_value(p.first, name), _value(p.second, name)) for p in pairs if p.first and p.second
    ]
    array = np.array([v for v in values if not any(map(math.isnan, v))], float).reshape(-1, 2)
    return array[:, 0], array[:, 1]


def _value(answer: Answer, name: str) -> float:
    try:
        return float(answer.more.get(name) or math.nan)
    except ValueError:
        return math.nan


def bland_altman(
    first: NDArray[np.float64], second: NDArray[np.float64]
) -> dict[str, float | list[float]]:
    """Mean and standard deviation of the differences first - second, and limits of agreement.

    >>> bland_altman(np.array([3.0, 4.0, 5.0]), np.array([2.0, 4.0, 6.0]))
    {'n': 3, 'mean_difference': 0.0, 'sd': 1.0, 'limits_of_agreement': [-1.96, 1.96]}
    """
    differences = first - second
    mean, sd = float(differences.mean()), float(differences.std(ddof=1))
    return {
        "n": len(differences),
        "mean_difference": mean,
        "sd": sd,
        "limits_of_agreement": [mean - LIMITS * sd, mean + LIMITS * sd],
    }
