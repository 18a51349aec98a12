"""One pass of a detector: its time against an earlier one's, and its memory on a large photograph.

    python -m benchmarks.one_pass photographs/ --before earlier.safetensors --output pass.json

Both detectors take turns on each photograph, already decoded, one view each (pixels → crossings,
map, disc). Ratios are of the sums, times the best of several rounds; intervals resample the
photographs.
Memory is the peak of a new process that reads the largest photograph and predicts it.
Exit codes: 0 done, 1 failed or above --memory-limit, 2 wrong usage.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np
import torch

from av_detectron.data.annotations import read_photograph
from av_detectron.evaluation.peak_memory import PREDICT, peak_mib
from av_detectron.evaluation.reporting import run_report
from av_detectron.formats.results import committed_file
from av_detectron.predictor import DEFAULT_WEIGHTS, Predictor
from av_grading.formats.results import write_results
from benchmarks.screening import first_photographs
from benchmarks.time_ratio import time_ratio


def seconds(
    predictors: dict[str, Predictor], paths: list[Path], rounds: int
) -> dict[str, np.ndarray]:
    """Seconds of every predictor on every photograph, the best of `rounds`: (photographs,)."""
    times = {name: np.full(len(paths), np.inf) for name in predictors}
    for i, path in enumerate(paths):
        pixels = read_photograph(path)
        for turn in range(rounds + 1):
            for name, predictor in predictors.items():
                start = time.perf_counter()
                predictor(pixels)
                if turn:  # the first round warms up
                    times[name][i] = min(times[name][i], time.perf_counter() - start)
    return times


def largest(paths: list[Path]) -> tuple[Path, int, int]:
    """The photograph of the most pixels, its height and width."""
    shapes = {path: read_photograph(path).shape[:2] for path in paths}
    path = max(shapes, key=lambda p: shapes[p][0] * shapes[p][1])
    return path, *shapes[path]


def report(args: argparse.Namespace) -> None:
    torch.set_num_threads(args.threads)
    cv2.setNumThreads(args.threads)
    paths = first_photographs(args.photographs, args.count)
    with tempfile.TemporaryDirectory() as folder:
        before = committed_file(args.before, Path(folder))
        predictors = {
            "detector": Predictor(args.detector, "cpu", n_views=1),
            "before": Predictor(before, "cpu", n_views=1),
        }
        times = seconds(predictors, paths, args.rounds)
    metrics, ci95 = time_ratio("pass_over_before", times, ("detector", "before"), args.seed)
    large, height, width = largest(paths)
    peak = peak_mib(PREDICT, str(args.detector), str(large))
    metrics |= {"peak_mib": peak, "peak_mib_above_idle": peak - peak_mib()}
    metrics["threads"] = args.threads
    write_results(
        args.output,
        metrics=metrics,
        ci95=ci95,
        seeds=[args.seed],
        data={
            "photographs": [p.name for p in paths],
            "memory": {"photograph": large.name, "height": height, "width": width},
        },
    )
    print({name: round(value, 3) for name, value in metrics.items()})
    if peak > args.memory_limit:
        raise ValueError(
            f"{large.name}: expected at most {args.memory_limit:g} MiB, found {peak:.0f} MiB"
        )


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("photographs", type=Path, help="folder")
    add("--detector", type=Path, default=DEFAULT_WEIGHTS, help="file of tools/release_weights.py")
    add(
        "--before", required=True, help="the earlier one: a file, or COMMIT:FILE of this repository"
    )
    add("--output", type=Path, required=True, help="results file to write")
    add("--count", type=int, default=6, help="photographs at most")
    add("--rounds", type=int, default=3, help="times that every photograph is taken")
    add("--memory-limit", type=float, default=2048.0, help="of the process (MiB)")
    add("--threads", type=int, default=torch.get_num_threads())
    add("--seed", type=int, default=0, help="of the resampling")
    return run_report(report, parser.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
