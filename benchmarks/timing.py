"""Pairwise times on the same photographs, and where the pipeline's time goes."""

import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from tqdm import tqdm

from av_screening.read.limits import ReadingLimits
from av_screening.read.photograph import decode, read_content
from av_screening.read.quality import check_quality
from av_screening.steps.grading import grade_crossings
from av_screening.steps.patches import cut_crossings
from av_screening.steps.pipeline import Pipeline, Screened
from av_screening.write.photograph_folder import Source, write_outputs

Other = Callable[[Path, NDArray[np.float64], float], None]
STAGES = ("read", "gate", "pass", "patches", "grade", "write")


@dataclass
class Times:
    """Seconds.

    Attributes:
        each: name → (photographs,), the best of all rounds.
        stages: stage of the pipeline → (photographs,), likewise.
        crossings: that the pipeline found, (photographs,).
    """

    each: dict[str, NDArray[np.float64]]
    stages: dict[str, NDArray[np.float64]]
    crossings: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))


def run_pipeline(pipeline: Pipeline, path: Path) -> tuple[NDArray[np.float64], float, int]:
    """File → graded crossings; their centres (N, 2), the DRIVE px (px) and their number."""
    pixels = decode(read_content(path, ReadingLimits()), ReadingLimits()).pixels
    screened = pipeline(pixels)
    found = screened.found
    return found.centers.astype(float), found.fov.drive_px, len(found.scores)


def compare(
    pipeline: Pipeline, others: dict[str, Other], paths: Sequence[Path], rounds: int
) -> Times:
    """Let the pipeline and the others take turns on every photograph; the first round warms up.

    Args:
        pipeline: named "pipeline" in the result.
        others: name → what it is compared with.
        paths: photographs.
        rounds: times that every photograph is taken.
    """
    count = len(paths)
    times = Times(
        {name: np.full(count, np.inf) for name in ("pipeline", *others)},
        {name: np.full(count, np.inf) for name in STAGES},
        np.zeros(count, np.int64),
    )
    for turn in tqdm(range(rounds + 1), desc="rounds", disable=None):
        for i, path in enumerate(paths):
            start = time.perf_counter()
            centers, drive_px, times.crossings[i] = run_pipeline(pipeline, path)
            seconds = {"pipeline": time.perf_counter() - start}
            for name, other in others.items():
                start = time.perf_counter()
                other(path, centers, drive_px)
                seconds[name] = time.perf_counter() - start
            if turn:
                for name, value in seconds.items():
                    times.each[name][i] = min(times.each[name][i], value)
                for name, value in stage_seconds(pipeline, path).items():
                    times.stages[name][i] = min(times.stages[name][i], value)
    return times


def stage_seconds(pipeline: Pipeline, path: Path) -> dict[str, float]:
    """Seconds of every stage on one photograph, `STAGES`."""
    marks = [time.perf_counter()]

    def mark() -> None:
        marks.append(time.perf_counter())

    pixels = decode(read_content(path, ReadingLimits()), ReadingLimits()).pixels
    mark()
    fov = check_quality(pixels, pipeline.quality)
    mark()
    found = pipeline.predictor(pixels, fov)
    mark()
    crossings = list(cut_crossings(pixels, found))
    mark()
    grades = grade_crossings(crossings, pipeline.graders)
    mark()
    screened = Screened(found, crossings, grades)
    with tempfile.TemporaryDirectory() as folder:
        source = Source(path.name, "", "", "photograph")
        write_outputs(Path(folder), source, pixels, screened, "")
        mark()
    return dict(zip(STAGES, np.diff(marks), strict=True))


def dtype_of(precision: str) -> torch.dtype:
    """Of `Settings.precision`."""
    return torch.bfloat16 if precision == "bfloat16" else torch.float32
