"""Figures of the evaluation in use, with intervals from resampling photographs."""

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import rankdata, spearmanr

from av_grading.evaluation.metrics import interval, quadratic_kappa, resample_groups
from av_screening.evaluation.voted_readings import GRADABLE_VOTES

Scores = dict[str, float]
Tables = Mapping[str, pd.DataFrame]

WIDTHS = {
    "2.5to3.5": (2.5, 3.5),
    "3to5": (3.0, 5.0),
    "3.5to5": (3.5, 5.0),
    "5up": (5.0, np.inf),
    "5to7": (5.0, 7.0),
}
"""Width of the vein from and below (DRIVE px), by the suffix of a metric's name."""


READ = "wall_width_first", "wall_width_second"
FITTED = "ratio_first", "ratio_second"


def in_use_scores(tables: Tables) -> Scores:
    """Scores of squeezed crossings: pooled, by the vein's width, and by set where there are more.

    Args:
        tables: "in_use", the rows of `passes.PhotographRows.in_use`.

    Returns:
        `squeezed_scores`, each also with `_<width>` and `_<set>`; those that these rows do not
        define are absent.
    """
    table = tables["in_use"]
    scores = squeezed_scores(table)
    width = table["true_vein_width_drive_px"]
    for suffix, (least, below) in WIDTHS.items():
        part = squeezed_scores(table[(width >= least) & (width < below)])
        scores |= {f"{name}_{suffix}": value for name, value in part.items()}
    sets = table["set"].unique()
    for name in sets if len(sets) > 1 else ():
        part = squeezed_scores(table[table["set"] == name])
        scores |= {f"{score}_{name}": value for score, value in part.items()}
    return defined(scores)


def squeezed_scores(table: pd.DataFrame) -> Scores:
    """Scores of some rows; NaN where they do not define one.

    Returns:
        found_share, gradable_share: of the squeezed crossings. qwk, accuracy, auc_grade2 (of p2 +
        p3), measured_share: of the gradable ones, ratio_spearman (of the smaller ratio of the two
        sides) of those of them that are measured: read by the sign strip, without it
        fitted. fitted_share, fitted_ratio_spearman: of the caliber step's fits. qwk_labelled_map:
        of the same grader on the squeezed labelled map at the labelled centre, all squeezed
        crossings.
    """
    found = table[table["found"] == 1]
    gradable = found[number(found, "gradable") == 1]
    grade = number(gradable, "grade")
    graded, given = gradable[grade.notna()], grade.dropna()
    truth = graded["true_grade"].to_numpy(int)
    fitted = gradable[number(gradable, "measurable") == 1]
    read = gradable[number(gradable, READ[0]).notna()]
    measured, columns = (read, READ) if READ[0] in table else (fitted, FITTED)
    labelled = table[number(table, "grade_labelled_map").notna()]
    return {
        "qwk": quadratic_kappa(truth, given.to_numpy(int)),
        "accuracy": float((truth == given).mean()) if len(truth) else np.nan,
        "auc_grade2": auc(truth >= 2, (number(graded, "p2") + number(graded, "p3")).to_numpy()),
        "gradable_share": share(len(gradable), len(table)),
        "found_share": share(len(found), len(table)),
        "ratio_spearman": ratio_correlation(measured, columns),
        "measured_share": share(len(measured), len(gradable)),
        "fitted_ratio_spearman": ratio_correlation(fitted, FITTED),
        "fitted_share": share(len(fitted), len(gradable)),
        "qwk_labelled_map": quadratic_kappa(
            labelled["true_grade"].to_numpy(int), number(labelled, "grade_labelled_map").to_numpy()
        ),
    }


def ratio_correlation(table: pd.DataFrame, columns: tuple[str, str]) -> float:
    """Rank correlation of the smaller ratio of the two sides with the true one."""
    smaller = np.fmin(*(number(table, name) for name in columns))
    true_smaller = table[["true_ratio_first", "true_ratio_second"]].min(axis=1)
    return rank_correlation(true_smaller, smaller)


def natural_scores(tables: Tables) -> Scores:
    """Scores of photographs as they are.

    Args:
        tables: "natural" and "eyes", the rows of `passes.PhotographRows`.

    Returns:
        grade1_share and grade2_share of gradable crossings; eyes_flagged_share of the photographs
        as they are; eye_sensitivity_severe, the share flagged of eyes with one gradable crossing
        squeezed to grade 3; gradable_per_eye; and where the pipeline answers them and there are
        readings: order_auc and order_accuracy (crossings where readings decided, artery above
        against vein above) and gradable_auc (at least two of three votes against fewer). Those
        that are not defined are absent.
    """
    table, eyes = tables["natural"], tables["eyes"]
    gradable = table[number(table, "gradable") == 1]
    grade = number(gradable, "grade").dropna()
    natural = eyes[number(eyes, "severe_crossing").isna()]
    severe = eyes[number(eyes, "severe_crossing").notna()]
    scores = {
        "grade1_share": share(int((grade >= 1).sum()), len(grade)),
        "grade2_share": share(int((grade >= 2).sum()), len(grade)),
        "eyes_flagged_share": share(int(natural["flagged"].sum()), len(natural)),
        "eye_sensitivity_severe": share(int(severe["flagged"].sum()), len(severe)),
        "gradable_per_eye": share(len(gradable), len(natural)),
        "crossings_per_eye": share(len(table), len(natural)),
    }
    return defined(scores | _reading_scores(table))


def _reading_scores(table: pd.DataFrame) -> Scores:
    scores = {}
    if "read_above" in table and "above_artery_probability" in table:
        decided = table[table["read_above"].isin(("artery", "vein"))]
        decided = decided[number(decided, "above_artery_probability").notna()]
        artery = (decided["read_above"] == "artery").to_numpy()
        probability = number(decided, "above_artery_probability").to_numpy()
        scores["order_auc"] = auc(artery, probability)
        scores["order_accuracy"] = float(((probability >= 0.5) == artery).mean())
    if "read_gradable_votes" in table and "gradable_probability" in table:
        read = table[number(table, "read_gradable_votes").notna()]
        read = read[number(read, "gradable_probability").notna()]
        votes = number(read, "read_gradable_votes") >= GRADABLE_VOTES
        scores["gradable_auc"] = auc(
            votes.to_numpy(), number(read, "gradable_probability").to_numpy()
        )
    return scores


def with_intervals(
    score: Callable[[Tables], Scores], tables: Tables, draws: int, seed: int
) -> tuple[Scores, dict[str, list[float]]]:
    """Scores, and their 95 % intervals from resampling photographs with replacement.

    Args:
        score: `in_use_scores` or `natural_scores`.
        tables: each with a column "photograph".
        draws: resamples.
        seed: of the resampling.
    """
    # Text that is numbers is read once, not in each of a thousand resamples.
    tables = {name: table.apply(_as_numbers) for name, table in tables.items()}
    photographs = sorted(set().union(*(t["photograph"] for t in tables.values())))
    rows = {
        name: [np.flatnonzero(table["photograph"] == p) for p in photographs]
        for name, table in tables.items()
    }
    resampled = []
    for chosen in resample_groups(photographs, draws, seed):
        picked = {
            name: table.iloc[np.concatenate([rows[name][i] for i in chosen])]
            for name, table in tables.items()
        }
        resampled.append(score(picked))
    scores = score(tables)
    values = {name: [r.get(name, np.nan) for r in resampled] for name in scores}
    known = {name: v for name, v in values.items() if np.isfinite(v).any()}
    return scores, {name: interval(v) for name, v in known.items()}


def _as_numbers(column: pd.Series) -> pd.Series:
    """A column of numbers as numbers, empty cells as NaN; any other as it is."""
    values = pd.to_numeric(column, errors="coerce")
    filled = column.notna() & (column.astype(str).str.strip() != "")
    return values if values[filled].notna().all() else column


def number(table: pd.DataFrame, column: str) -> pd.Series:
    """A column as numbers, NaN where it is empty or not there."""
    if column not in table:
        return pd.Series(np.nan, table.index)
    return pd.to_numeric(table[column], errors="coerce")


def share(part: int, whole: int) -> float:
    """NaN of nothing."""
    return part / whole if whole else float("nan")


def auc(positive: NDArray[np.bool_], score: NDArray[np.float64]) -> float:
    """Area under the ROC curve; NaN unless both classes are there."""
    above, below = int(positive.sum()), int((~positive).sum())
    if not above or not below:
        return float("nan")
    # Mann and Whitney's U, as quick as resampling needs it: ties count half.
    ranks = rankdata(score)[positive].sum()
    return float((ranks - above * (above + 1) / 2) / (above * below))


def rank_correlation(true: pd.Series, measured: pd.Series) -> float:
    """Spearman's; NaN of fewer than three rows, or where all are equal."""
    if len(true) < 3 or true.nunique() < 2 or measured.nunique() < 2:
        return float("nan")
    return float(spearmanr(true, measured).statistic)


def defined(scores: Scores) -> Scores:
    """Without NaN."""
    return {name: value for name, value in scores.items() if np.isfinite(value)}
