"""Do graded crossings tell eyes with hypertensive retinopathy from others?

Of every eye (a photograph), over the crossings that the run graded: `mean`, the mean expected
grade; `max`, the highest; `top2`, the mean of the two highest. 0 where none is graded, so too
where the photograph was not screened.

| metric | meaning |
| --- | --- |
| `auc_hypertensive_normal_STAT` | area under the ROC curve, hypertensive eyes against normal ones |
| `auc_hypertensive_others_STAT` | against all other groups but branch vein occlusion |
| `…_graded` | these over eyes with a graded crossing: others cannot be graded |
| `sensitivity_at_10_percent_normal` | share of hypertensive eyes above a threshold, by top2 |
| `group_GROUP_mean`, `group_GROUP_top2` | mean of these over a group's eyes |
| `reading_…` | by readings alone: true grades of crossings that both read as clear |
| `main_veins_…` | over crossings of veins of at least 2.5 DRIVE px, as `severity` is |
| `n_eyes_GROUP` | count |
| `n_eyes_without_grade` | eyes where nothing is graded, which count as 0 but in `…_graded` |

Hypertensive are eyes with `hypertensive_retinopathy` 1, normal those of group `normal`, branch vein
occlusion those of group `brvo`: it has nicked crossings of its own. Readings are of some crossings
only: eyes without a clear one are left out of `reading_…`. The threshold of
`sensitivity_at_10_percent_normal` is the lowest that at most one normal eye in ten exceeds.
"""

import re
from collections.abc import Collection, Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from av_grading.formats.csv_table import numbered, read_table
from av_screening.errors import FileProblems
from av_screening.evaluation.in_use_scores import Scores, Tables, auc, defined, number
from av_screening.evaluation.reading_scores import BEFORE

COLUMNS = ("image", "group", "hypertensive_retinopathy")
STATISTICS = ("mean", "max", "top2")
NORMAL, LEFT_OUT = "normal", "brvo"
EXCEEDING = 10
"""Of so many normal eyes at most one lies above the threshold."""
READING = "reading_"
MAIN_VEINS = "main_veins_"
GRADED = "graded_crossings"
"""Column of how many of an eye's crossings are graded."""


def read_eye_groups(path: Path) -> pd.DataFrame:
    """Groups of eyes.

    Returns:
        image and group (text), hypertensive (bool), a row per eye.

    Raises:
        FileProblems: it cannot be read, lacks a column, has a photograph twice, or a value that is
            not known; names all rows.
    """
    try:
        table = read_table(path)
    except FileNotFoundError as error:
        raise FileProblems(path, ["expected a table of eyes, found no file"]) from error
    missing = [name for name in COLUMNS if name not in table]
    if missing:
        raise FileProblems(
            path,
            [f"expected the columns {','.join(COLUMNS)}, found none named {','.join(missing)}"],
        )
    problems, rows = [], []
    seen: dict[str, int] = {}
    for line, cells in numbered(table):
        image, group, sign = (cells[name].strip() for name in COLUMNS)
        if image in seen:
            problems.append(f"row {line}: image: expected {image} once, found it in {seen[image]}")
        if not image or not group:
            problems.append(f"row {line}: expected image and group, found {image!r}, {group!r}")
        if sign not in ("0", "1"):
            problems.append(
                f"row {line}: hypertensive_retinopathy: expected 0 or 1, "
                f"found {sign or 'nothing'!r}"
            )
        seen.setdefault(image, line)
        rows.append({"image": image, "group": group, "hypertensive": sign == "1"})
    if not rows and not problems:
        problems = ["expected eyes, found none"]
    if problems:
        raise FileProblems(path, problems)
    return pd.DataFrame(rows)


def eye_table(
    eyes: pd.DataFrame, photographs: Mapping[str, str], grades: Mapping[str, pd.DataFrame]
) -> pd.DataFrame:
    """Each eye with what its grades come to.

    Args:
        eyes: of `read_eye_groups`.
        photographs: image → photograph of the run; eyes that it does not hold are left out.
        grades: prefix of columns → rows with photograph and expected_grade, empty for none.

    Returns:
        photograph, group, hypertensive and for each prefix its `STATISTICS`.
    """
    table = eyes.assign(photograph=eyes["image"].map(photographs))
    table = table[table["photograph"].notna()].drop(columns="image").reset_index(drop=True)
    for prefix, rows in grades.items():
        values = number(rows, "expected_grade")
        by_eye = dict(iter(values.groupby(rows["photograph"])))
        nothing = np.nan if prefix == READING else 0.0
        none = values.iloc[:0]
        found = [statistics(by_eye.get(name, none), nothing) for name in table["photograph"]]
        table = table.assign(**{f"{prefix}{s}": [f[s] for f in found] for s in STATISTICS})
        counts = [int(by_eye.get(name, none).notna().sum()) for name in table["photograph"]]
        table = table.assign(**{f"{prefix}{GRADED}": counts})
    return table


def statistics(grades: pd.Series, nothing: float = 0.0) -> Scores:
    """`STATISTICS` of an eye's expected grades, NaN for those without; `nothing` of none."""
    given = np.sort(grades.dropna().to_numpy(float))[::-1]
    if not len(given):
        return dict.fromkeys(STATISTICS, nothing)
    top = given[0], given[:2].mean()
    return dict(zip(STATISTICS, (float(given.mean()), *map(float, top)), strict=True))


def eye_scores(tables: Tables) -> Scores:
    """The module's metrics that are no counts.

    Args:
        tables: "eyes", of `eye_table`, with the prefixes "", `READING` and perhaps `BEFORE`.
    """
    table = tables["eyes"]
    scores: Scores = {}
    for prefix in ("", MAIN_VEINS, BEFORE, READING):
        if f"{prefix}{STATISTICS[0]}" in table:
            scores |= {f"{prefix}{name}": v for name, v in _scores(table, prefix).items()}
    return defined(scores)


def _scores(table: pd.DataFrame, prefix: str) -> Scores:
    table = table[table[f"{prefix}mean"].notna()]
    hypertensive = table["hypertensive"].to_numpy(bool)
    group = table["group"].to_numpy(str)
    against = {
        "normal": ~hypertensive & (group == NORMAL),
        "others": ~hypertensive & (group != LEFT_OUT),
    }
    graded = table[f"{prefix}{GRADED}"].to_numpy(int) > 0
    scores: Scores = {}
    for name, negative in against.items():
        used = hypertensive | negative
        for statistic in STATISTICS:
            value = table[f"{prefix}{statistic}"].to_numpy(float)
            metric = f"auc_hypertensive_{name}_{statistic}"
            scores[metric] = auc(hypertensive[used], value[used])
            if prefix != READING:
                seen = used & graded
                scores[f"{metric}_graded"] = auc(hypertensive[seen], value[seen])
    top = table[f"{prefix}top2"].to_numpy(float)
    scores["sensitivity_at_10_percent_normal"] = sensitivity(
        top[hypertensive], top[against["normal"]]
    )
    for name in np.unique(group):
        for statistic in ("mean", "top2"):
            mean = table.loc[group == name, f"{prefix}{statistic}"].mean()
            scores[f"group_{word(name)}_{statistic}"] = float(mean)
    return scores


def sensitivity(
    hypertensive: NDArray[np.float64], normal: NDArray[np.float64], of: int = EXCEEDING
) -> float:
    """Share of hypertensive eyes above the lowest threshold that at most one normal eye of `of`
    exceeds; NaN without eyes of either kind.

    >>> sensitivity(np.array([1.0, 2.0]), np.arange(20) / 10)
    0.5
    """
    if not len(hypertensive) or not len(normal):
        return float("nan")
    threshold = np.sort(normal)[::-1][len(normal) // of]
    return float((hypertensive > threshold).mean())


def eye_counts(table: pd.DataFrame) -> Scores:
    """Eyes of each group, and of all."""
    counts = {f"n_eyes_{word(name)}": float(n) for name, n in table["group"].value_counts().items()}
    counts = {"n_eyes": float(len(table)), **dict(sorted(counts.items()))}
    without = {
        f"{prefix}n_eyes_without_grade": float((table[f"{prefix}{GRADED}"] == 0).sum())
        for prefix in ("", MAIN_VEINS, BEFORE)
        if f"{prefix}{GRADED}" in table
    }
    return counts | without


def word(group: object) -> str:
    """A group's name as a part of a metric's."""
    return re.sub(r"\W+", "_", str(group)).strip("_").lower()


def missing_eyes(eyes: pd.DataFrame, photographs: Collection[str]) -> int:
    """Number of eyes that are not among these images."""
    return int((~eyes["image"].isin(list(photographs))).sum())
