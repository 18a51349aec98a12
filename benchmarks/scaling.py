"""Seconds a photograph and memory of the screening command, by workers and number of photographs.

    python -m benchmarks.scaling photographs/ --runs 1x100 1x1000 2x100 2x1000 --output scaling.json

The screening command, one thread a worker, from its start to tables and index; photographs are
linked in turn until there are enough. What a run does before its first result (imports, models) is
reported apart from the seconds of each photograph. Memory is that of the largest process of a run.
Exit codes: 0 done, 1 failed, 2 wrong usage.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from av_detectron.evaluation.reporting import run_report
from av_grading.formats.results import write_results
from benchmarks.memory import link_in_turn
from benchmarks.screening import first_photographs, run_screening


def report(args: argparse.Namespace) -> None:
    paths = first_photographs(args.photographs)
    metrics: dict[str, float] = {}
    each: dict[int, list[float]] = {}
    for workers, count in args.runs:
        with tempfile.TemporaryDirectory() as folder:
            links = link_in_turn(paths, count, Path(folder) / "photographs")
            options = ["--workers", str(workers), "--threads", "1"]
            options += [f"--no-{step}" for step in args.without]
            run = run_screening(links, Path(folder) / "out", options)
        seconds = (run.whole - run.results[0]) / (count - 1)
        each.setdefault(workers, []).append(seconds)
        name = f"{workers}_workers_{count}"
        metrics[f"{name}_seconds"] = seconds
        metrics[f"{name}_first_result_seconds"] = run.results[0]
        metrics[f"{name}_peak_mib"] = run.peak_mib
        print(f"{workers} workers, {count} photographs: {seconds:.2f} s each", flush=True)
    for workers, found in each.items():
        metrics[f"{workers}_workers_growth"] = max(found) / min(found) - 1
    names = [path.name for path in paths]
    data = {"photographs": names, "runs": args.runs, "without": args.without}
    write_results(args.output, metrics=metrics, ci95={}, seeds=[], data=data)


def workers_and_count(text: str) -> tuple[int, int]:
    """`2x100` as (2, 100).

    Raises:
        ValueError: another form, no worker, or fewer than two photographs.
    """
    workers, count = map(int, text.split("x"))
    if workers < 1 or count < 2:
        raise ValueError(text)
    return workers, count


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("photographs", type=Path, help="folder")
    add(
        "--runs",
        type=workers_and_count,
        nargs="+",
        default=[(1, 100), (1, 1000), (2, 100), (2, 1000)],
        metavar="WORKERSxPHOTOGRAPHS",
    )
    steps = ["close-up", "sign-strip", "strip"]
    add("--without", nargs="*", choices=steps, default=[], help="steps left out")
    add("--output", type=Path, required=True, help="results file to write")
    return run_report(report, parser.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
