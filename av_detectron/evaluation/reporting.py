"""What the reports of tools/ share: their arguments, how they end, and their last lines."""

import argparse
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from detectron2.utils.logger import setup_logger

from av_detectron.checkpoint.checkpointer import CheckpointError
from av_detectron.data.errors import InputFileError


def report_parser(description: str | None, several: bool = False) -> argparse.ArgumentParser:
    """Parser with the arguments of every report, on one set or on several."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--detector",
        type=Path,
        required=True,
        help="best.yaml of a training, or .safetensors of tools/release_weights.py",
    )
    if several:
        parser.add_argument("--datasets", nargs="+", required=True, help="registered names")
    else:
        parser.add_argument("--dataset", default="crosspos_drive_test", help="registered name")
    parser.add_argument("--output", type=Path, required=True, help="results file to write")
    parser.add_argument("--draws", type=int, default=1000, help="bootstrap resamples")
    parser.add_argument("--seed", type=int, default=0, help="of the resampling")
    return parser


def run_report(report: Callable[[argparse.Namespace], None], args: argparse.Namespace) -> int:
    """Make a report: exit code 0, or 1 with the reason on stderr."""
    setup_logger()
    try:
        report(args)
    except (CheckpointError, InputFileError, OSError, ValueError) as error:
        print(f"stopped: {error}", file=sys.stderr)
        return 1
    print(f"written: {args.output}")
    return 0


def print_headlines(
    names: Iterable[str], metrics: dict[str, float], ci95: dict[str, list[float]]
) -> None:
    """Print those metrics that have an interval, a line each."""
    for name in (n for n in names if n in ci95):
        low, high = ci95[name]
        print(f"{name:20} {metrics[name]:.3f}  (95 % interval {low:.3f} to {high:.3f})")
