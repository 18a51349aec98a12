"""Read predictions of several graders, stack them, score and write."""

from collections.abc import Mapping
from pathlib import Path

from av_grading.ensemble.stacking import stack, stacking_features
from av_grading.evaluation.metrics import scores_with_intervals
from av_grading.evaluation.plots import plot_scores
from av_grading.formats.caliber_table import read_ratios
from av_grading.formats.manifest import GradedPatch
from av_grading.formats.predictions import PREDICTIONS, align, read_predictions, write_predictions
from av_grading.formats.results import write_results


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
        measured = read_ratios(caliber, patches)
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
