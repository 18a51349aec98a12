"""Read predictions of several graders, stack them, score and write."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from av_grading.ensemble.stacking import stack, stacking_features
from av_grading.evaluation.metrics import scores_with_intervals
from av_grading.evaluation.plots import plot_scores
from av_grading.formats.errors import InputFileError
from av_grading.formats.manifest import GradedPatch
from av_grading.formats.predictions import PREDICTIONS, align, read_predictions, write_predictions
from av_grading.formats.results import write_results

Array = NDArray[np.float64]

CALIBER = ("ratio_first", "ratio_second", "ratio_error_first", "ratio_error_second")
"""Columns of caliber.csv that the head sees, the narrower side first."""


def read_caliber(path: Path, patches: Sequence[str]) -> Array:
    """Ratio and error of the narrower side, then of the wider, (N, 4); NaN where not measured.

    Args:
        path: CSV of `python -m av_grading.caliber`.
        patches: in this order.

    Raises:
        InputFileError: unreadable, other columns, or none of the patches.
    """
    known: dict[str, list[float]] = {}
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            if not {"patch", *CALIBER} <= set(reader.fieldnames or ()):
                raise InputFileError(path, f"expected the columns patch, {', '.join(CALIBER)}")
            for row in reader:
                try:
                    values = [float(row[name] or "nan") for name in CALIBER]
                except ValueError as error:
                    raise InputFileError(path, f"row {reader.line_num}: {error}") from error
                sides = sorted(zip(values[:2], values[2:], strict=True), key=_known_and_narrow)
                known[row["patch"]] = [*sides[0], *sides[1]]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputFileError(path, f"not a readable CSV file: {error}") from error
    found = np.array([known.get(p, [np.nan] * len(CALIBER)) for p in patches])
    if not any(p in known for p in patches):
        raise InputFileError(path, "expected the predicted patches, found none of them")
    return found


def _known_and_narrow(side: tuple[float, float]) -> tuple[bool, float]:
    return bool(np.isnan(side[0])), side[0]


def stack_predictions(
    paths: Mapping[str, Path],
    output: Path,
    *,
    caliber: Path | None,
    folds: int,
    seed: int,
    draws: int,
) -> None:
    """Read, stack, score and write.

    Raises:
        InputFileError, ValueError: predictions that cannot be read or that differ in their patches.
        SplitError: too few photographs.
    """
    tables = {name: read_predictions(path) for name, path in paths.items()}
    y_true, groups, members = align(tables)
    patches = sorted(next(iter(tables.values())))
    grades = y_true.astype(int).tolist()
    teams = {"team": stacking_features(list(members.values()))}
    if caliber is not None:
        measured = read_caliber(caliber, patches)
        teams = {
            "team": stacking_features(list(members.values()), measured),
            "networks": teams["team"],
        }
        teams["caliber"] = measured
    stacked = {name: stack(x, grades, groups, folds, seed) for name, x in teams.items()}
    predictions = {name: found[0] for name, found in stacked.items()} | members
    metrics, ci95 = scores_with_intervals(y_true, predictions, groups, draws, seed)
    write_results(
        output / "results.json",
        metrics=metrics,
        ci95=ci95,
        seeds=[seed],
        data={
            "patches": len(patches),
            "groups": len(set(groups)),
            "members": {name: str(path) for name, path in paths.items()},
            "caliber": "" if caliber is None else str(caliber),
            "head_strengths": {name: found[1] for name, found in stacked.items()},
        },
    )
    rows = [
        GradedPatch(Path(p), Path(), grade, group, "")
        for p, grade, group in zip(patches, grades, groups, strict=True)
    ]
    write_predictions(output / PREDICTIONS, rows, predictions["team"])
    plot_scores(y_true, predictions["team"], output / "scores.png")
    for name in predictions:
        low, high = ci95[f"{name}_qwk"]
        value = metrics[f"{name}_qwk"]
        print(f"{name:16} QWK {value:.3f}  (95 % interval {low:.3f} to {high:.3f})")
