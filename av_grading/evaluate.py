"""Compare graders on the same patches, from their predictions.

    python -m av_grading.evaluate --output results/grader.json \\
        full=output/full/predictions.csv baseline=output/baseline/predictions.csv

The first is compared with each of the others; intervals come from resampling groups, the same
resamples for all. Writes the JSON, a CSV of the same figures, and scores of the first as PNG.
Exit codes: 0 done, 1 failed, 2 wrong usage.
"""

import argparse
import csv
import io
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from av_grading.command_line import exit_code, make_parser, named_paths
from av_grading.errors import InputFileError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Table = dict[str, tuple[str, int, list[float]]]


def read_predictions(path: Path) -> Table:
    """Patch → group, grade and probabilities of a CSV written by `write_predictions`.

    Raises:
        InputFileError: unreadable, other columns, or a row without a grade or probabilities.
    """
    from av_grading.data.manifest import GRADES

    found: Table = {}
    names = [f"p{g}" for g in GRADES]
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            missing = {"patch", "group", "grade", *names} - set(reader.fieldnames or ())
            if missing:
                known = ", ".join(reader.fieldnames or ()) or "none"
                raise InputFileError(path, f"expected the columns {sorted(missing)}, found {known}")
            for row in reader:
                if not row["grade"]:
                    raise InputFileError(
                        path, f"row {reader.line_num}: expected a grade, found none"
                    )
                try:
                    shares = [float(row[n]) for n in names]
                    found[row["patch"]] = row["group"], int(row["grade"]), shares
                except ValueError as error:
                    raise InputFileError(path, f"row {reader.line_num}: {error}") from error
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputFileError(path, f"not a readable CSV file: {error}") from error
    return found


def align(
    tables: dict[str, Table],
) -> "tuple[NDArray[np.float64], list[str], dict[str, NDArray[np.float64]]]":
    """Grades, groups and every model's probabilities of the patches, which all must share.

    Raises:
        ValueError: the models predicted different patches.
    """
    import numpy as np

    first = next(iter(tables.values()))
    for name, table in tables.items():
        if table.keys() != first.keys():
            count = len(table.keys() ^ first.keys())
            raise ValueError(f"{name}: expected the same patches as the first, {count} differ")
    patches = sorted(first)
    grades = np.array([first[p][1] for p in patches], float)
    groups = [first[p][0] for p in patches]
    return grades, groups, {n: np.array([t[p][2] for p in patches]) for n, t in tables.items()}


def run(args: argparse.Namespace, paths: dict[str, Path]) -> None:
    """Read predictions, score, write."""
    from av_grading.files import write_whole
    from av_grading.metrics import scores_with_intervals
    from av_grading.plots import plot_scores
    from av_grading.results import write_results

    tables = {name: read_predictions(path) for name, path in paths.items()}
    grades, groups, predictions = align(tables)
    metrics, ci95 = scores_with_intervals(grades, predictions, groups, args.draws, args.seed)
    data = {"patches": len(grades), "groups": len(set(groups)), "models": list(tables)}
    write_results(args.output, metrics=metrics, ci95=ci95, seeds=[args.seed], data=data)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["score", "value", "low", "high"])
    writer.writerows([name, value, *ci95[name]] for name, value in metrics.items())
    write_whole(args.output.with_suffix(".csv"), text.getvalue())
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
