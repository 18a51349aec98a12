"""Compare graders on the same patches, from their predictions.

    python -m av_grading.evaluate --output results/grader.json \\
        full=output/full/predictions.csv baseline=output/baseline/predictions.csv

The first is compared with each of the others; intervals come from resampling groups, the same
resamples for all. Writes the JSON, a CSV of the same figures, and scores of the first as PNG.
Exit codes: 0 done, 1 failed, 2 wrong usage.
"""

import argparse
import sys
from pathlib import Path

from av_grading.command_line import exit_code, make_parser, named_paths


def run(args: argparse.Namespace, paths: dict[str, Path]) -> None:
    """Read predictions, score, write."""
    from av_grading.evaluation.metrics import scores_with_intervals
    from av_grading.evaluation.plots import plot_scores
    from av_grading.formats.csv_table import format_table
    from av_grading.formats.files import write_whole
    from av_grading.formats.predictions import align, read_predictions
    from av_grading.formats.results import write_results

    tables = {name: read_predictions(path) for name, path in paths.items()}
    grades, groups, predictions = align(tables)
    metrics, ci95 = scores_with_intervals(grades, predictions, groups, args.draws, args.seed)
    data = {"patches": len(grades), "groups": len(set(groups)), "models": list(tables)}
    write_results(args.output, metrics=metrics, ci95=ci95, seeds=[args.seed], data=data)
    rows = [
        {"score": name, "value": value, "low": ci95[name][0], "high": ci95[name][1]}
        for name, value in metrics.items()
    ]
    scores = format_table(("score", "value", "low", "high"), rows)
    write_whole(args.output.with_suffix(".csv"), scores)
    plot_scores(grades, next(iter(predictions.values())), args.output.with_suffix(".png"))
    print(f"written: {args.output}")


def main(argv: list[str] | None = None) -> int:
    parser = make_parser(__doc__)
    add = parser.add_argument
    add("models", nargs="+", metavar="name=predictions.csv")
    add("--output", type=Path, required=True, help="results file to write (.json)")
    add("--draws", type=int, default=1000, help="bootstrap resamples of the groups")
    add("--seed", type=int, default=0, help="of the resampling")
    args = parser.parse_args(argv)
    paths = named_paths(parser, args.models)
    return exit_code(lambda: run(args, paths))


if __name__ == "__main__":
    sys.exit(main())
