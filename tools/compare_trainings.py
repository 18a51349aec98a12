#!/usr/bin/env python3
"""Train variants under one budget with several seeds and compare them on validation photographs.

    python tools/compare_trainings.py --steps 600 --seeds 0 1 2 --folder output/ablation \\
        --variant safpn cpu/safpn_av.yaml --variant fpn cpu/fpn_av.yaml \\
        --variant no_se cpu/safpn_av.yaml MODEL.RESNETS.SE False \\
        --output results/ablation.json

The first variant is compared with each of the others, seed by seed. Run again after an
interruption: what is finished is kept, the rest goes on from its checkpoints. Figures are those of
the last step; a centre's score threshold is each run's best on the same photographs.
Exit codes: 0 done, 1 a training failed, 2 wrong usage.
"""

import argparse
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from av_detectron.evaluation.seed_statistics import read_metrics, summarise
from av_detectron.formats.results import write_results

TRAIN = Path(__file__).resolve().parent / "train_net.py"


def train(name: str, variant: list[str], seed: int, args: argparse.Namespace) -> dict[str, float]:
    """Train one variant with one seed, or take its finished run; returns its metrics.

    Raises:
        RuntimeError: the training failed; names its log.
    """
    output = args.folder / f"{name}_{seed}"
    record = output / "best.json"
    done = record.is_file() and json.loads(record.read_text())["iteration"] == args.steps - 1
    if not done:
        output.mkdir(parents=True, exist_ok=True)
        config, *overrides = variant
        keys = {"OUTPUT_DIR": output, "SEED": seed, "SOLVER.MAX_ITER": args.steps}
        keys |= {"TEST.EVAL_PERIOD": args.steps}
        words = [str(word) for pair in keys.items() for word in pair]
        command = [sys.executable, str(TRAIN), "--resume", "--config-file", config]
        with (output / "console.txt").open("a") as log:
            code = subprocess.run(
                [*command, *overrides, *words],
                stdout=log,
                stderr=log,
                env={**os.environ, "OMP_NUM_THREADS": str(args.threads)},
            ).returncode
        if code:
            raise RuntimeError(f"{name}, seed {seed}: training failed, see {log.name}")
    metrics = read_metrics(json.loads(record.read_text())["metrics"])
    print(f"{name}, seed {seed}:", {k: round(v, 3) for k, v in metrics.items()}, flush=True)
    return metrics


def compare(args: argparse.Namespace) -> None:
    variants = {name: rest for name, *rest in args.variant}
    with ThreadPoolExecutor(args.jobs) as pool:
        pending = {  # seed by seed, so that a comparison that is cut short is a fair one
            (name, seed): pool.submit(train, name, variants[name], seed, args)
            for seed in args.seeds
            for name in variants
        }
        runs = {n: [pending[n, seed].result() for seed in args.seeds] for n in variants}
    reference = next(iter(variants))
    metrics, ci95 = summarise(runs, reference)
    write_results(
        args.output,
        metrics={**metrics, "training_iterations": args.steps},
        ci95=ci95,
        seeds=args.seeds,
        data={"evaluated": "validation photographs of the training folders, mean over sets"},
        variants=variants,
        runs=runs,
    )
    print(f"written: {args.output}")


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--variant", nargs="+", action="append", required=True, metavar="NAME CONFIG KEY VALUE")
    add("--steps", type=int, required=True, help="of every training")
    add("--seeds", type=int, nargs="+", default=[0, 1, 2])
    add("--folder", type=Path, required=True, help="where the trainings are kept")
    add("--output", type=Path, required=True, help="results file to write")
    add("--jobs", type=int, default=2, help="trainings at a time")
    add("--threads", type=int, default=1, help="threads of each")
    args = parser.parse_args(argv)
    for variant in args.variant:
        if len(variant) < 2 or len(variant) % 2:
            parser.error(f"--variant: expected NAME CONFIG [KEY VALUE ...], found {variant}")
    try:
        compare(args)
    except (OSError, RuntimeError) as error:
        print(f"stopped: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
