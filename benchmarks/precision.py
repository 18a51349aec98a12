"""What screening in bfloat16 changes against float32: answers and time.

    python -m benchmarks.precision drive/train/images hrf/train/images --output precision.json

The shipped pipeline in both precisions takes turns on every photograph, one process. Crossings are
the same whose centres lie within 3 DRIVE px. Intervals resample the photographs. Where the
processor has no instructions for bfloat16 the answers are those of one that has, the time is not.
Exit codes: 0 done, 1 failed, 2 wrong usage.
"""

import argparse
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from av_detectron.evaluation.detector_scores import bootstrap_metrics
from av_detectron.evaluation.reporting import run_report
from av_detectron.predictor import DEFAULT_WEIGHTS
from av_grading.formats.results import write_results
from av_screening.photograph import Screened
from av_screening.read.limits import ReadingLimits
from av_screening.read.photograph import decode, read_content
from av_screening.settings import PRECISIONS, Settings
from av_screening.steps.patches import most_likely
from av_screening.steps.pipeline import Pipeline
from benchmarks.screening import first_photographs

SAME = 3.0
"""Distance between two crossings that are one (DRIVE px)."""


@dataclass(frozen=True)
class Pair:
    """A photograph in both precisions.

    Attributes:
        seconds: in float32 and in bfloat16.
        crossings: found in float32, in bfloat16, and in both.
        gradable: gradable in float32, of those found in both; and in both.
        same_grade: of those gradable in both, whether the grade is the same, (N,).
        difference: between their expected grades, (N,).
        other_labels: share of the map's vessel px in float32 that have another label.
        severity: difference between the eye's severities.
    """

    seconds: tuple[float, float]
    crossings: tuple[int, int, int]
    gradable: tuple[int, int]
    same_grade: NDArray[np.bool_]
    difference: NDArray[np.float64]
    other_labels: float
    severity: float


def compare(exact: Screened, rounded: Screened, seconds: tuple[float, float]) -> Pair:
    """What differs between a photograph's answers in float32 and in bfloat16."""
    a, b = exact.found, rounded.found
    apart = np.linalg.norm(a.centers[:, None] - b.centers[None], axis=2) / a.fov.drive_px
    pairs = [
        (i, int(apart[i].argmin()))
        for i in range(len(apart))
        if apart.shape[1] and apart[i].min() <= SAME
    ]
    graded = [(i, j) for i, j in pairs if exact.crossings[i].gradable]
    both = [(i, j) for i, j in graded if rounded.crossings[j].gradable]
    decisions = [(exact.crossings[i].decision, rounded.crossings[j].decision) for i, j in both]
    same_grade = np.array([x.grade == y.grade for x, y in decisions if x and y], bool)
    difference = np.array([abs(x.expected - y.expected) for x, y in decisions if x and y], float)
    labels = [most_likely(found.working_av) for found in (a, b)]
    vessel = labels[0] > 0
    return Pair(
        seconds,
        (len(a.centers), len(b.centers), len(pairs)),
        (len(graded), len(both)),
        same_grade,
        difference,
        float((labels[0] != labels[1])[vessel].mean()) if vessel.any() else 0.0,
        abs(exact.severity() - rounded.severity()),
    )


def summarise(pairs: list[Pair]) -> dict[str, float]:
    """Metrics of some photographs; NaN for what none of them tells."""
    found = np.array([pair.crossings for pair in pairs]).sum(axis=0)
    gradable = np.array([pair.gradable for pair in pairs]).sum(axis=0)
    same = np.concatenate([pair.same_grade for pair in pairs])
    difference = np.concatenate([pair.difference for pair in pairs])
    seconds = np.array([pair.seconds for pair in pairs]).sum(axis=0)
    nan = float("nan")
    return {
        "speedup": float(seconds[0] / seconds[1]),
        "found_in_both": float(2 * found[2] / (found[0] + found[1])) if found.any() else nan,
        "gradable_in_both": float(gradable[1] / gradable[0]) if gradable[0] else nan,
        "same_grade": float(same.mean()) if len(same) else nan,
        "expected_grade_difference": float(difference.mean()) if len(same) else nan,
        "other_labels": float(np.mean([pair.other_labels for pair in pairs])),
        "severity_difference": float(np.mean([pair.severity for pair in pairs])),
    }


def report(args: argparse.Namespace) -> None:
    limits = ReadingLimits()
    paths = [p for folder in args.photographs for p in first_photographs(folder, args.count)]
    pipelines = [
        Pipeline.from_settings(Settings(args.detector, precision=p, threads=args.threads))
        for p in PRECISIONS
    ]
    pairs = []
    for path in tqdm(paths, disable=None, unit="photo"):
        pixels = decode(read_content(path, limits), limits).pixels
        seconds, screened = [], []
        for pipeline in pipelines:
            start = time.perf_counter()
            screened.append(pipeline(pixels))
            seconds.append(time.perf_counter() - start)
        pairs.append(compare(screened[0], screened[1], (seconds[0], seconds[1])))
    metrics, ci95 = bootstrap_metrics(
        lambda chosen: summarise([pairs[i] for i in chosen]), len(pairs), 1000, args.seed
    )
    metrics["largest_expected_grade_difference"] = float(
        max((pair.difference.max(initial=0.0) for pair in pairs), default=0.0)
    )
    metrics["crossings"] = float(sum(pair.crossings[0] for pair in pairs))
    metrics["gradable"] = float(sum(pair.gradable[0] for pair in pairs))
    metrics["threads"] = args.threads
    data = {"photographs": [p.name for p in paths]}
    write_results(args.output, metrics=metrics, ci95=ci95, seeds=[args.seed], data=data)
    print({name: round(value, 4) for name, value in metrics.items()})


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("photographs", type=Path, nargs="+", help="folders")
    add("--output", type=Path, required=True, help="results file to write")
    add("--detector", type=Path, default=DEFAULT_WEIGHTS, help="file of tools/release_weights.py")
    add("--count", type=int, default=4, help="photographs of a folder at most")
    add("--threads", type=int, default=1)
    add("--seed", type=int, default=0, help="of the resampling")
    return run_report(report, parser.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
