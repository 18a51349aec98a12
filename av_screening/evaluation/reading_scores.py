"""Figures of a run against two readings of each crossing.

A crossing is *clear* where both readings say so, *not clear* where both say not; where they differ
it counts in neither. Its *true grade* is the mean of both readings. It is *graded* where the run
found it (`Runs.compared`) and gave a grade there, and *called* N where that grade is N or more;
what is refused or not found is not called.

| metric | meaning |
| --- | --- |
| `found_share` | of clear crossings: the run has a crossing there |
| `graded_share` | of clear crossings |
| `clear_graded_share` | of clear crossings where neither reading has the vein above |
| `not_clear_graded_share` | of crossings that are not clear |
| `readN_graded_share` | of clear crossings that both read N or more; `read0`: 0 in both |
| `readN_calledM_share` | the same ones: called M, counted over all, refused ones too |
| `readN_graded_calledM_share` | the same over the graded ones |
| `qwk` | quadratic weighted kappa of the grade with the true one, halves rounded up; graded ones |
| `qwk_each` | mean of its kappas with either reading alone: what `reading_qwk` compares with |
| `spearman` | rank correlation of the expected grade with the true one; graded ones |
| `auc_gradeN` | area under the ROC curve of the expected grade; positive: true grade N - 0.5 up |
| `…_all` | these of all clear crossings: grade and expected grade are 0 where none is given |
| `reading_qwk` | of the two readings' grades, clear crossings; no run is in it |
| `reading_clear_kappa` | of the two readings' clear or not |
| `side_worse_spearman` | rank correlation of the worse side: the run's expected reading, the mean |
| `side_auc` | the same, worse side read 2 or more in both against 0 in both |
| `bent_auc` | bent in both against in neither |
| `visible_width_side_auc` | as `side_auc`, by the visible width, the lower side's |
| `deflection_bent_auc` | as `bent_auc`, by the measured deflection |
| `clear_auc` | clear against not clear, crossings that are found |
| `above_kappa` | artery or vein above, where both readings say the same of the two |

`side_…`, `…_auc` of sides, bent and clear, and `above_kappa` are of runs that answer them, over the
crossings that are found and answered. `n_…` are counts; `n_trueN_calledM` is the confusion matrix
of clear crossings: rounded true grade, grade given or `refused` or `not_found`.
"""

import warnings
from collections.abc import Iterable

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import cohen_kappa_score

from av_grading.evaluation.metrics import quadratic_kappa
from av_grading.formats.grade_definition import GRADES
from av_screening.evaluation.in_use_scores import (
    Scores,
    Tables,
    auc,
    defined,
    number,
    rank_correlation,
    share,
)

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

BEFORE = "before_"
"""Prefix of the figures of the run that another one is compared with."""
PARTS = {0: (1, 2), 2: (2,), 3: (2,)}
"""What both readings said → grades that are counted as called."""
SIDES = ("side_first_expected", "side_second_expected")
VISIBLE = ("visible_width_first", "visible_width_second")


def run_table(compared: pd.DataFrame) -> pd.DataFrame:
    """Rows of `Runs.compared` with what scores are made of.

    Returns:
        The same rows and clear, not_clear (both readings), true_grade (NaN unless clear and graded
        in both), lowest and highest (of both readings' grades), called (the grade, 0 where there is
        none), expected (likewise), graded.
    """
    first, second = (compared[f"clear_{i}"].astype(bool) for i in (1, 2))
    grades = compared[["grade_1", "grade_2"]]
    true = grades.mean(axis=1, skipna=False).where(first & second)
    given = number(compared, "grade")
    return compared.assign(
        clear=first & second,
        not_clear=~first & ~second,
        true_grade=true,
        lowest=grades.min(axis=1).where(true.notna()),
        highest=grades.max(axis=1).where(true.notna()),
        graded=given.notna(),
        called=given.fillna(0),
        expected=number(compared, "expected_grade").fillna(0),
    )


def reading_scores(tables: Tables) -> Scores:
    """The module's metrics that are no counts, those that the rows define.

    Args:
        tables: "now", and "before" where there is one, rows of `run_table`.
    """
    scores = alone_scores(tables["now"]) | run_scores(tables["now"])
    if "before" in tables:
        before = run_scores(tables["before"])
        scores |= {f"{BEFORE}{name}": value for name, value in before.items()}
    return defined(scores)


def alone_scores(table: pd.DataFrame) -> Scores:
    """How far the two readings agree with each other."""
    read = table[table["true_grade"].notna()]
    return {
        "reading_qwk": quadratic_kappa(_array(read["grade_1"]), _array(read["grade_2"])),
        "reading_clear_kappa": kappa(table["clear_1"], table["clear_2"]),
    }


def run_scores(table: pd.DataFrame) -> Scores:
    """What one run gives, NaN for what its rows do not define."""
    clear = table[table["clear"]]
    vein_above = (clear["above_1"] == "vein") | (clear["above_2"] == "vein")
    read = clear[clear["true_grade"].notna()]
    return {
        "found_share": _share(clear["found"]),
        "graded_share": _share(clear["graded"]),
        "clear_graded_share": _share(clear.loc[~vein_above, "graded"]),
        "not_clear_graded_share": _share(table.loc[table["not_clear"], "graded"]),
        **_called_shares(read),
        **grade_scores(read[read["graded"]]),
        **{f"{name}_all": value for name, value in grade_scores(read).items()},
        **sign_scores(table[table["found"] == 1]),
    }


def _called_shares(read: pd.DataFrame) -> Scores:
    """Shares of crossings whose readings agree on a part of the scale."""
    scores = {}
    for least, called in PARTS.items():
        both = read["highest"] == 0 if least == 0 else read["lowest"] >= least
        part = read[both]
        graded = part[part["graded"]]
        name = f"read{least}"
        scores[f"{name}_graded_share"] = _share(part["graded"])
        for grade in called:
            scores[f"{name}_called{grade}_share"] = _share(part["called"] >= grade)
            scores[f"{name}_graded_called{grade}_share"] = _share(graded["called"] >= grade)
    return scores


def grade_scores(read: pd.DataFrame) -> Scores:
    """Kappas, rank correlation and AUCs of crossings with a true grade."""
    true, called, expected = (_array(read[n]) for n in ("true_grade", "called", "expected"))
    each = [quadratic_kappa(_array(read[f"grade_{i}"]), called) for i in (1, 2)]
    return {
        "qwk": quadratic_kappa(rounded(true), called),
        "qwk_each": float(np.mean(each)),
        "spearman": rank_correlation(read["true_grade"], read["expected"]),
        "auc_grade1": auc(true >= 0.5, expected),
        "auc_grade2": auc(true >= 1.5, expected),
    }


def sign_scores(found: pd.DataFrame) -> Scores:
    """Sides, bent, clear and above, as far as the run answers them."""
    scores = {}
    clear = found[found["clear"]]
    if set(SIDES) <= set(found):
        worst = clear[["worse_side_1", "worse_side_2"]]
        said = np.maximum(*(number(clear, name) for name in SIDES))
        known = worst.notna().all(axis=1) & said.notna()
        worst, said = worst[known], said[known]
        scores["side_worse_spearman"] = rank_correlation(worst.mean(axis=1), said)
        scores["side_auc"] = _auc(worst.min(axis=1) >= 2, worst.max(axis=1) == 0, said)
    if set(VISIBLE) <= set(found):
        worst = clear[["worse_side_1", "worse_side_2"]]
        lost = 1 - np.fmin(*(number(clear, name) for name in VISIBLE))
        scores["visible_width_side_auc"] = _auc(
            worst.min(axis=1) >= 2, worst.max(axis=1) == 0, lost
        )
    if "bent_probability" in found:
        bent = [clear[f"bent_{i}"] for i in (1, 2)]
        in_both, in_neither = (bent[0] == 1) & (bent[1] == 1), (bent[0] == 0) & (bent[1] == 0)
        scores["bent_auc"] = _auc(in_both, in_neither, number(clear, "bent_probability"))
        if "deflection_degrees" in found:
            turned = number(clear, "deflection_degrees")
            scores["deflection_bent_auc"] = _auc(in_both, in_neither, turned)
    if "gradable_probability" in found:
        probability = number(found, "gradable_probability")
        scores["clear_auc"] = _auc(found["clear"], found["not_clear"], probability)
    if "above_artery_probability" in found:
        probability = number(clear, "above_artery_probability")
        same = (clear["above_1"] == clear["above_2"]) & clear["above_1"].isin(("artery", "vein"))
        same &= probability.notna()
        scores["above_kappa"] = kappa(clear["above_1"][same] == "artery", probability[same] >= 0.5)
    return scores


def reading_counts(tables: Tables) -> Scores:
    """The module's counts: of the readings once, of what runs say of them for each run."""
    table = tables["now"]
    clear = table[table["clear"]]
    vein_above = (clear["above_1"] == "vein") | (clear["above_2"] == "vein")
    counts: dict[str, int] = {
        "n_photographs": table["photograph"].nunique(),
        "n_readings": len(table),
        "n_clear": len(clear),
        "n_clear_no_vein_above": int((~vein_above).sum()),
        "n_not_clear": int(table["not_clear"].sum()),
        "n_read0": int((clear["highest"] == 0).sum()),
        "n_read2": int((clear["lowest"] >= 2).sum()),
        "n_read3": int((clear["lowest"] >= 3).sum()),
    }
    for prefix, name in (("", "now"), (BEFORE, "before")):
        if name in tables:
            found = _run_counts(tables[name])
            counts |= {f"{prefix}{key}": value for key, value in found.items()}
    return {name: float(value) for name, value in counts.items()}


def _run_counts(table: pd.DataFrame) -> dict[str, int]:
    clear = table[table["clear"]]
    counts = {"n_found": int(clear["found"].sum()), "n_graded": int(clear["graded"].sum())}
    read = clear[clear["true_grade"].notna()]
    outcome = read["called"].astype(int).map("called{}".format)
    outcome = outcome.mask(~read["graded"], "refused").mask(read["found"] == 0, "not_found")
    true = pd.Series(rounded(_array(read["true_grade"])), read.index)
    for grade in GRADES:
        for word in (*(f"called{g}" for g in GRADES), "refused", "not_found"):
            counts[f"n_true{grade}_{word}"] = int(((true == grade) & (outcome == word)).sum())
    return counts


def rounded(true: Array) -> Array:
    """Mean grades rounded, halves up.

    >>> rounded(np.array([0.5, 1.0, 1.5, 2.5]))
    array([1., 1., 2., 3.])
    """
    return np.asarray(np.floor(true + 0.5))


def kappa(first: Iterable[object], second: Iterable[object]) -> float:
    """Cohen's; NaN of nothing, or where both only ever say one and the same word."""
    one, other = np.asarray(list(first), int), np.asarray(list(second), int)
    if len(np.unique([*one, *other])) < 2:
        return float("nan")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return float(cohen_kappa_score(one, other))


def _array(column: pd.Series) -> Array:
    return np.asarray(column, float)


def _share(column: pd.Series) -> float:
    return share(int(column.sum()), len(column))


def _auc(positive: pd.Series, negative: pd.Series, score: pd.Series) -> float:
    """AUC of rows that are either and have a score."""
    used = ((positive | negative) & score.notna()).to_numpy(bool)
    return auc(positive.to_numpy(bool)[used], _array(score)[used])
