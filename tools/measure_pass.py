#!/usr/bin/env python3
"""What the artery/vein map costs: time of one pass against its parts, and peak memory.

    python tools/measure_pass.py --alone output/ablation/detector_0/best.yaml \\
        --dataset crosspos_drive_val --large photograph.jpg --output results/one_pass.json

The multi-task model, a detector without the map of the same depth, the map without the detector,
and the model whose map is the mean of four views take turns on every photograph (already decoded
and resized); ratios are of the sums.
Memory is the peak of a new process that predicts one photograph, less that of an interpreter
that does nothing.
Exit codes: 0 done, 1 failed, 2 wrong usage.
"""

import argparse
import copy
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from tqdm import tqdm

from av_detectron.checkpoint.release import detector_config, load_detector
from av_detectron.data.crosspos import dataset_root, register_all
from av_detectron.engine.trainer import CrossPosTrainer, load_model
from av_detectron.evaluation.detector_scores import interval
from av_detectron.evaluation.peak_memory import PREDICT, peak_mib
from av_detectron.evaluation.reporting import run_report
from av_detectron.formats.results import write_results
from av_detectron.modeling.vessel_net import map_alone
from av_detectron.predictor import DEFAULT_WEIGHTS


@torch.inference_mode()
def seconds(models: dict[str, nn.Module], records: list[Any], rounds: int) -> dict[str, Any]:
    """Seconds of every model on every photograph, the best of `rounds`: name → (photographs,)."""
    times = {name: np.full(len(records), np.inf) for name in models}
    for turn in tqdm(range(rounds + 1), desc="rounds", disable=None):
        for i, record in enumerate(records):
            for name, model in models.items():
                start = time.perf_counter()
                model(record)
                if turn:  # the first round warms up
                    times[name][i] = min(times[name][i], time.perf_counter() - start)
    return times


def report(args: argparse.Namespace) -> None:
    torch.set_num_threads(args.threads)
    register_all(dataset_root(), [args.dataset])
    cfg, model = load_detector(args.detector)
    detector = load_model(detector_config(args.alone, [])).eval()
    model.n_views = 1
    four = copy.copy(model)  # the same weights
    four.n_views = 4
    models = {"multi_task": model, "detector": detector, "map": map_alone(cfg, model)}
    models["four_views"] = four
    records = list(CrossPosTrainer.build_test_loader(cfg, args.dataset))
    times = seconds(models, records, args.rounds)

    def ratios(chosen: Any) -> dict[str, float]:
        total = {name: float(values[chosen].sum()) for name, values in times.items()}
        apart = total["detector"] + total["map"]
        return {
            "pass_over_detector": total["multi_task"] / total["detector"],
            "pass_over_two_models": total["multi_task"] / apart,
            "four_views_over_pass": total["four_views"] / total["multi_task"],
        }

    rng = np.random.default_rng(args.seed)
    draws = [ratios(rng.integers(len(records), size=len(records))) for _ in range(1000)]
    metrics = ratios(np.arange(len(records)))
    ci95 = {k: interval([d[k] for d in draws]) for k in metrics}
    metrics |= {f"{name}_seconds": float(v.mean()) for name, v in times.items()}
    data: dict[str, Any] = {"timed": [Path(r["file_name"]).name for (r,) in records]}
    if args.large:
        weights, large = str(args.detector), str(args.large)
        metrics["peak_mib_above_idle"] = peak_mib(PREDICT, weights, large) - peak_mib()
        data["memory"] = args.large.name
    metrics["threads"] = args.threads
    write_results(args.output, metrics=metrics, ci95=ci95, seeds=[args.seed], data=data)
    print({k: round(v, 3) for k, v in metrics.items()})


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--detector", type=Path, default=DEFAULT_WEIGHTS, help="file of tools/release_weights.py")
    add("--alone", type=Path, required=True, help="detector without the map: its best.yaml")
    add("--dataset", default="crosspos_drive_val", help="registered name")
    add("--large", type=Path, help="photograph whose peak memory is measured")
    add("--output", type=Path, required=True, help="results file to write")
    add("--rounds", type=int, default=5, help="times that every photograph is taken")
    add("--threads", type=int, default=torch.get_num_threads())
    add("--seed", type=int, default=0, help="of the resampling")
    return run_report(report, parser.parse_args(argv))


if __name__ == "__main__":
    sys.exit(main())
