"""Speed and memory of screening against stock models and against the machine.

    python -m benchmarks photographs/ --output results/benchmark.json

On the same photographs, in turn: the pipeline as it is shipped, with second look and caliber (file
to graded crossings); Detectron2's stock Mask R-CNN R50-FPN and a ResNet50 grader; and models of the
pipeline's depth as separate stages. Times are the best of several rounds, ratios are of the sums,
intervals resample the photographs. Then memory over few and many photographs, and operations
(fvcore) over the convolution peak.
Exit codes: 0 done, 1 failed, 2 wrong usage.
"""

import argparse
import sys
import tempfile
from pathlib import Path

import cv2
import numpy as np
import torch

from av_detectron.checkpoint.release import load_detector
from av_detectron.evaluation.detector_scores import interval
from av_detectron.evaluation.reporting import run_report
from av_detectron.predictor import DEFAULT_WEIGHTS
from av_grading.formats.results import write_results
from av_screening.read.find_photographs import find_photographs
from av_screening.settings import Settings, best_precision
from av_screening.steps.grading import load_graders
from av_screening.steps.pipeline import Pipeline
from benchmarks.memory import run_mib
from benchmarks.peak import convolution_peak, pipeline_operations
from benchmarks.stages import SeparateStages
from benchmarks.stock import StockPair
from benchmarks.timing import Other, Times, compare, dtype_of


def speedups(times: Times, chosen: np.ndarray) -> dict[str, float]:
    """Ratios of the summed seconds of some photographs."""
    total = {name: float(values[chosen].sum()) for name, values in times.each.items()}
    others = [name for name in total if name != "pipeline"]
    return {f"speedup_vs_{name}": total[name] / total["pipeline"] for name in others}


def report(args: argparse.Namespace) -> None:
    torch.set_num_threads(args.threads)
    cv2.setNumThreads(args.threads)
    torch.manual_seed(args.seed)
    paths = [args.photographs / p for p in find_photographs(args.photographs)][: args.count]
    if not paths:
        raise ValueError(f"{args.photographs}: expected photographs, found none")
    precision = best_precision("cpu")
    settings = Settings(args.detector, precision=precision, threads=args.threads)
    pipeline = Pipeline.from_settings(settings)
    graders = load_graders(settings.graders, "cpu", settings.grader_n_views)
    cfg, exact = load_detector(args.detector)
    with tempfile.TemporaryDirectory() as folder:
        separate = SeparateStages(cfg, exact, graders, Path(folder), args.detections)
        others: dict[str, Other] = {
            "stock_r50": StockPair(args.detections),
            "separate_stages": separate,
        }
        times = compare(pipeline, others, paths, args.rounds)
        dense, whole = pipeline_operations(pipeline, exact, paths, times)
        peak = convolution_peak(dtype_of(precision))
        memory = [run_mib(paths, count, Path(folder) / "memory", settings) for count in args.memory]
    rng = np.random.default_rng(args.seed)
    draws = [speedups(times, rng.integers(len(paths), size=len(paths))) for _ in range(1000)]
    metrics = speedups(times, np.arange(len(paths)))
    ci95 = {name: interval([d[name] for d in draws]) for name in metrics}
    few, many = args.memory
    metrics |= {
        f"memory_growth_{few}_to_{many}": memory[1] / memory[0] - 1,
        "peak_memory_mib": max(memory),
        "peak_fraction": whole / float(times.each["pipeline"].sum()) / peak,
        "pass_peak_fraction": dense / float(times.stages["pass"].sum()) / peak,
        "peak_gflops": peak / 1e9,
        "gflop_per_photograph": whole / len(paths) / 1e9,
        "crossings_per_photograph": float(times.crossings.mean()),
        "graded_per_photograph": float(times.graded.mean()),
        "threads": args.threads,
    }
    metrics |= {f"{name}_seconds": float(v.mean()) for name, v in times.each.items()}
    metrics |= {f"stage_{name}_seconds": float(v.mean()) for name, v in times.stages.items()}
    data = {
        "photographs": [p.name for p in paths],
        "precision": precision,
        "memory_photographs": args.memory,
    }
    write_results(args.output, metrics=metrics, ci95=ci95, seeds=[args.seed], data=data)
    print({name: round(value, 3) for name, value in metrics.items()})


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("photographs", type=Path, help="folder")
    add("--output", type=Path, required=True, help="results file to write")
    add("--detector", type=Path, default=DEFAULT_WEIGHTS, help="file of tools/release_weights.py")
    add("--count", type=int, default=20, help="photographs at most")
    add("--rounds", type=int, default=3, help="times that every photograph is taken")
    add("--detections", type=int, default=40, help="of the random detectors, at most")
    add("--memory", type=int, nargs=2, default=[20, 400], help="photographs of the memory runs")
    add("--threads", type=int, default=torch.get_num_threads())
    add("--seed", type=int, default=0, help="of random weights and of the resampling")
    return run_report(report, parser.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
