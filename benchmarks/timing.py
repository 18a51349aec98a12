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
from av_screening.steps.pipeline import STAGES as PIPELINE_STAGES
from av_screening.steps.pipeline import Pipeline, Screened
from av_screening.write.photograph_folder import Source, write_outputs

Other = Callable[[Path, NDArray[np.float64], float], None]
STAGES = ("read", *PIPELINE_STAGES, "write")


@dataclass
class Times:
    """Seconds.

    Attributes:
        each: name → (photographs,), the best of all rounds.
        stages: stage of the pipeline → (photographs,), likewise.
        crossings: that the pipeline found, (photographs,).
        graded: how many of them got a grade, (photographs,).
    """

    each: dict[str, NDArray[np.float64]]
    stages: dict[str, NDArray[np.float64]]
    crossings: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    graded: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))


def run_pipeline(pipeline: Pipeline, path: Path) -> Screened:
    """File → graded crossings."""
    pixels = decode(read_content(path, ReadingLimits()), ReadingLimits()).pixels
    return pipeline(pixels)


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
        np.zeros(count, np.int64),
    )
    for turn in tqdm(range(rounds + 1), desc="rounds", disable=None):
        for i, path in enumerate(paths):
            start = time.perf_counter()
            screened = run_pipeline(pipeline, path)
            seconds = {"pipeline": time.perf_counter() - start}
            centers = screened.found.centers.astype(float)
            times.crossings[i] = len(centers)
            times.graded[i] = 0 if screened.grades is None else screened.grades.graded.sum()
            for name, other in others.items():
                start = time.perf_counter()
                other(path, centers, screened.found.fov.drive_px)
                seconds[name] = time.perf_counter() - start
            if turn:
                for name, value in seconds.items():
                    times.each[name][i] = min(times.each[name][i], value)
                for name, value in stage_seconds(pipeline, path).items():
                    times.stages[name][i] = min(times.stages[name][i], value)
    return times


def stage_seconds(pipeline: Pipeline, path: Path) -> dict[str, float]:
    """Seconds of every stage on one photograph, `STAGES`.

    Raises:
        ValueError: the pipeline lacks the second look or the caliber step.
    """
    if pipeline.close_up is None or pipeline.measure is None:
        raise ValueError("expected a pipeline with the second look and the caliber step")
    marks = {"": time.perf_counter()}

    def mark(stage: str) -> None:
        marks[stage] = time.perf_counter()

    pixels = decode(read_content(path, ReadingLimits()), ReadingLimits()).pixels
    mark("read")
    screened = pipeline(pixels, mark)
    with tempfile.TemporaryDirectory() as folder:
        source = Source(path.name, "", "", "photograph")
        write_outputs(Path(folder), source, pixels, screened, "")
        mark("write")
    return dict(zip(STAGES, np.diff(list(marks.values())), strict=True))


def dtype_of(precision: str) -> torch.dtype:
    """Of `Settings.precision`."""
    return torch.bfloat16 if precision == "bfloat16" else torch.float32
