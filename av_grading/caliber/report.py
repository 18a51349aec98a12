"""Report the classical systems: widths on phantoms, ratios and grades on simulated nicking.

    python -m av_grading.caliber.report --manifest output/nicking/manifest.csv \\
        --output results/caliber.json team=output/team/predictions.csv

Phantoms have veins of known width. The manifest is one of `av-nicking simulate`. Grades in
the manner of Nguyen come from thresholds, in the manner of Roy from a classifier out of fold, on
the project's grouped folds. Predictions of trained graders, name=predictions.csv, are scored on the
same patches. Intervals come from resampling photographs.
Exit codes: 0 done, 1 failed, 2 wrong usage.
"""

import argparse
import sys
from pathlib import Path

from av_grading.command_line import exit_code, make_parser, named_paths
from av_grading.command_line.defaults import SIDE


def run(args: argparse.Namespace, paths: dict[str, Path]) -> None:
    """Measure everything, score, write."""
    import numpy as np

    from av_grading.caliber.measure import measure_row, reasons
    from av_grading.caliber.phantom_check import measure_phantoms, phantom_metrics
    from av_grading.caliber.simulated_check import collect, left_out
    from av_grading.caliber.system_scores import given_grades, score
    from av_grading.command_line.progress import progress
    from av_grading.formats.manifest import read_manifest
    from av_grading.formats.results import write_results

    rows = read_manifest(args.manifest, graded_only=True)
    phantoms = measure_phantoms(args.phantoms, args.seed)
    flat = phantom_metrics(measure_phantoms(max(1, args.phantoms // 2), args.seed, roundness=0.5))
    measured = [measure_row(row, args.side) for row in progress(rows, "measuring", "crossing")]
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
    add("--manifest", type=Path, required=True, help="of av-nicking simulate")
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
