"""Squeezed crossings as the graders met them, kept as patches with a manifest and the pipeline's
own predictions: for attribution, and for graders that are compared beside it."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from av_grading.formats.files import png, write_whole
from av_grading.formats.images import shares_picture
from av_grading.formats.manifest import GRADES, MAP_KIND, format_manifest, read_manifest
from av_grading.formats.predictions import write_predictions
from av_screening.steps.patches import CrossingPatch

COLUMNS = ("patch", "av_map", MAP_KIND)
"""Of a row whose patch was kept."""
MORE = (MAP_KIND, "x", "y", "scale", "ratio_first", "ratio_second")
MANIFEST = "manifest.csv"


def keep_patch(folder: Path, name: str, crossing: CrossingPatch) -> dict[str, str]:
    """Write patch and map of a crossing below a folder; returns `COLUMNS`.

    Raises:
        OSError: they cannot be written.
    """
    if crossing.shares is None:
        kind, picture = "labels", crossing.av_map
    else:
        kind, picture = "shares", shares_picture(crossing.shares)
    files = (f"patches/{name}.png", f"maps/{name}.png")
    for path, pixels in zip(files, (crossing.patch, picture), strict=True):
        write_whole(folder / path, png(pixels))
    return dict(zip(COLUMNS, (*files, kind), strict=True))


def write_manifest(folder: Path, rows: Iterable[dict[str, Any]]) -> int:
    """Write the manifest of the rows whose patch was kept, with their true grades, and what the
    pipeline says of them, predictions.csv; returns how many.

    Raises:
        OSError: it cannot be written.
    """
    kept = [row for row in rows if row.get("patch")]
    found = [
        {
            **{name: row[name] for name in COLUMNS},
            "grade": row["true_grade"],
            "group": row["photograph"],
            "source": f"simulated:{row['set']}",
            "x": row["x_px"],
            "y": row["y_px"],
            "scale": row["scale"],
            "ratio_first": row["true_ratio_first"],
            "ratio_second": row["true_ratio_second"],
        }
        for row in kept
    ]
    write_whole(folder / MANIFEST, format_manifest(found, MORE))
    if kept:
        said = np.array([[float(row[f"p{grade}"]) for grade in GRADES] for row in kept])
        patches = read_manifest(folder / MANIFEST)
        write_predictions(folder / "predictions.csv", patches, said, folder)
    return len(kept)
