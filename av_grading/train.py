"""Train a grader by cross-validation and report it.

    python -m av_grading.train --config configs/grading/two_stream.yaml \\
        --output output/grader data.manifest=output/nicking/manifest.csv

Settings follow as section.key=value. Writes predictions.csv (out of fold), results.json,
scores.png, training.png, config.yaml and a grader of each fold.
Exit codes: 0 done, 1 failed or interrupted, 2 wrong usage.
"""

import argparse
import sys
from pathlib import Path

from av_grading.config import Config, ConfigError, load_config
from av_grading.cross_validation import PREDICTIONS, cross_validate, pooled, write_predictions
from av_grading.data.manifest import read_manifest
from av_grading.data.patch_set import load_patches
from av_grading.files import write_whole
from av_grading.grader import save_grader
from av_grading.metrics import scores_with_intervals
from av_grading.plots import plot_history, plot_scores
from av_grading.results import write_results


def run(config: Config, output: Path, resume: bool, draws: int) -> None:
    """Read the manifests, cross-validate, write everything."""
    if not config.data.manifest:
        raise ConfigError("data.manifest: expected a manifest of graded patches, found none")
    manifest = Path(config.data.manifest)
    patches = read_manifest(manifest, graded_only=True)
    unlabelled = None
    if config.semi.weight > 0 and config.data.unlabelled:
        unlabelled = load_patches(read_manifest(Path(config.data.unlabelled)))
    data = load_patches(patches)
    write_whole(output / "config.yaml", config.dump())
    results = cross_validate(config, data, output, unlabelled=unlabelled, resume=resume)
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
        save_grader(result.grader, output / f"fold{number}" / "grader.safetensors")
    for name in ("accuracy", "kappa", "qwk"):
        low, high = ci95[f"model_{name}"]
        print(f"{name:9} {metrics[f'model_{name}']:.3f}  (95 % interval {low:.3f} to {high:.3f})")


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--config", type=Path, help="YAML of settings; the defaults without it")
    add("--output", type=Path, required=True, help="folder to write")
    add("--resume", action="store_true", help="go on from the output folder's checkpoints")
    add("--draws", type=int, default=1000, help="bootstrap resamples of the groups")
    add("settings", nargs="*", metavar="section.key=value")
    args = parser.parse_args(argv)
    try:
        config = load_config(args.config, args.settings)
    except ConfigError as error:
        parser.error(str(error))
    try:
        run(config, args.output, args.resume, args.draws)
    except (OSError, ValueError) as error:
        print(f"stopped: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted; the same command with --resume continues", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
