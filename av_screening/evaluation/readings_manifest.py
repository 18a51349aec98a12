"""A manifest of a run's patches with the grades of readings: to look at graders there, or train."""

import os
from pathlib import Path

import pandas as pd

from av_grading.decision import round_grade
from av_grading.formats.manifest import MAP_KIND, PLACE, GradedPatch, format_manifest, read_manifest
from av_screening.evaluation.run_readings import Runs

SOURCE = "readings"
"""In the manifest's column `source`."""


def readings_manifest(runs: Runs, table: pd.DataFrame, path: Path) -> str:
    """Rows of the crossings that a run found and both readings call clear; the grade is the
    readings' mean, rounded.

    Args:
        runs: whose patches they are.
        table: of `reading_scores.run_table`.
        path: where the manifest will be: what it names is relative to its folder.

    Raises:
        ManifestError: the manifest of a photograph's patches is not what it should be.
    """
    chosen = table[table["true_grade"].notna() & (table["found"] == 1)]
    rows: list[dict[str, object]] = []
    for photograph, read in chosen.groupby("photograph", sort=True):
        patches = _patches_of(runs, str(photograph))
        grades = round_grade(read["true_grade"].to_numpy(float))
        for number, grade in sorted(zip(read["crossing"].astype(int), grades, strict=True)):
            if (patch := patches.get(number)) is not None:
                rows.append(_row(patch, int(grade), str(photograph), path.parent))
    return format_manifest(rows, (MAP_KIND, *PLACE))


def _patches_of(runs: Runs, photograph: str) -> dict[int, GradedPatch]:
    """Patches of a photograph by the number of the crossing."""
    own = runs.crossings[runs.crossings["photograph"] == photograph]
    written = own.loc[own["patch"].notna(), "patch"]
    if written.empty:
        return {}
    # photographs/FOLDER/patches/0.png: the manifest lies beside the folder of patches.
    folder = (runs.homes[photograph] / str(written.iloc[0])).parent.parent
    return {int(row.patch.stem): row for row in read_manifest(folder / "manifest.csv")}


def _row(patch: GradedPatch, grade: int, photograph: str, folder: Path) -> dict[str, object]:
    files = {name: os.path.relpath(getattr(patch, name), folder) for name in ("patch", "av_map")}
    return {
        **{name: patch.more.get(name, "") for name in PLACE},
        **{name: Path(file).as_posix() for name, file in files.items()},
        "grade": grade,
        "group": photograph,
        "source": SOURCE,
        MAP_KIND: patch.map_kind,
    }
