"""Compare models over the same draws of few patches.

    python -m av_grading.command_line.compare_few_shot --output results/grader_90.json \\
        full=output/few/full/draws.json baseline=output/few/baseline/draws.json

Means over draws with 95 % intervals (Student's t); the first model is compared with each of the
others, draw by draw.
Exit codes: 0 done, 1 failed, 2 wrong usage.
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from av_grading.command_line import exit_code, make_parser, named_paths
from av_grading.formats.errors import InputFileError

Scores = Sequence[Mapping[str, float]]


def read_draws(path: Path) -> Scores:
    """Scores of every draw, as `av_grading.command_line.train_few_shot` writes them.

    Raises:
        InputFileError: unreadable, or not such a file.
    """
    try:
        scores = json.loads(path.read_text(encoding="utf-8"))["scores"]
        return [{str(k): float(v) for k, v in draw.items()} for draw in scores]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputFileError(
            path, f"expected draws.json of av_grading.command_line.train_few_shot ({error!r})"
        ) from error


def compare(models: Mapping[str, Scores]) -> tuple[dict[str, float], dict[str, list[float]]]:
    """Means and intervals of `<model>_<score>` and `<first>_minus_<model>_<score>`.

    Raises:
        ValueError: the models were not trained on the same draws, or on fewer than two.
    """
    import numpy as np
    from scipy import stats

    first, *others = models
    draws = [d["draw"] for d in models[first]]
    if len(draws) < 2:
        raise ValueError(f"{first}: expected at least 2 draws, found {len(draws)}")
    values: dict[str, list[float]] = {}
    for name, scores in models.items():
        if [d["draw"] for d in scores] != draws:
            raise ValueError(f"{name}: expected the draws of {first}, {draws}")
        for score in (k for k in scores[0] if k != "draw"):
            values[f"{name}_{score}"] = [d[score] for d in scores]
    for name in others:
        for score in (k for k in models[first][0] if k != "draw"):
            pairs = zip(models[first], models[name], strict=True)
            values[f"{first}_minus_{name}_{score}"] = [a[score] - b[score] for a, b in pairs]
    metrics, ci95 = {}, {}
    for name, numbers in values.items():
        mean = float(np.mean(numbers))
        spread = float(np.std(numbers, ddof=1)) / len(numbers) ** 0.5
        half = float(stats.t.ppf(0.975, len(numbers) - 1)) * spread
        metrics[name], ci95[name] = mean, [mean - half, mean + half]
    return metrics, ci95


def run(args: argparse.Namespace, paths: dict[str, Path]) -> None:
    """Read scores, compare, write."""
    from av_grading.formats.results import write_results

    models = {name: read_draws(path) for name, path in paths.items()}
    metrics, ci95 = compare(models)
    seeds = [int(d["draw"]) for d in next(iter(models.values()))]
    data = {"models": list(models), "draws": len(seeds)}
    write_results(args.output, metrics=metrics, ci95=ci95, seeds=seeds, data=data)
    print(f"written: {args.output}")


def main(argv: list[str] | None = None) -> int:
    parser = make_parser(__doc__)
    add = parser.add_argument
    add("models", nargs="+", metavar="name=draws.json")
    add("--output", type=Path, required=True, help="results file to write (.json)")
    args = parser.parse_args(argv)
    paths = named_paths(parser, args.models)
    return exit_code(lambda: run(args, paths))


if __name__ == "__main__":
    sys.exit(main())
