"""Cross-validate a grader and write all that comes of it."""

from pathlib import Path

import numpy as np

from av_grading.command_line import extra_of, manifest_of, unlabelled_of
from av_grading.config import Config
from av_grading.data.patch_set import load_patches
from av_grading.evaluation.metrics import scores_with_intervals
from av_grading.evaluation.plots import plot_history, plot_scores
from av_grading.formats.files import write_whole
from av_grading.formats.manifest import read_manifest
from av_grading.formats.predictions import PREDICTIONS, write_predictions
from av_grading.formats.results import write_results
from av_grading.grader import save_grader
from av_grading.training.cross_validation import cross_validate, pooled

CONFIG = Config()
DRAWS = 1000
"""Bootstrap resamples of the groups, unless said otherwise."""


def train(config: Config, output: Path, *, resume: bool) -> None:
    """Train and report all folds; raises as `cross_validate`."""
    train_folds(config, output, draws=DRAWS, resume=resume)


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
    manifest = manifest_of(config)
    own = read_manifest(manifest, graded_only=True)
    unlabelled = unlabelled_of(config)
    extra = extra_of(config)
    patches = [*own, *extra]
    data = load_patches(patches)
    write_whole(output / "config.yaml", config.dump())
    results = cross_validate(
        config,
        data,
        output,
        unlabelled=unlabelled,
        resume=resume,
        first=first,
        extra=np.repeat([False, True], [len(own), len(extra)]),
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
