"""Figures of a cohort, made from a run's tables alone; columns that a run lacks are left out."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from av_grading.formats.files import write_whole
from av_grading.formats.grade_definition import GRADES
from av_grading.signs.registry import signs
from av_grading.signs.sign import Sign
from av_screening.report.figure_page import Section, embed, figure_page, png_of
from av_screening.report.sign_groups import Figure as GroupFigure
from av_screening.report.sign_groups import best_words, group_table
from av_screening.run.finished_run import FinishedRun

COLORS = ("#4b9a63", "#d6b13a", "#d9822b", "#c23b30")
"""Of grades 0-3."""
NO_FOLDER = "(no folder)"
"""Set of photographs that lie in the folder itself."""
WIDTHS_FIGURE = "caliber"
"""The sign whose figure is that of widths; each of the others has one of its own."""
MOST_SETS = 20
"""Sets with a bar of their own; more become unreadable, and stand in the table alone."""


@dataclass(frozen=True)
class CohortFigure:
    """A figure with its words.

    Attributes:
        name: of its file, without suffix.
        title: heading.
        caption: what it shows.
        figure: the figure.
    """

    name: str
    title: str
    caption: str
    figure: Figure


def set_of(photographs: pd.Series) -> pd.Series:
    """Set of each photograph: the first folder of its path."""
    names = photographs.astype(str)
    return names.str.split("/").str[0].where(names.str.contains("/", regex=False), NO_FOLDER)


def write_report(
    run: FinishedRun,
    output: Path,
    groups: Mapping[str, str] | None = None,
    compared: Sequence[GroupFigure] = (),
) -> Path:
    """Write report.html and a PNG of every figure.

    Args:
        run: the run.
        output: folder to write.
        groups: photograph → group of eyes; None or empty where none are compared.
        compared: of `sign_groups.compare_groups`.

    Returns:
        the page.

    Raises:
        OSError: it cannot be written.
    """
    columns, rows = cohort_table(run)
    sections = [Section("Photographs", _lead(run), columns=columns, rows=rows)]
    if groups:
        heads, cells = group_table(compared, groups)
        words = best_words(compared, groups)
        sections.append(Section("Signs by group of eyes", words, columns=heads, rows=cells))
    for found in cohort_figures(run):
        picture = png_of(found.figure)
        write_whole(output / f"{found.name}.png", picture)
        sections.append(Section(found.title, picture=embed(picture), caption=found.caption))
    page = output / "report.html"
    write_whole(page, figure_page(f"Cohort of {len(run.summary)} photographs", sections))
    return page


def _lead(run: FinishedRun) -> list[str]:
    texts = [
        f"{len(run.summary)} photographs screened, {len(run.failures)} not; "
        f"{len(run.crossings)} crossings."
    ]
    if "gradable" not in run.crossings:
        texts.append("This run does not say which crossings are gradable: all are counted.")
    return texts


def cohort_table(run: FinishedRun) -> tuple[list[str], list[list[object]]]:
    """Heads and rows of a table by set: photographs, crossings, graded, and more where known."""
    sets = {
        "photographs": set_of(run.summary["photograph"]).value_counts(),
        "not screened": set_of(run.failures["photograph"]).value_counts(),
        "crossings": set_of(run.crossings["photograph"]).value_counts(),
    }
    of_crossing = set_of(run.crossings["photograph"])
    for column, name in (("grade", "graded"), ("measurable", "measured")):
        if column in run.crossings:
            known = run.crossings[column].notna()
            known &= run.crossings[column] != 0 if column == "measurable" else known
            sets[name] = of_crossing[known].value_counts()
    if "gradable" in run.crossings:
        sets["gradable"] = of_crossing[run.crossings["gradable"] == 1].value_counts()
    if "flagged" in run.summary:
        flagged = run.summary["flagged"] == 1
        sets["flagged photographs"] = set_of(run.summary["photograph"])[flagged].value_counts()
    table = pd.DataFrame(sets).fillna(0).astype(int).sort_index()
    if len(table) > 1:
        table.loc["all"] = table.sum()
    return ["set", *table.columns], [
        [name, *row] for name, row in zip(table.index, table.to_numpy().tolist(), strict=True)
    ]


def cohort_figures(run: FinishedRun) -> Iterator[CohortFigure]:
    """Figures that the run's columns allow, in the order of the page."""
    crossings = run.crossings.assign(set=set_of(run.crossings["photograph"]))
    graded = _graded(crossings)
    if len(graded):
        counted = "gradable crossings" if "gradable" in crossings else "crossings"
        caption = f"Share of {counted} by grade; the number in brackets is that of {counted}."
        yield CohortFigure(
            "grades_by_set", "Grades by set", caption, _stacked(graded["set"], graded["grade"])
        )
        eyes = _eyes(run)
        if eyes is not None:
            of_crossing = graded["photograph"].map(eyes)
            yield CohortFigure(
                "grades_by_eye",
                "Grades by eye",
                caption + " OD right, OS left.",
                _stacked(of_crossing, graded["grade"]),
            )
        highest = graded.groupby("photograph")["grade"].max()
        yield CohortFigure(
            "highest_grade",
            "Highest grade of each photograph",
            f"Photographs by the highest grade of their {counted}.",
            _bars(highest.value_counts().reindex(GRADES, fill_value=0), "highest grade"),
        )
    if "gradable" in crossings and len(crossings):
        words = crossings["gradable"].map({1: "gradable", 0: "not gradable"}).fillna("not known")
        if "not_gradable_reason" in crossings:
            # What comes after a colon is that crossing's own number.
            reason = crossings["not_gradable_reason"].fillna("").astype(str).str.split(":").str[0]
            words = words.where((crossings["gradable"] != 0) | (reason == ""), reason)
        yield CohortFigure(
            "gradable",
            "Gradable or not, by reason",
            "Crossings that are gradable, and why the others are not.",
            _bars(words.value_counts(), "", sideways=True),
        )
    widths = _widths(crossings)
    if widths is not None:
        yield CohortFigure(
            "widths",
            "Widths of the veins",
            "Left: the vein's own width away from the crossing. Right: its width beside the artery "
            "as a share of that, by grade where it is graded, as the caliber measures them. "
            "Both sides of a crossing count.",
            widths,
        )
    for sign in signs():
        if sign.name != WIDTHS_FIGURE:
            figure = _sign_figure(crossings, sign)
            if figure is not None:
                caption = "; ".join(f"{c.name}: {c.meaning}" for c in sign.columns)
                yield CohortFigure(sign.name, sign.title, f"By grade. {caption}.", figure)
    if len(run.failures):
        yield CohortFigure(
            "failures",
            "Not screened, by reason",
            "Photographs that were not screened.",
            _bars(run.failures["reason"].value_counts(), "", sideways=True),
        )


def _graded(crossings: pd.DataFrame) -> pd.DataFrame:
    """Crossings whose grade counts: gradable, where that is known."""
    if "grade" not in crossings:
        return crossings.iloc[:0]
    counts = crossings["grade"].notna()
    if "gradable" in crossings:
        counts &= crossings["gradable"] == 1
    return crossings[counts]


def _eyes(run: FinishedRun) -> dict[str, str] | None:
    """Photograph → "OD", "OS" or "not known"; None where the run says nothing of eyes."""
    if "eye" not in run.summary or run.summary["eye"].isna().all():
        return None
    eyes = run.summary["eye"].fillna("not known").astype(str)
    return dict(zip(run.summary["photograph"].astype(str), eyes, strict=True))


def _stacked(names: pd.Series, grades: pd.Series) -> Figure:
    """Bars of shares of grades, one a name and one of all."""
    table = pd.crosstab(names, grades.astype(int)).reindex(columns=GRADES, fill_value=0)
    if len(table) > MOST_SETS:
        table = table.iloc[:0]
    if len(table) != 1:
        table.loc["all"] = [int((grades == grade).sum()) for grade in GRADES]
    figure = Figure(figsize=(8, 1.2 + 0.38 * len(table)), layout="constrained")
    axes = figure.subplots()
    shares = table.div(table.sum(axis=1).clip(lower=1), axis=0)
    left = np.zeros(len(table))
    labels = [f"{name} ({count})" for name, count in table.sum(axis=1).items()]
    for grade, color in zip(GRADES, COLORS, strict=True):
        width = shares[grade].to_numpy(float)
        axes.barh(np.arange(len(table)), width, left=left, color=color, label=f"grade {grade}")
        left += width
    axes.set_yticks(range(len(table)), labels, parse_math=False)
    axes.invert_yaxis()
    axes.set(xlabel="share", xlim=(0, 1))
    axes.legend(ncols=4, frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1))
    return figure


def _bars(counts: pd.Series, label: str, *, sideways: bool = False) -> Figure:
    names = [str(name) for name in counts.index]
    size = (8, 1 + 0.36 * len(names)) if sideways else (6, 3)
    figure = Figure(figsize=size, layout="constrained")
    axes = figure.subplots()
    places = range(len(names))
    values = counts.to_numpy(int)
    if sideways:
        bars = axes.barh(places, values, color="#4a78b5")
        axes.set_yticks(places, names, parse_math=False)
        axes.invert_yaxis()
        axes.set(xlabel="number")
    else:
        colors = COLORS if list(counts.index) == list(GRADES) else "#4a78b5"
        bars = axes.bar(places, values, color=colors)
        axes.set_xticks(places, names, parse_math=False)
        axes.set(xlabel=label, ylabel="number")
    axes.bar_label(bars, padding=2)
    axes.margins(x=0.1 if sideways else 0.05, y=0.15 if not sideways else 0.05)
    return figure


def _widths(crossings: pd.DataFrame) -> Figure | None:
    own = [c for c in ("own_width_first_drive_px", "own_width_second_drive_px") if c in crossings]
    ratios = [c for c in ("ratio_first", "ratio_second") if c in crossings]
    both = [crossings[[*own]].stack().dropna(), crossings[[*ratios]].stack().dropna()]
    if not any(map(len, both)):
        return None
    figure = Figure(figsize=(10, 3.4), layout="constrained")
    left, right = figure.subplots(1, 2)
    left.hist(both[0].to_numpy(float), bins=24, color="#4a78b5")
    left.set(xlabel="own width (DRIVE px)", ylabel="sides")
    _ratios_by_grade(right, crossings, ratios)
    return figure


def _sign_figure(crossings: pd.DataFrame, sign: Sign) -> Figure | None:
    """A sign's numbers by grade, a box plot a column; None where the run has none of them."""
    names = [c.name for c in sign.columns if c.kind == "number" and c.name in crossings]
    names = [name for name in names if crossings[name].notna().any()]
    if not names:
        return None
    figure = Figure(figsize=(max(4.0, 3.4 * len(names)), 3.4), layout="constrained")
    for axes, name in zip(figure.subplots(1, len(names), squeeze=False)[0], names, strict=True):
        _by_grade(axes, crossings, [name])
        axes.set(ylabel=name)
    return figure


def _ratios_by_grade(axes: Axes, crossings: pd.DataFrame, ratios: list[str]) -> None:
    _by_grade(axes, crossings, ratios)
    axes.axhline(1, color="grey", linestyle=":")
    axes.set(ylabel="width beside the artery / own width")


def _by_grade(axes: Axes, crossings: pd.DataFrame, ratios: list[str]) -> None:
    """A box a grade of all values of some columns; one of all crossings where none is graded."""
    graded = _graded(crossings)
    groups = {
        f"grade {g}": graded.loc[graded["grade"] == g, ratios].stack().dropna().to_numpy(float)
        for g in (GRADES if len(graded) else ())
    }
    groups = {name: values for name, values in groups.items() if len(values)}
    if not groups:
        groups = {"all": crossings[ratios].stack().dropna().to_numpy(float)}
    labels = [f"{name}\n({len(values)})" for name, values in groups.items()]
    axes.boxplot(list(groups.values()), tick_labels=labels, showfliers=False)
