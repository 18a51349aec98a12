"""Choose how networks that learned from readings decide together, on photographs left out.

    python -m av_grading.command_line.fit_decision --output results/decision.json \\
        --member reading_strip output/readings/reading_strip_*/predictions.csv \\
        --member reading_head output/readings/reading_head_*/predictions.csv \\
        --member reading_grader_r18 output/readings/reading_grader_*/predictions.csv

Weights are those of the best rank correlation with the readings' mean grade; stretch and center
those of the best quadratic kappa at which at most 3 % of what both readings call 0 gets grade 2 or
more, and 20 % grade 1 or more. Whether a crossing is clear is a logistic regression on what all
members say of it (`gradable.ClearRule`, where the last one stands for any grader). Of its
thresholds and those of the artery above at which at most 15 % of what neither reading calls clear
is graded, and at least 85 % of what both call clear and neither vein-above (or as much as can be),
those are chosen that tell grade 2 or more best with refusals counted as grade 0 (AUC). Prints and
writes what was chosen; `decision.SHIPPED`, `gradable.CLEAR` and `GradableRule` hold it for the
shipped networks.
Exit codes: 0 done, 1 a file cannot be read or written, 2 wrong usage.
"""

import argparse
import sys
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

from av_grading.command_line import exit_code, make_parser

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from av_grading.close_ups.readings import Targets
    from av_grading.gradable import ClearRule

    Array = NDArray[np.float64]

STEP = 0.1
"""Between weights that are tried."""
STRETCHES = (1.0, 1.2, 1.4, 1.6, 1.8, 2.0, 2.3, 2.6)
CENTERS = tuple(round(0.1 * i, 1) for i in range(2, 20))
MOST_NORMAL_2, MOST_NORMAL_1 = 0.03, 0.20
MOST_UNCLEAR, LEAST_CLEAR = 0.15, 0.85
"""Share of the crossings that are graded of those that are not clear, and of those that are."""
NICKED_WEIGHT = 4.0
"""A clear crossing of grade 2 or more counts so many times, so that it is not refused for what it
shows: a vein that vanishes."""
CLEAR_FOLDS = 8


def run(args: argparse.Namespace) -> None:
    """Read, choose, print and write."""
    import numpy as np
    import pandas as pd
    from scipy.stats import spearmanr
    from sklearn.metrics import cohen_kappa_score, roc_auc_score

    from av_grading.close_ups.readings import targets_of
    from av_grading.decision import expected_grade, round_grade, spread_out
    from av_grading.evaluation.metrics import quadratic_kappa
    from av_grading.formats.results import write_results
    from av_grading.gradable import ABOVE_WEIGHTS
    from av_grading.models.reading_outputs import OUTPUTS, Answers

    names = [member[0] for member in args.member]
    tables = {}
    for name, *paths in args.member:
        table = pd.concat([pd.read_csv(path) for path in paths], ignore_index=True)
        tables[name] = table.set_index("index")
    rows = sorted(set().union(*(t.index for t in tables.values())))
    first = pd.concat(tables.values())
    first = first[~first.index.duplicated()].loc[rows]
    outputs = [f"o{i}" for i in range(OUTPUTS)]
    answers = {n: Answers.of(t.reindex(rows)[outputs].to_numpy(float)) for n, t in tables.items()}
    targets = targets_of(first)
    both = (targets.weight == 1) & targets.graded
    mean = targets.mean[both]
    expected = np.stack([expected_grade(answers[n].grade)[both] for n in names])

    parts = [round(STEP * i, 2) for i in range(round(1 / STEP) + 1)]
    tried = [w for w in product(parts, repeat=len(names)) if abs(sum(w) - 1) < 1e-9]
    weights = max(tried, key=lambda w: spearmanr(mean, mean_of(expected, w))[0])
    seen = mean_of(expected, weights)
    normal, truth = mean == 0, round_grade(mean).astype(float)
    best = (-1.0, 1.0, 1.0)  # nothing is spread, where no stretch keeps to the limits
    for stretch, center in product(STRETCHES, CENTERS):
        grades = round_grade(spread_out(seen, stretch, center))
        if (grades[normal] >= 2).mean() > MOST_NORMAL_2:
            continue
        if (grades[normal] >= 1).mean() > MOST_NORMAL_1:
            continue
        best = max(best, (quadratic_kappa(truth, grades.astype(float)), stretch, center))
    _, stretch, center = best
    grade = np.nanmean([expected_grade(answers[n].grade) for n in names], axis=0)
    said = {n: answers[n].clear for n in names}
    sure = targets.weight != 0.5  # both readings say the same of it
    clear, rule = fit_clear(said, grade, targets, first["group"].to_numpy(), sure)
    said_above = np.stack([answers[n].artery_above for n in names])
    above = mean_of(said_above, [ABOVE_WEIGHTS.get(name, 1.0) for name in names])
    order = first[["above_1", "above_2"]]
    says_vein = (order == "vein").any(axis=1).to_numpy()
    alike = (order == "artery").all(axis=1) | (order == "vein").all(axis=1)
    agreed = both & alike.to_numpy() & np.isfinite(above)
    wanted, unwanted = both & ~says_vein, targets.weight == 0
    spread = spread_out(seen, stretch, center)
    found: list[tuple[float, float, float, float]] = []
    for least_above, least_clear in product(np.arange(0.1, 0.55, 0.05), np.arange(0.2, 0.8, 0.02)):
        graded = (clear >= least_clear) & (above >= least_above)
        if graded[unwanted].mean() <= MOST_UNCLEAR:
            share = min(float(graded[wanted].mean()), LEAST_CLEAR)
            auc = auc_with_refusals(truth, spread, graded[both])
            found.append((share, auc, float(least_above), float(least_clear)))
    *_, least_above, least_clear = max(found, default=(0.0, 0.0, 0.0, 0.0))
    graded = (clear >= least_clear) & (above >= least_above)
    grades = round_grade(spread)
    metrics = {
        **{f"weight_{n}": w for n, w in zip(names, weights, strict=True)},
        **{
            f"spearman_{n}": float(_known_rank(mean, e))
            for n, e in zip(names, expected, strict=True)
        },
        "spearman": float(spearmanr(mean, seen)[0]),
        "qwk": quadratic_kappa(truth, grades.astype(float)),
        "stretch": stretch,
        "center": center,
        "read0_called2_share": float((grades[normal] >= 2).mean()),
        "read0_called1_share": float((grades[normal] >= 1).mean()),
        "read2_called2_share": float((grades[mean >= 2] >= 2).mean()),
        **{f"clear_weight_{n}": w for n, w in rule.weights.items()},
        "clear_weight_others": rule.others,
        "clear_weight_grade": rule.grade,
        "clear_bias": rule.bias,
        "clear_auc": float(roc_auc_score(targets.clear[sure] == 1, clear[sure])),
        "least_clear": least_clear,
        "least_artery_above": least_above,
        "above_kappa": float(cohen_kappa_score(~says_vein[agreed], above[agreed] >= 0.5)),
        "auc_grade2_all": auc_with_refusals(truth, spread, graded[both]),
        "clear_graded_share": float(graded[wanted].mean()),
        "not_clear_graded_share": float(graded[unwanted].mean()),
        "read2_graded_share": float(graded[both][mean >= 2].mean()),
        "read3_graded_share": float(graded[both][mean >= 3].mean()),
        "vein_above_graded_share": float(graded[both & says_vein].mean()),
        "n_clear": int(both.sum()),
    }
    for name, value in metrics.items():
        print(f"{name:28} {value:.3f}" if isinstance(value, float) else f"{name:28} {value}")
    if args.output:
        data = {"photographs": sorted(first["group"].unique()), "out_of_fold": True}
        write_results(args.output, metrics=metrics, data=data, seeds=[0])


def mean_of(said: "Array", weights: "Sequence[float]") -> "Array":
    """Weighted mean of what networks say of N crossings, over those that say something; where only
    networks of no weight do, their plain mean.

    Args:
        said: (networks, N), NaN where one could not look.
        weights: of the networks.
    """
    import numpy as np

    share = np.isfinite(said) * np.array(weights)[:, None]
    total = share.sum(axis=0)
    sums = np.nansum(share * np.nan_to_num(said), axis=0)
    alone = np.nanmean(said, axis=0)
    return np.asarray(np.where(total > 0, sums / np.maximum(total, 1e-9), alone))


def fit_clear(
    said: "dict[str, Array]", grade: "Array", targets: "Targets", group: Any, sure: Any
) -> "tuple[Array, ClearRule]":
    """How networks tell together whether a crossing is clear.

    Args:
        said: their own probabilities by name, (N,); NaN where one could not look. All but the last
            are named in the rule.
        grade: expected, (N,).
        targets: of the N crossings.
        group: their photographs.
        sure: where both readings say the same, and can be learned from.

    Returns:
        probabilities, (N,), each by a rule that has not seen the photograph, and the rule.
    """
    import numpy as np
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GroupKFold

    from av_grading.gradable import UNSEEN, ClearRule, log_odds

    odds = [[log_odds(p) for p in np.nan_to_num(s, nan=UNSEEN)] for s in said.values()]
    seen = np.array([*odds, grade]).T
    truth = targets.clear == 1
    nicked = np.nan_to_num(targets.mean)
    weight = np.where(truth, np.interp(nicked, (0.5, 2.0), (1.0, NICKED_WEIGHT)), 1.0)

    def fitted(rows: Any) -> LogisticRegression:
        return LogisticRegression(max_iter=2000).fit(seen[rows], truth[rows], weight[rows])

    found = np.full(len(truth), np.nan)
    for others, own in GroupKFold(CLEAR_FOLDS).split(seen, truth, group):
        found[own] = fitted(others[sure[others]]).predict_proba(seen[own])[:, 1]
    whole = fitted(np.flatnonzero(sure))
    weights = [round(float(w), 3) for w in whole.coef_[0]]
    named = dict(zip(list(said)[:-1], weights, strict=False))
    bias = round(float(whole.intercept_[0]), 3)
    return found, ClearRule(named, weights[-2], weights[-1], bias)


def auc_with_refusals(truth: "Array", expected: "Array", graded: Any) -> float:
    """How well grade 2 or more is told with refusals counted as grade 0: area under the ROC curve,
    .5 where all are of one kind.

    Args:
        truth: grades of N crossings, (N,).
        expected: grades that they would get, (N,).
        graded: whether they are graded, (N,).
    """
    import numpy as np
    from sklearn.metrics import roc_auc_score

    nicked = truth >= 2
    if nicked.all() or not nicked.any():
        return 0.5
    return float(roc_auc_score(nicked, np.where(graded, expected, 0)))


def _known_rank(mean: Any, expected: Any) -> float:
    """Rank correlation where a member says something."""
    import numpy as np
    from scipy.stats import spearmanr

    known = np.isfinite(expected)
    return float(spearmanr(mean[known], expected[known])[0])


def main(argv: list[str] | None = None) -> int:
    parser = make_parser(__doc__)
    add = parser.add_argument
    add("--member", nargs="+", action="append", required=True, metavar="NAME FILE")
    add("--output", type=Path, help="results file to write")
    args = parser.parse_args(argv)
    if any(len(member) < 2 for member in args.member):
        parser.error("--member: expected a name and files of predictions")
    return exit_code(lambda: run(args))


if __name__ == "__main__":
    sys.exit(main())
