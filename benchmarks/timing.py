"""Times on the same photographs in turn, in as many processes as screening has, and stages."""

import os
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from tqdm import tqdm

from av_detectron.checkpoint.release import load_detector
from av_screening.photograph import Screened
from av_screening.read.limits import ReadingLimits
from av_screening.read.photograph import decode, read_content
from av_screening.settings import Settings
from av_screening.steps.grading import load_graders
from av_screening.steps.pipeline import STAGES as PIPELINE_STAGES
from av_screening.steps.pipeline import Pipeline
from av_screening.write.photograph_folder import Source, write_outputs
from benchmarks.stages import SeparateStages
from benchmarks.stock import StockPair

Other = Callable[[Path, NDArray[np.float64], float], None]
OTHERS = ("stock_r50", "separate_stages")
STAGES = ("read", *PIPELINE_STAGES, "write")


@dataclass(frozen=True)
class Contest:
    """What is compared, as every process builds it for itself.

    Attributes:
        settings: of the pipeline; its threads are those of the others too.
        detections: of the random detectors, at most.
        seed: of random weights.
        folder: for the files between separate stages.
    """

    settings: Settings
    detections: int
    seed: int
    folder: Path

    def build(self) -> tuple[Pipeline, dict[str, Other]]:
        """The pipeline, and what it is compared with."""
        settings = self.settings
        torch.manual_seed(self.seed)
        pipeline = Pipeline.from_settings(settings)
        graders = load_graders(settings.graders, "cpu", settings.grader_n_views)
        folder = self.folder / str(os.getpid())
        folder.mkdir(parents=True)
        detector = load_detector(settings.detector)
        separate = SeparateStages(*detector, list(graders.values()), folder, self.detections)
        others: dict[str, Other] = dict(
            zip(OTHERS, (StockPair(self.detections), separate), strict=True)
        )
        return pipeline, others


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


def compare(contest: Contest, paths: Sequence[Path], rounds: int, workers: int) -> Times:
    """Let the pipeline and the others take turns on all photographs; the first round warms up.

    Whoever has the turn has all processes, so that what they share, memory above all, is as busy
    as in a run.

    Args:
        contest: what is compared; the pipeline is named "pipeline" in the result.
        paths: photographs.
        rounds: times that every photograph is taken.
        workers: processes at once.
    """
    count = len(paths)
    times = Times(
        {name: np.full(count, np.inf) for name in ("pipeline", *OTHERS)},
        {name: np.full(count, np.inf) for name in STAGES},
    )
    with ProcessPoolExecutor(workers, get_context("spawn"), _start, (contest,)) as pool:
        for turn in tqdm(range(rounds + 1), desc="rounds", disable=None):
            found = list(pool.map(_time_pipeline, paths))
            times.crossings = np.array([len(f.centers) for f in found])
            times.graded = np.array([f.graded for f in found])
            seconds = {"pipeline": [f.seconds for f in found]}
            for name in OTHERS:
                given = [
                    (name, p, f.centers, f.drive_px) for p, f in zip(paths, found, strict=True)
                ]
                seconds[name] = list(pool.map(_time_other, given))
            stages = list(pool.map(_time_stages, paths))
            if turn:
                for name, values in seconds.items():
                    times.each[name] = np.minimum(times.each[name], values)
                for name in STAGES:
                    own = [stage[name] for stage in stages]
                    times.stages[name] = np.minimum(times.stages[name], own)
    return times


@dataclass(frozen=True)
class _Found:
    """Of a photograph: seconds, crossings (N, 2), a DRIVE px (px), and how many have a grade."""

    seconds: float
    centers: NDArray[np.float64]
    drive_px: float
    graded: int


_built: list[tuple[Pipeline, dict[str, Other]]] = []  # of this process


def _start(contest: Contest) -> None:
    torch.set_num_threads(contest.settings.threads)
    cv2.setNumThreads(contest.settings.threads)
    _built.append(contest.build())


def _time_pipeline(path: Path) -> _Found:
    start = time.perf_counter()
    screened = run_pipeline(_built[0][0], path)
    seconds = time.perf_counter() - start
    graded = len(screened.graded)
    centers = screened.found.centers.astype(float)
    return _Found(seconds, centers, screened.found.fov.drive_px, graded)


def _time_other(given: tuple[str, Path, NDArray[np.float64], float]) -> float:
    name, path, centers, drive_px = given
    start = time.perf_counter()
    _built[0][1][name](path, centers, drive_px)
    return time.perf_counter() - start


def _time_stages(path: Path) -> dict[str, float]:
    return stage_seconds(_built[0][0], path)


def stage_seconds(pipeline: Pipeline, path: Path) -> dict[str, float]:
    """Seconds of every stage on one photograph, `STAGES`.

    Raises:
        ValueError: the pipeline lacks the second look or signs.
    """
    if pipeline.close_up is None or not pipeline.signs():
        raise ValueError("expected a pipeline with the second look and signs")
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
