"""Speed and memory of screening against stock models and against the machine.

    python -m benchmarks photographs/ --output results/benchmark.json

On the same photographs, in turn: the pipeline as it is shipped, with second look and signs (file
to graded crossings); Detectron2's stock Mask R-CNN R50-FPN and a ResNet50 grader; and models of the
pipeline's depth as separate stages. Each has the whole machine in its turn, as the screening
command takes it: a process a core, of one thread. Times are those of a photograph in its process,
the best of several rounds; ratios are of the sums, intervals resample the photographs. Then memory
over few and many photographs, and operations (fvcore) over the convolution peak of all processes
together, in the pipeline's precision.
Exit codes: 0 done, 1 failed, 2 wrong usage.
"""

import argparse
import sys
import tempfile
from dataclasses import replace
from os import cpu_count
from pathlib import Path

import numpy as np
import torch

from av_detectron.evaluation.detector_scores import interval
from av_detectron.evaluation.reporting import run_report
from av_detectron.predictor import DEFAULT_WEIGHTS
from av_grading.formats.results import write_results
from av_screening.settings import PRECISIONS, Settings, best_precision
from av_screening.steps.pipeline import Pipeline
from benchmarks.memory import run_mib
from benchmarks.peak import convolution_peak, pipeline_operations
from benchmarks.screening import first_photographs
from benchmarks.timing import Contest, Times, compare, dtype_of


def speedups(times: Times, chosen: np.ndarray) -> dict[str, float]:
    """Ratios of the summed seconds of some photographs."""
    total = {name: float(values[chosen].sum()) for name, values in times.each.items()}
    others = [name for name in total if name != "pipeline"]
    return {f"speedup_vs_{name}": total[name] / total["pipeline"] for name in others}


def report(args: argparse.Namespace) -> None:
    paths = first_photographs(args.photographs, args.count)
    precision = best_precision("cpu") if args.precision == "auto" else args.precision
    settings = Settings(args.detector, precision=precision, threads=args.threads)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        contest = Contest(settings, args.detections, args.seed, folder / "stages")
        torch.set_num_threads(args.workers * args.threads)
        # Machines that others share are fast one minute and slow the next: the peak is the best.
        peak = convolution_peak(dtype_of(precision))
        times = compare(contest, paths, args.rounds, args.workers)
        # fvcore counts what it can trace, which is float32.
        exact = Pipeline.from_settings(replace(settings, precision="float32"))
        dense, whole = pipeline_operations(exact, paths, times)
        torch.set_num_threads(args.workers * args.threads)  # the pipeline has set its own
        peak = max(peak, convolution_peak(dtype_of(precision)))
        memory = [run_mib(paths, count, folder / "memory", settings) for count in args.memory]
    rng = np.random.default_rng(args.seed)
    draws = [speedups(times, rng.integers(len(paths), size=len(paths))) for _ in range(1000)]
    metrics = speedups(times, np.arange(len(paths)))
    ci95 = {name: interval([d[name] for d in draws]) for name in metrics}
    few, many = args.memory
    metrics |= {
        f"memory_growth_{few}_to_{many}": memory[1] / memory[0] - 1,
        "peak_memory_mib": max(memory),
        "peak_fraction": whole * args.workers / float(times.each["pipeline"].sum()) / peak,
        "pass_peak_fraction": dense * args.workers / float(times.stages["pass"].sum()) / peak,
        "peak_gflops": peak / 1e9,
        "gflop_per_photograph": whole / len(paths) / 1e9,
        "crossings_per_photograph": float(times.crossings.mean()),
        "graded_per_photograph": float(times.graded.mean()),
        "workers": args.workers,
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
    add("--precision", choices=("auto", *PRECISIONS), default="auto")
    add("--workers", type=int, default=cpu_count(), help="processes at once, a core each")
    add("--threads", type=int, default=1, help="of each process")
    add("--seed", type=int, default=0, help="of random weights and of the resampling")
    return run_report(report, parser.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
