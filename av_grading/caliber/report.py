"""Report the classical systems: widths on phantoms, ratios and grades on simulated nicking.

    python -m av_grading.caliber.report --manifest output/nicking/manifest.csv \\
        --output results/caliber.json team=output/team/predictions.csv

Phantoms have veins of known width. The manifest is one of datasets/simulate_nicking.py. Grades in
the manner of Nguyen come from thresholds, in the manner of Roy from a classifier out of fold, on
the project's grouped folds. Predictions of trained graders, name=predictions.csv, are scored on the
same patches. Intervals come from resampling photographs.
Exit codes: 0 done, 1 failed, 2 wrong usage.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from av_grading.caliber.features import crossing_features, normalise, out_of_fold
from av_grading.caliber.measure import Measured, measure_row, reasons
from av_grading.caliber.phantom_check import PhantomErrors, measure_phantoms, phantom_metrics
from av_grading.caliber.simulated_check import (
    Ratios,
    caliber_grades,
    collect,
    left_out,
    ratio_metrics,
)
from av_grading.command_line import exit_code, make_parser, named_paths
from av_grading.evaluation.metrics import interval, quadratic_kappa, resample_groups
from av_grading.formats.errors import InputFileError
from av_grading.formats.grade_definition import Thresholds
from av_grading.formats.manifest import read_manifest
from av_grading.formats.patches import SIDE
from av_grading.formats.predictions import read_predictions
from av_grading.formats.results import write_results

Array = NDArray[np.float64]
Rows = NDArray[np.int64]


def given_grades(
    measured: Sequence[Measured], folder: Path, paths: dict[str, Path], folds: int, seed: int
) -> dict[str, Array]:
    """System → grade of every crossing (N,), NaN where it gives none.

    Raises:
        InputFileError: predictions that cannot be read, or of other patches.
        SplitError: too few photographs for the folds.
    """
    groups = [m.row.group for m in measured]
    truth = [m.row.grade for m in measured]
    said = caliber_grades(measured, Thresholds())
    features = np.stack([crossing_features(m.widths, m.drive_px or 1.0) for m in measured])
    known = [g for g in truth if g is not None]
    roy = out_of_fold(normalise(features, groups), known, groups, folds, seed)
    found = {
        "nguyen": np.array([np.nan if g is None else g for g in said]),
        "roy": roy.argmax(axis=1).astype(float),
    }
    for name, path in paths.items():
        table = read_predictions(path)
        grades = np.full(len(measured), np.nan)
        for number, m in enumerate(measured):
            key = m.row.name(folder)
            if key in table:
                grades[number] = int(np.argmax(table[key][2]))
        if np.isnan(grades).all():
            raise InputFileError(path, "expected predictions of the manifest's patches, found none")
        found[name] = grades
    return found


def grade_metrics(truth: Array, grades: dict[str, Array], rows: Rows) -> dict[str, float]:
    """QWK, accuracy and share graded of each system on some rows; those without a grade apart.

    `<system>_measured_qwk` is on the crossings that Nguyen's thresholds could grade, so that all
    systems stand beside each other.
    """
    found = {}
    easy = np.isfinite(grades["nguyen"][rows])
    for name, said in grades.items():
        known = np.isfinite(said[rows])
        found[f"{name}_qwk"] = quadratic_kappa(truth[rows][known], said[rows][known])
        found[f"{name}_accuracy"] = float((truth[rows] == said[rows])[known].mean())
        found[f"{name}_graded_share"] = float(known.mean())
        both = known & easy
        found[f"{name}_measured_qwk"] = quadratic_kappa(truth[rows][both], said[rows][both])
    return found


def score(
    phantoms: Sequence[PhantomErrors],
    ratios: Ratios,
    grades: dict[str, Array],
    truth: Array,
    groups: Sequence[str],
    fresh: NDArray[np.bool_],
    draws: int,
    seed: int,
) -> tuple[dict[str, float], dict[str, list[float]]]:
    """All metrics and their 95 % intervals; phantoms are resampled one by one."""

    def crossings(rows: Rows) -> dict[str, float]:
        found = ratio_metrics(ratios, rows[fresh[rows]])
        everything = ratio_metrics(ratios, rows)
        found |= {f"{k}_with_tuned": v for k, v in everything.items() if k == "ratio_spearman"}
        return found | grade_metrics(truth, grades, rows)

    metrics = phantom_metrics(phantoms) | crossings(np.arange(len(truth)))
    rng = np.random.default_rng(seed)
    resampled = [
        phantom_metrics([phantoms[i] for i in rng.integers(len(phantoms), size=len(phantoms))])
        | crossings(rows)
        for rows in resample_groups(groups, draws, seed)
    ]
    return metrics, {name: interval([r[name] for r in resampled]) for name in metrics}


def run(args: argparse.Namespace, paths: dict[str, Path]) -> None:
    """Measure everything, score, write."""
    rows = read_manifest(args.manifest, graded_only=True)
    phantoms = measure_phantoms(args.phantoms, args.seed)
    flat = phantom_metrics(measure_phantoms(max(1, args.phantoms // 2), args.seed, roundness=0.5))
    progress = tqdm(rows, desc="measuring", disable=None, unit="crossing")
    measured = [measure_row(row, args.side) for row in progress]
    ratios = collect(measured)
    grades = given_grades(measured, args.manifest.parent, paths, args.folds, args.seed)
    truth = np.array([m.row.grade for m in measured], float)
    groups = [m.row.group for m in measured]
    metrics, ci95 = score(
        phantoms, ratios, grades, truth, groups, ~left_out(rows), args.draws, args.seed
    )
    metrics["phantom_half_flat_mae_px"] = flat["phantom_mae_px"]
    write_results(
        args.output,
        metrics=metrics,
        ci95=ci95,
        seeds=[args.seed],
        data={
            "manifest": str(args.manifest),
            "patches": len(rows),
            "groups": len(set(groups)),
            "phantoms": len(phantoms),
            "ratio_spearman": "simulated nicking; every fourth crossing, on which thresholds were "
            "set, is left out",
            "sides_not_measured": dict(reasons(measured)),
        },
        bootstrap={"resampled": "photographs; phantoms one by one", "draws": args.draws},
    )
    for name in ("phantom_mae_px", "ratio_spearman", "measurable_share", "nguyen_qwk", "roy_qwk"):
        low, high = ci95[name]
        print(f"{name:18} {metrics[name]:.3f}  (95 % interval {low:.3f} to {high:.3f})")
    print(f"written: {args.output}")


def main(argv: list[str] | None = None) -> int:
    parser = make_parser(__doc__)
    add = parser.add_argument
    add("models", nargs="*", metavar="name=predictions.csv")
    add("--manifest", type=Path, required=True, help="of datasets/simulate_nicking.py")
    add("--output", type=Path, required=True, help="results file to write (.json)")
    add("--side", type=float, default=SIDE, help="of a patch (DRIVE px)")
    add("--phantoms", type=int, default=8, help="veins of each width and reflex")
    add("--folds", type=int, default=5)
    add("--draws", type=int, default=1000, help="bootstrap resamples of the photographs")
    add("--seed", type=int, default=0)
    args = parser.parse_args(argv)
    paths = named_paths(parser, args.models)
    return exit_code(lambda: run(args, paths), "interrupted; nothing was written")


if __name__ == "__main__":
    sys.exit(main())
