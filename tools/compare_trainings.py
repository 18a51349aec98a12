#!/usr/bin/env python3
"""Train variants under one budget with several seeds and compare them on validation photographs.

    python tools/compare_trainings.py --steps 600 --seeds 0 1 2 --folder output/ablation \\
        --variant safpn cpu/safpn_av.yaml --variant fpn cpu/fpn_av.yaml \\
        --variant no_se cpu/safpn_av.yaml MODEL.RESNETS.SE False \\
        --output results/ablation.json

With --leave-out, given once for each seed, a seed's trainings do without these sets (their
photographs of the config's DATASETS.TRAIN), and figures are apart for the sets that were seen and
those that were left out: cameras that a detector has never met.

With --fields, photographs are shown at other working scales as well (diameter of the field of view,
px), as those of a camera whose scale nobody knows would be.

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
from typing import Any

from av_detectron.config import find_config, load_config
from av_detectron.data.cross_fit import without_sets
from av_detectron.evaluation.seed_statistics import by_set, read_metrics, split_metrics, summarise
from av_detectron.formats.results import write_results

TRAIN = Path(__file__).resolve().parent / "train_net.py"


def remaining_sets(variant: list[str], left_out: list[str]) -> tuple[str, ...]:
    """The datasets that a variant trains on without some sets.

    Raises:
        ValueError: see `without_sets`; or the config has unknown keys.
    """
    config, *overrides = variant
    return without_sets(load_config(find_config(config), overrides).DATASETS.TRAIN, left_out)


def run_logged(given: list[str], output: Path, threads: int, what: str) -> None:
    """Run train_net.py with these arguments; what it says goes into console.txt of `output`.

    Raises:
        RuntimeError: it failed; says what, and names its log.
    """
    with (output / "console.txt").open("a") as log:
        code = subprocess.run(
            [sys.executable, str(TRAIN), *given],
            stdout=log,
            stderr=log,
            env={**os.environ, "OMP_NUM_THREADS": str(threads)},
        ).returncode
    if code:
        raise RuntimeError(f"{what} failed, see {log.name}")


def train(
    name: str, variant: list[str], seed: int, left_out: list[str], args: argparse.Namespace
) -> dict[str, Any]:
    """Train one variant with one seed, or take its finished run; returns what it logged last.

    Raises:
        RuntimeError: the training failed; names its log.
        ValueError: as `remaining_sets` and `split_metrics`.
    """
    output = args.folder / f"{name}_{seed}"
    record = output / "best.json"
    done = record.is_file() and json.loads(record.read_text())["iteration"] == args.steps - 1
    if not done:
        output.mkdir(parents=True, exist_ok=True)
        config, *overrides = variant
        keys = {"OUTPUT_DIR": output, "SEED": seed, "SOLVER.MAX_ITER": args.steps}
        keys |= {"TEST.EVAL_PERIOD": args.steps}
        if left_out:
            keys["DATASETS.TRAIN"] = remaining_sets(variant, left_out)
        words = [str(word) for pair in keys.items() for word in pair]
        given = ["--resume", "--config-file", config, *overrides, *words]
        run_logged(given, output, args.threads, f"{name}, seed {seed}: training")
    logged: dict[str, Any] = json.loads(record.read_text())["metrics"]
    return logged


def evaluate(run: Path, field: int, threads: int) -> dict[str, Any]:
    """Figures of a finished run on photographs whose field of view has another diameter (px).

    Raises:
        RuntimeError: the evaluation failed; names its log.
    """
    output = run / f"field_{field}"
    found = output / "evaluation.json"
    if not found.is_file():
        output.mkdir(exist_ok=True)
        keys = {"INPUT.CROSSPOS.FOV_DIAMETER": field, "OUTPUT_DIR": output}
        keys |= {"TEST.CROSSPOS.SCORE_THRESHOLD": -1.0}
        words = [str(word) for pair in keys.items() for word in pair]
        given = ["--eval-only", "--config-file", str(run / "best.yaml"), *words]
        run_logged(given, output, threads, f"{run.name}, field of {field} px:")
    logged: dict[str, Any] = json.loads(found.read_text())
    return logged


def run_one(
    name: str, variant: list[str], seed: int, left_out: list[str], args: argparse.Namespace
) -> tuple[dict[str, float], dict[str, Any]]:
    """Metrics of one training, those of other fields named after them, and the same set by set.

    Raises as `train` and `evaluate`.
    """
    logged = train(name, variant, seed, left_out, args)
    metrics, sets = means(logged, left_out), by_set(logged)
    for field in args.fields:
        found = evaluate(args.folder / f"{name}_{seed}", field, args.threads)
        metrics |= {f"{k}_field{field}": v for k, v in means(found, left_out).items()}
        for part, figures in by_set(found).items():
            sets[part] |= {f"{k}_field{field}": v for k, v in figures.items()}
    print(f"{name}, seed {seed}:", {k: round(v, 3) for k, v in metrics.items()}, flush=True)
    return metrics, sets


def means(logged: dict[str, Any], left_out: list[str]) -> dict[str, float]:
    """Metrics of a run, means over its sets: all of them, or apart where some were left out."""
    return split_metrics(logged, left_out) if left_out else read_metrics(logged)


def compare(args: argparse.Namespace) -> None:
    variants = {name: rest for name, *rest in args.variant}
    left_out = dict(zip(args.seeds, args.leave_out or [[]] * len(args.seeds), strict=True))
    for variant in variants.values():  # before hours of training, not after them
        for sets in args.leave_out or ():
            remaining_sets(variant, sets)
    with ThreadPoolExecutor(args.jobs) as pool:
        pending = {  # seed by seed, so that a comparison that is cut short is a fair one
            (name, seed): pool.submit(run_one, name, variants[name], seed, left_out[seed], args)
            for seed in args.seeds
            for name in variants
        }
        found = {n: [pending[n, seed].result() for seed in args.seeds] for n in variants}
    runs = {name: [metrics for metrics, _ in every] for name, every in found.items()}
    reference = next(iter(variants))
    metrics, ci95 = summarise(runs, reference)
    write_results(
        args.output,
        metrics={**metrics, "training_iterations": args.steps},
        ci95=ci95,
        seeds=args.seeds,
        data={
            "evaluated": "validation photographs of the training folders, mean over sets",
            **({"left_out": args.leave_out} if args.leave_out else {}),
            **({"fields": args.fields} if args.fields else {}),
        },
        variants=variants,
        runs=runs,
        by_set={name: [sets for _, sets in every] for name, every in found.items()},
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
    add(
        "--leave-out",
        nargs="+",
        action="append",
        metavar="SET",
        help="sets, such as drive, that a seed's trainings do without; once for each seed",
    )
    add("--fields", type=int, nargs="+", default=[], metavar="PX", help="other working scales")
    add("--folder", type=Path, required=True, help="where the trainings are kept")
    add("--output", type=Path, required=True, help="results file to write")
    add("--jobs", type=int, default=2, help="trainings at a time")
    add("--threads", type=int, default=1, help="threads of each")
    args = parser.parse_args(argv)
    for variant in args.variant:
        if len(variant) < 2 or len(variant) % 2:
            parser.error(f"--variant: expected NAME CONFIG [KEY VALUE ...], found {variant}")
    if args.leave_out and len(args.leave_out) != len(args.seeds):
        given = len(args.leave_out)
        parser.error(f"--leave-out: expected {len(args.seeds)} times, once a seed, found {given}")
    try:
        compare(args)
    except (OSError, RuntimeError, ValueError) as error:
        print(f"stopped: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
