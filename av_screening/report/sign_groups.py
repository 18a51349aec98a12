"""Every sign by group of eyes: what it comes to in each group, and how well it tells a group from
the reference.

Of every eye (a photograph), over its gradable crossings where the sign was measured: `strongest`,
`mean`, and `present`, the share of the crossings that have it. An eye where nothing was measured is
left out of that sign's figures. Signs are those of the registry, and the grade beside them.

| metric | meaning |
| --- | --- |
| `SIGN_STATISTIC_GROUP` | mean over the group's eyes |
| `SIGN_STATISTIC_auc_GROUP` | area under the ROC curve, the group's eyes against the reference's |
| `SIGN_n_GROUP` | number of the group's eyes where the sign was measured |
| `n_eyes_GROUP` | number of its eyes in the run |

An area above .5 says that the sign is stronger in the group, also where less is stronger, as of
what is left to see of a vein. Intervals are of eyes drawn with replacement.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from av_grading.evaluation.metrics import interval, resample_groups
from av_grading.formats.csv_table import numbered, read_table
from av_grading.signs.sign import Finding
from av_screening.errors import FileProblems
from av_screening.evaluation.eye_scores import word
from av_screening.evaluation.in_use_scores import auc
from av_screening.eyes.sign_summaries import known_findings, presences, strengths

PHOTOGRAPH = ("photograph", "image")
"""Columns of the groups' table that may name the photograph."""
STATISTICS = ("strongest", "mean", "present")
GRADE = Finding(
    "grade",
    "Grade",
    ("expected_grade",),
    "highest expected grade",
    unit="grade",
    answer="nicking_answer",
)
"""What signs are compared with."""

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Figure:
    """What a statistic of a sign comes to.

    Attributes:
        finding: the sign, or `GRADE`.
        statistic: of `STATISTICS`.
        means: group → mean over its eyes.
        areas: group → area under the ROC curve against the reference; without the reference.
        counts: group → number of eyes where it was measured.
        ci95: intervals of both, by the metric's name.
    """

    finding: Finding
    statistic: str
    means: Mapping[str, float]
    areas: Mapping[str, float]
    counts: Mapping[str, int]
    ci95: Mapping[str, list[float]]

    @property
    def name(self) -> str:
        """Start of its metrics."""
        return f"{self.finding.name}_{self.statistic}"

    def metrics(self) -> dict[str, float]:
        """Those of the module."""
        found = {f"{self.name}_{word(group)}": mean for group, mean in self.means.items()}
        found |= {f"{self.name}_auc_{word(group)}": area for group, area in self.areas.items()}
        found |= {f"{self.finding.name}_n_{word(g)}": float(n) for g, n in self.counts.items()}
        return {name: value for name, value in found.items() if np.isfinite(value)}


def read_groups(path: Path, column: str, photographs: Sequence[str]) -> dict[str, str]:
    """Group of each photograph of a run that a table names.

    Args:
        path: CSV with a column of `PHOTOGRAPH`, the path or file name, and the group's column.
        column: that holds the group; rows where it is empty are left out.
        photographs: of the run.

    Raises:
        FileProblems: it cannot be read, lacks a column, names a photograph twice or one that two of
            the run's could be, or none of the run; names all rows.
    """
    try:
        table = read_table(path)
    except FileNotFoundError as error:
        raise FileProblems(path, ["expected a table of eyes, found no file"]) from error
    name = next((c for c in PHOTOGRAPH if c in table), None)
    if name is None or column not in table:
        has = ", ".join(map(str, table)) or "nothing"
        raise FileProblems(
            path, [f"expected the columns photograph (or image) and {column}, found {has}"]
        )
    by_name: dict[str, list[str]] = {}
    for photograph in photographs:
        by_name.setdefault(PurePosixPath(photograph).name, []).append(photograph)
    known = set(photographs)
    found: dict[str, str] = {}
    problems = []
    for line, cells in numbered(table):
        given, group = cells[name].strip(), cells[column].strip()
        same = [given] if given in known else by_name.get(PurePosixPath(given).name, [])
        if len(same) > 1:
            problems.append(f"row {line}: {name}: {given} is {' or '.join(same)}: give its path")
        elif same and same[0] in found:
            problems.append(f"row {line}: {name}: expected {same[0]} once, found it again")
        elif same and group:
            found[same[0]] = group
    if not found and not problems:
        problems = ["expected photographs of the run with a group, found none"]
    if problems:
        raise FileProblems(path, problems)
    return found


def eye_statistics(
    crossings: pd.DataFrame, photographs: Sequence[str]
) -> dict[tuple[Finding, str], Array]:
    """Finding and statistic → its value for each photograph, NaN where nothing was measured."""
    found: dict[tuple[Finding, str], Array] = {}
    grades = [GRADE] if strengths(crossings, GRADE).notna().any() else []
    for finding in [*grades, *known_findings(crossings)]:
        values = strengths(crossings, finding).groupby(crossings["photograph"])
        strongest = values.min() if finding.least else values.max()
        columns = {"strongest": strongest, "mean": values.mean()}
        present = presences(crossings, finding)
        if present.notna().any():
            columns["present"] = present.groupby(crossings["photograph"]).mean()
        for statistic, column in columns.items():
            found[finding, statistic] = column.reindex(list(photographs)).to_numpy(float)
    return found


def compare_groups(
    crossings: pd.DataFrame, groups: Mapping[str, str], reference: str, draws: int, seed: int = 0
) -> list[Figure]:
    """Figures of every sign that the run has measured.

    Args:
        crossings: rows of crossings.csv.
        groups: photograph → its group.
        reference: the group that the others are compared with.
        draws: resamples of the eyes.
        seed: of the resampling.

    Raises:
        ValueError: no eye is of the reference; says which groups there are.
    """
    eyes = sorted(groups)
    names = sorted(set(groups.values()), key=lambda name: (name == reference, name))
    if reference not in names:
        raise ValueError(f"reference: expected one of {', '.join(names)}, found {reference!r}")
    of_eye = np.array([names.index(groups[eye]) for eye in eyes])
    statistics = eye_statistics(crossings, eyes)
    values = np.stack(list(statistics.values())) if statistics else np.zeros((0, len(eyes)))
    # So that higher is stronger in every row.
    signs = np.array(
        [
            -1.0 if finding.least and statistic != "present" else 1.0
            for finding, statistic in statistics
        ]
    )
    resampled = [
        _scores(values[:, rows], of_eye[rows], signs, len(names))
        for rows in resample_groups(eyes, draws, seed)
    ]
    means, areas = _scores(values, of_eye, signs, len(names))
    figures = []
    for row, (finding, statistic) in enumerate(statistics):
        ci95: dict[str, list[float]] = {}
        for number, group in enumerate(names):
            for kind, middle in ((0, ""), (1, "auc_")):
                drawn = [found[kind][row, number] for found in resampled]
                if np.isfinite(drawn).any():
                    ci95[f"{finding.name}_{statistic}_{middle}{word(group)}"] = interval(drawn)
        counts = {
            group: int(np.isfinite(values[row, of_eye == number]).sum())
            for number, group in enumerate(names)
        }
        figures.append(
            Figure(
                finding,
                statistic,
                dict(zip(names, means[row].tolist(), strict=True)),
                dict(zip(names[:-1], areas[row].tolist(), strict=False)),
                counts,
                ci95,
            )
        )
    return figures


def _scores(
    values: Array, of_eye: NDArray[np.int64], signs: Array, count: int
) -> tuple[Array, Array]:
    """Means of groups, and areas against the last one, of M statistics of N eyes; (M, G) each."""
    means, areas = np.full((len(values), count), np.nan), np.full((len(values), count), np.nan)
    for row, found in enumerate(values):
        known = np.isfinite(found)
        parts = [found[known & (of_eye == number)] for number in range(count)]
        for number, part in enumerate(parts):
            if len(part):
                means[row, number] = part.mean()
            if number < count - 1:
                both = signs[row] * np.concatenate([part, parts[-1]])
                areas[row, number] = auc(np.arange(len(both)) < len(part), both)
    return means, areas


def group_table(
    figures: Sequence[Figure], groups: Mapping[str, str]
) -> tuple[list[str], list[list[str]]]:
    """Heads and rows of a page's table: a row a statistic of a sign, by group; then areas."""
    if not figures:
        return [], []
    names = list(figures[0].means)
    count = {name: list(groups.values()).count(name) for name in names}
    heads = ["sign", "of an eye's crossings", *(f"{name} ({count[name]})" for name in names)]
    heads += [f"AUC, {name} against {names[-1]}" for name in names[:-1]]
    rows = []
    for figure in figures:
        cells = [_cell(figure, name, figure.means.get(name), "") for name in names]
        cells += [_cell(figure, name, figure.areas.get(name), "auc_") for name in names[:-1]]
        rows.append([figure.finding.title, _words(figure), *cells])
    return heads, rows


def _words(figure: Figure) -> str:
    if figure.statistic == "strongest":
        return "lowest" if figure.finding.least else "highest"
    return {"mean": "mean", "present": "share that has it"}[figure.statistic]


def _cell(figure: Figure, group: str, value: float | None, kind: str) -> str:
    if value is None or not np.isfinite(value):
        return ""
    ends = figure.ci95.get(f"{figure.name}_{kind}{word(group)}")
    return f"{value:.2f}" + (f" ({ends[0]:.2f} to {ends[1]:.2f})" if ends else "")


def best_words(figures: Sequence[Figure], groups: Mapping[str, str]) -> list[str]:
    """A sentence a group: which signs tell it from the reference best, and what that is worth."""
    if not figures:
        return ["No sign was measured in this run."]
    *others, reference = figures[0].means
    texts = []
    for group in others:
        known = [f for f in figures if np.isfinite(f.areas.get(group, np.nan))]
        ranked = sorted(known, key=lambda f: -f.areas[group])[:3]
        told = [
            f"{f.finding.title} ({_words(f)}), {_cell(f, group, f.areas[group], 'auc_')}"
            for f in ranked
        ]
        if told:
            texts.append(f"{group} against {reference}, by AUC: {'; '.join(told)}.")
    eyes = list(groups.values())
    counts = ", ".join(f"{eyes.count(name)} {name}" for name in figures[0].means)
    texts.append(
        f"Eyes: {counts}. Intervals are of eyes drawn with replacement. Of {len(figures)} figures "
        "a group the best is partly chance: an area whose interval reaches .5 says nothing."
    )
    return texts
