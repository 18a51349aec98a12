"""What an eye's signs come to: how many of its crossings have each, and the strongest.

Only gradable crossings count. Columns are those of summary.csv, so that a table by eye or person
reads like that by photograph.
"""

from collections.abc import Sequence

import pandas as pd

from av_grading.signs.registry import findings
from av_grading.signs.sign import ANSWERS, Finding


def known_findings(crossings: pd.DataFrame) -> list[Finding]:
    """Those that a run has measured at some crossing."""
    return [f for f in findings() if strengths(crossings, f).notna().any()]


def strengths(crossings: pd.DataFrame, finding: Finding) -> pd.Series:
    """How strong a finding is at each gradable crossing, the strongest of its columns; NaN where
    that is not known.

    Args:
        crossings: rows of crossings.csv; columns may be missing.
        finding: of the registry of signs.
    """
    names = [name for name in finding.columns if name in crossings]
    values = crossings[names].apply(pd.to_numeric, errors="coerce")
    found = values.min(axis=1) if finding.least else values.max(axis=1)
    return found.astype("float64").where(_gradable(crossings))


def presences(crossings: pd.DataFrame, finding: Finding) -> pd.Series:
    """1 where a finding is present at a gradable crossing, 0 where it is questionable or absent,
    NaN where that is not known."""
    if finding.answer not in crossings:
        return pd.Series(float("nan"), crossings.index)
    answers = crossings[finding.answer]
    known = (answers == ANSWERS[-1]).astype("float64").where(answers.isin(ANSWERS))
    return known.where(_gradable(crossings))


def _gradable(crossings: pd.DataFrame) -> pd.Series:
    if "gradable" not in crossings:
        return pd.Series(True, crossings.index)
    return crossings["gradable"] == 1


def signs_by(crossings: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    """`Finding.present` and `Finding.strongest` by some columns; without findings that the run did
    not measure.

    Args:
        crossings: rows of crossings.csv with the keys.
        keys: such as person and eye.
    """
    table = crossings[[*keys]].copy()
    columns: dict[str, str] = {}
    for finding in known_findings(crossings):
        if finding.answer:
            table[finding.present] = presences(crossings, finding)
            columns[finding.present] = "sum"
        table[finding.strongest] = strengths(crossings, finding).round(finding.decimals)
        columns[finding.strongest] = "min" if finding.least else "max"
    if not columns:
        return pd.DataFrame(index=table.groupby([*keys]).size().index)
    found = table.groupby([*keys]).agg(columns)
    counts = [name for name, how in columns.items() if how == "sum"]
    return found.astype(dict.fromkeys(counts, "Int64"))
