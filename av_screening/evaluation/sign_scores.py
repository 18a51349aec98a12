"""Figures of the signs: drawn ones against the truth, repeats, natural ones against readings.

Signs drawn at crossings that are clear in both readings, `alone` (each by itself, and crossings as
they are) and `together` (all of them):

| metric | meaning |
| --- | --- |
| `SIGN_spearman`, `…_alone`, `…_together` | rank correlation of what is measured with the truth |
| `deflection_error` | median error of the angle between the vein's courses (degrees) |
| `reflex_error` | median error of the reflex's width, as a share of the true one |
| `SIGN_measured_share` | share with a number, of crossings that are found and have it drawn |
| `SIGN_false_share` | share said to be present, of crossings or arteries that do not have it |
| `SIGN_present_share` | the same of those that have it as plainly as "present" asks for |
| `found_share` | share of the crossings that the detector finds |

Signs are `visible_width`, `narrowing`, `concealment`, `gap`, `taper`, `banking` (of the vein's two
sides), `deflection`, `reflex`. A crossing does not have a sign where none like it is
drawn, and both readings call its sides untouched (the widths) or the vein not bent (deflection). An
artery does not have a broad reflex where a narrower one than "questionable" asks for is drawn.

Natural crossings that are clear in both readings, between versions of one photograph:

| metric | meaning |
| --- | --- |
| `SIGN_icc_half` | intraclass correlation (two-way random, absolute agreement, single) between full
and half the resolution |
| `SIGN_icc_jpeg` | between JPEG of quality 95 and 75 |
| `SIGN_icc` | the lower of the two |
| `visible_width_side_auc` | worse side read 2 or more in both against 0 in both |
| `bent_auc`, `courses_bent_auc` | bent in both against in neither, by the turns, and by
the angle between the courses |

The AUCs also with `_SET`: `validation`, and the others by name. `above_kappa_SET` is copied from
results of `evaluate-readings`, `above_kappa` the lowest of them. `n_…` are counts.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from av_grading.signs.artery import PRESENT as REFLEX_PRESENT
from av_grading.signs.artery import QUESTIONABLE as REFLEX_QUESTIONABLE
from av_grading.signs.banking import PRESENT as BANKING_PRESENT
from av_grading.signs.deflection import PRESENT as DEFLECTION_PRESENT
from av_grading.signs.sign import ANSWERS, SIDES
from av_grading.signs.visible_width import CONCEALMENT, NARROWING
from av_grading.signs.visible_width import PRESENT as WIDTH_PRESENT
from av_screening.evaluation.drawn_signs import TOGETHER, UNCHANGED
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

MEASURED = {
    "visible_width": ("visible_width_{}", "true_visible_{}", ("taper", "concealment")),
    "narrowing": ("wall_width_{}", "true_width_{}", ("taper",)),
    "concealment": ("contrast_{}", "true_contrast_{}", ("concealment",)),
    "gap": ("gap_{}_vein_widths", "true_gap_{}_vein_widths", ("concealment",)),
    "taper": ("taper_{}_vein_widths", "true_taper_{}_vein_widths", ("taper", "concealment")),
    "banking": ("banking_{}", "true_banking_{}", ("banking",)),
    "deflection": ("courses_degrees", "true_bend_degrees", ("bending",)),
    "reflex": ("reflex_ratio", "true_reflex_ratio", ("reflex",)),
}
"""Sign → column that is measured, column that is true, kinds in which it is drawn alone."""
ANSWERED = {
    "visible_width": ("true_visible_{}", "less", 1 - WIDTH_PRESENT),
    "narrowing": ("true_width_{}", "less", 1 - NARROWING[1]),
    "concealment": ("true_contrast_{}", "less", 1 - CONCEALMENT[1]),
    "deflection": ("true_deflection_degrees", "more", DEFLECTION_PRESENT),
    "banking": ("true_banking_{}", "more", BANKING_PRESENT - 1),
    "reflex": ("true_reflex_ratio", "more", REFLEX_PRESENT),
}
"""Sign with an answer → column that is true, and from where on it is present."""
REPEATED = {
    "visible_width": ("visible_width_first", "visible_width_second"),
    "narrowing": ("wall_width_first", "wall_width_second"),
    "concealment": ("contrast_first", "contrast_second"),
    "deflection": ("courses_degrees",),
    "turns": ("deflection_degrees",),
    "shift_aside": ("shift_aside_vein_widths",),
    "banking": ("banking_first", "banking_second"),
    "artery_width": ("artery_over_vein_width",),
    "reflex": ("reflex_ratio",),
}
"""Sign → columns, of either side where there are two."""


COUNT = "n_"
"""What the names of counts begin with."""


def sign_scores(tables: Tables) -> Scores:
    """The module's metrics that are no counts, those that the rows define; arguments as
    `sign_counts`."""
    return {n: value for n, value in _figures(tables).items() if not n.startswith(COUNT)}


def sign_counts(tables: Tables) -> Scores:
    """The module's counts.

    Args:
        tables: "drawn", rows of `sign_rows.drawn_rows`; "versions", of `sign_rows.version_rows`;
            both with photograph, set and what the readings say.
    """
    return {n: value for n, value in _figures(tables).items() if n.startswith(COUNT)}


def _figures(tables: Tables) -> Scores:
    return defined(
        drawn_scores(tables["drawn"])
        | answer_scores(tables["drawn"])
        | repeat_scores(tables["versions"])
        | natural_scores(tables["versions"])
    )


def drawn_scores(table: pd.DataFrame) -> Scores:
    """Rank correlations, errors and shares of drawn signs."""
    scores = {"found_share": share(int(table["found"].sum()), len(table))}
    found = table[table["found"] == 1]
    for name, (measured, true, alone) in MEASURED.items():
        kinds = {"_alone": (UNCHANGED, *alone), "_together": (TOGETHER,)}
        both = _pairs(found[found["kind"].isin((*kinds["_alone"], TOGETHER))], measured, true)
        scores[f"{name}_spearman"] = rank_correlation(both["true"], both["measured"])
        for suffix, chosen in kinds.items():
            part = _pairs(found[found["kind"].isin(chosen)], measured, true)
            scores[f"{name}_spearman{suffix}"] = rank_correlation(part["true"], part["measured"])
        off = (both["measured"] - both["true"]).abs()
        if name == "deflection":
            scores["deflection_error"] = float(off.median())
        if name == "reflex":
            scores["reflex_error"] = float((off / both["true"]).median())
        drawn = found[found["kind"].isin((*alone, TOGETHER))]
        scores[f"{name}_measured_share"] = _measured_share(drawn, measured, true)
        scores[f"n_{name}"] = float(len(both))
    return scores


def _pairs(table: pd.DataFrame, measured: str, true: str) -> pd.DataFrame:
    """What is measured and what is true, of both sides where there are two; known in both."""
    sides = SIDES if "{}" in measured else ("",)
    parts = [
        pd.DataFrame(
            {
                "measured": number(table, measured.format(side)),
                "true": number(table, true.format(side)),
            }
        )
        for side in sides
    ]
    return pd.concat(parts, ignore_index=True).dropna()


def _measured_share(drawn: pd.DataFrame, measured: str, true: str) -> float:
    sides = SIDES if "{}" in measured else ("",)
    asked = [number(drawn, true.format(side)).notna() for side in sides]
    told = [number(drawn, measured.format(side)).notna() for side in sides]
    both = [a & b for a, b in zip(asked, told, strict=True)]
    return share(int(sum(b.sum() for b in both)), int(sum(a.sum() for a in asked)))


def answer_scores(table: pd.DataFrame) -> Scores:
    """How often a sign is said to be present that is not there, and that is."""
    scores = {}
    found = table[table["found"] == 1]
    untouched = (number(found, "worse_side_1") == 0) & (number(found, "worse_side_2") == 0)
    straight = (number(found, "bent_1") == 0) & (number(found, "bent_2") == 0)
    for name, (true, way, threshold) in ANSWERED.items():
        column = f"{name}_answer"
        if column not in found:
            continue
        sides = SIDES if "{}" in true else ("",)
        worst = pd.concat([number(found, true.format(side)) for side in sides], axis=1)
        drawn = found["kind"].isin((*MEASURED[name][2], TOGETHER))
        plain = worst.min(axis=1) <= threshold if way == "less" else worst.max(axis=1) >= threshold
        if name == "reflex":
            absent = drawn & (number(found, true) < REFLEX_QUESTIONABLE)
        else:
            absent = ~drawn & (straight if name == "deflection" else untouched)
            if name == "visible_width":
                absent &= ~found["kind"].isin(("taper", "concealment"))
        answered = found[column].isin(ANSWERS)
        said = found[column] == "present"
        scores[f"{name}_false_share"] = _share(said[absent & answered])
        scores[f"{name}_present_share"] = _share(said[drawn & plain & answered])
        scores[f"n_{name}_absent"] = float((absent & answered).sum())
        scores[f"n_{name}_plain"] = float((drawn & plain & answered).sum())
    return scores


def repeat_scores(table: pd.DataFrame) -> Scores:
    """Intraclass correlations between versions of a photograph."""
    scores: Scores = {}
    if table.empty:
        return scores
    # A resample may hold a photograph several times: each counts.
    same = table.groupby(["photograph", "crossing", "version"]).cumcount()
    table, place = table.assign(copy=same), ["photograph", "crossing", "copy"]
    for name, columns in REPEATED.items():
        found = {}
        for suffix, pair in (("half", ("full", "half")), ("jpeg", ("jpeg_95", "jpeg_75"))):
            values = []
            for column in columns:
                wide = table.assign(value=number(table, column)).pivot_table(
                    index=place, columns="version", values="value"
                )
                if set(pair) <= set(wide):
                    values.append(wide[list(pair)].dropna().to_numpy(float))
            if values:
                rows = np.concatenate(values)
                found[suffix] = icc(rows)
                scores[f"n_{name}_{suffix}"] = float(len(rows))
        scores |= {f"{name}_icc_{suffix}": value for suffix, value in found.items()}
        if len(found) == 2:
            scores[f"{name}_icc"] = min(found.values())
    return scores


def icc(values: Array) -> float:
    """Intraclass correlation ICC(2,1) of N targets by K repeats, (N, K): two-way random effects,
    absolute agreement, single measurement (Shrout and Fleiss 1979; McGraw and Wong 1996).

    >>> round(icc(np.array([[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6],
    ...                     [10, 5, 6, 9], [6, 2, 4, 7]], float)), 2)
    0.29
    """
    count, repeats = values.shape
    if count < 3 or repeats < 2:
        return float("nan")
    mean = values.mean()
    rows = repeats * ((values.mean(axis=1) - mean) ** 2).sum() / (count - 1)
    columns = count * ((values.mean(axis=0) - mean) ** 2).sum() / (repeats - 1)
    total = ((values - mean) ** 2).sum()
    rest = total - rows * (count - 1) - columns * (repeats - 1)
    error = rest / ((count - 1) * (repeats - 1))
    below = rows + (repeats - 1) * error + repeats * (columns - error) / count
    return float((rows - error) / below) if below > 0 else float("nan")


def natural_scores(table: pd.DataFrame) -> Scores:
    """AUCs of natural crossings against readings: of all photographs, and of each set."""
    if table.empty:
        return {}
    whole = table[(table["version"] == "full") & (table["found"] == 1)]
    scores = _natural(whole)
    for name in sorted(whole["set"].unique()):
        part = _natural(whole[whole["set"] == name])
        scores |= {f"{metric}_{name}": value for metric, value in part.items()}
    return scores


def _natural(table: pd.DataFrame) -> Scores:
    worst = table[["worse_side_1", "worse_side_2"]].apply(pd.to_numeric)
    lost = 1 - np.fmin(*(number(table, f"visible_width_{side}") for side in SIDES))
    bent = table[["bent_1", "bent_2"]].apply(pd.to_numeric)
    turned = number(table, "deflection_degrees"), number(table, "courses_degrees")
    in_both, in_neither = (bent == 1).all(axis=1), (bent == 0).all(axis=1)
    pressed, untouched = worst.min(axis=1) >= 2, worst.max(axis=1) == 0
    return {
        "visible_width_side_auc": _auc(pressed, untouched, lost),
        "bent_auc": _auc(in_both, in_neither, turned[0]),
        "courses_bent_auc": _auc(in_both, in_neither, turned[1]),
        "n_read2": float(pressed.sum()),
        "n_read0": float(untouched.sum()),
        "n_bent": float(in_both.sum()),
        "n_straight": float(in_neither.sum()),
    }


def _auc(positive: pd.Series, negative: pd.Series, strength: pd.Series) -> float:
    used = ((positive | negative) & strength.notna()).to_numpy(bool)
    return auc(positive.to_numpy(bool)[used], strength.to_numpy(float)[used])


def _share(said: pd.Series) -> float:
    return share(int(said.sum()), len(said))
