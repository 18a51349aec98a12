"""Train a grader by cross-validation and report it.

    python -m av_grading.train --config configs/grading/two_stream.yaml \\
        --output output/grader data.manifest=output/nicking/manifest.csv

Settings follow as section.key=value; `--first-folds 1` is a grouped hold-out. Writes
predictions.csv (out of fold), results.json, scores.png, training.png, config.yaml and, of each
fold, the grader and its predictions of what it never saw.
Exit codes: 0 done, 1 failed or interrupted, 2 wrong usage.
"""

import argparse
import sys
from pathlib import Path

from av_grading.command_line import (
    extra_of,
    manifest_of,
    run_training,
    training_parser,
    unlabelled_of,
)
from av_grading.config import Config
from av_grading.config_file import load_config


def train_folds(
    config: Config, output: Path, *, draws: int, resume: bool, first: int | None = None
) -> None:
    """Read the manifests, cross-validate, write everything.

    Args:
        config: all settings.
        output: folder to write.
        draws: bootstrap resamples of the groups.
        resume: go on from checkpoints that are there.
        first: train that many of the folds alone.
    """
    from av_grading.cross_validation import PREDICTIONS, cross_validate, pooled, write_predictions
    from av_grading.data.manifest import read_manifest
    from av_grading.data.patch_set import load_patches
    from av_grading.files import write_whole
    from av_grading.grader import save_grader
    from av_grading.metrics import scores_with_intervals
    from av_grading.plots import plot_history, plot_scores
    from av_grading.results import write_results

    manifest = manifest_of(config)
    patches = read_manifest(manifest, graded_only=True)
    unlabelled = unlabelled_of(config)
    extra = extra_of(config)
    data = load_patches([*patches, *extra])
    write_whole(output / "config.yaml", config.dump())
    results = cross_validate(
        config,
        data,
        output,
        unlabelled=unlabelled,
        resume=resume,
        first=first,
        extra=len(extra),
    )
    rows, probabilities = pooled(results)
    write_predictions(
        output / PREDICTIONS, [patches[i] for i in rows], probabilities, manifest.parent
    )
    y_true = data.grades[rows].double().numpy()
    groups = [data.groups[i] for i in rows]
    metrics, ci95 = scores_with_intervals(
        y_true, {"model": probabilities}, groups, draws, config.train.seed
    )
    write_results(
        output / "results.json",
        metrics={k.removeprefix("model_"): v for k, v in metrics.items()},
        ci95={k.removeprefix("model_"): v for k, v in ci95.items()},
        seeds=[config.train.seed],
        data={"manifest": str(manifest), "patches": len(rows), "groups": len(set(groups))},
    )
    plot_scores(y_true, probabilities, output / "scores.png")
    plot_history([r.grader.history for r in results], output / "training.png")
    for number, result in enumerate(results):
        folder = output / f"fold{number}"
        save_grader(result.grader, folder / "grader.safetensors")
        held = [patches[i] for i in result.rows]  # what this grader never saw
        write_predictions(folder / PREDICTIONS, held, result.probabilities, manifest.parent)
    for name in ("accuracy", "kappa", "qwk"):
        low, high = ci95[f"model_{name}"]
        print(f"{name:9} {metrics[f'model_{name}']:.3f}  (95 % interval {low:.3f} to {high:.3f})")


def run(config: Config, args: argparse.Namespace) -> None:
    train_folds(config, args.output, draws=args.draws, resume=args.resume, first=args.first_folds)


def main(argv: list[str] | None = None) -> int:
    parser = training_parser(__doc__)
    add = parser.add_argument
    add("--draws", type=int, default=1000, help="bootstrap resamples of the groups")
    add("--first-folds", type=int, metavar="N", help="train the first N folds alone")
    return run_training(run, load_config, parser, argv)


if __name__ == "__main__":
    sys.exit(main())
