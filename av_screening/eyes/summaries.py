"""A run's grades by photograph, eye and person."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from av_grading.formats.files import write_whole
from av_screening.eyes.eye_table import Eye, read_run_eyes
from av_screening.eyes.sign_summaries import signs_by
from av_screening.run.finished_run import FinishedRun

BY_EYE = "by_eye"
"""Folder of a run with its tables by photograph, eye and person."""
UNSURE = "not known"
"""Stands for an eye that neither a table nor a sure guess names."""
TABLES = {
    "photographs.csv": ["photograph"],
    "eyes.csv": ["person", "eye"],
    "persons.csv": ["person"],
}
"""Tables that are written, and what a row of each is."""


def eyes_of(run: FinishedRun, table: Mapping[str, Eye] | None = None) -> dict[str, Eye]:
    """Person and eye of every photograph of a run.

    The table's word stands; else what the run says (`eye` in summary.csv). Without a table a
    photograph is taken for a person of its own, unless the run has an `id` (a DICOM attribute such
    as PatientID).

    Args:
        run: the run.
        table: of `read_eyes`.
    """
    found = {}
    rows = run.summary.astype(object).where(run.summary.notna(), None).to_dict("records")
    for row in rows:
        name = str(row["photograph"])
        given = (table or {}).get(name, Eye())
        person = given.person or str(row.get("id") or "") or name
        eye = given if given.eye else _from_run(row)
        found[name] = Eye(person, eye.eye, eye.source, eye.score)
    return found


def _from_run(row: Mapping[str, object]) -> Eye:
    """Of a row of summary.csv; runs of version 0.2.0 and earlier do not know eyes."""
    eye, source = str(row.get("eye") or ""), str(row.get("eye_source") or "")
    score = row.get("eye_score")
    return Eye("", eye, source, float(str(score)) if score is not None else float(bool(eye)))


def summaries(run: FinishedRun, eyes: Mapping[str, Eye]) -> dict[str, pd.DataFrame]:
    """Name of a table → its rows, see `TABLES`.

    `photographs` and `crossings` are counts; `graded` of crossings that are gradable, where the
    run says so; `highest_grade` and `mean_grade` over those, and what signs were measured at them
    (see `sign_summaries`). A person's `eyes` are counted too.
    """
    names = run.summary["photograph"].astype(str)
    photographs = pd.DataFrame(
        {
            "photograph": names,
            "person": [eyes[n].person for n in names],
            "eye": [eyes[n].eye or UNSURE for n in names],
            "eye_source": [eyes[n].source for n in names],
            "eye_score": [eyes[n].score for n in names],
        }
    )
    for column in ("flagged",):
        if column in run.summary:
            photographs[column] = run.summary[column].to_numpy()
    crossings = run.crossings.merge(photographs[["photograph", "person", "eye"]], on="photograph")
    grade = crossings["grade"] if "grade" in crossings else pd.Series(np.nan, crossings.index)
    grade = pd.to_numeric(grade).astype("float64")
    if "gradable" in crossings:
        grade = grade.where(crossings["gradable"] == 1)
    crossings = crossings.assign(counted=grade)
    found = {}
    for table, keys in TABLES.items():
        counts = photographs.groupby(keys, sort=True).agg(photographs=("photograph", "size"))
        if table == "persons.csv":
            sure = photographs[photographs["eye"] != UNSURE]
            counts["eyes"] = sure.groupby(keys)["eye"].nunique()
        by = crossings.groupby(keys)["counted"]
        counts["crossings"] = by.size()
        counts["graded"] = by.count()
        for column in counts:
            counts[column] = counts[column].fillna(0).astype(int)
        counts["highest_grade"] = by.max().astype("Int64")
        counts["mean_grade"] = by.mean().round(3)
        if "flagged" in photographs:
            counts["flagged"] = photographs.groupby(keys)["flagged"].max()
        counts = counts.join(signs_by(crossings, keys))
        rows = counts.reset_index()
        if table == "photographs.csv":
            known = photographs.drop(columns="flagged", errors="ignore")
            rows = known.merge(rows.drop(columns="photographs"), on="photograph")
        found[table] = rows
    return found


def write_summaries(output: Path, tables: Mapping[str, pd.DataFrame]) -> None:
    """Write the tables as CSV.

    Raises:
        OSError: they cannot be written.
    """
    for name, table in tables.items():
        write_whole(output / name, table.to_csv(index=False, lineterminator="\n"))


def summarise(folder: Path, table: Path | None, output: Path) -> None:
    """Write a run's tables by photograph, eye and person, and say what is known.

    Args:
        folder: of the run.
        table: eyes.csv; None without one.
        output: folder to write.

    Raises:
        FileProblems: of the run or of eyes.csv.
        OSError: the tables cannot be written.
    """
    run = FinishedRun.read(folder)
    eyes = eyes_of(run, read_run_eyes(table, run))
    write_summaries(output, summaries(run, eyes))
    sources = [eye.source if eye.eye else UNSURE for eye in eyes.values()]
    counts = ", ".join(f"{sources.count(s)} {s}" for s in sorted(set(sources)))
    persons = len({eye.person for eye in eyes.values()})
    print(f"{len(eyes)} photographs of {persons} persons; eyes: {counts}")
    print(f"written: {output}")
