#!/usr/bin/env python3
"""Average the weights of a trained detector with those that it went on from.

    python tools/average_weights.py --detector output/seven_sets/ema.yaml \\
        --with output/weights/crossing_av_r18.safetensors --output output/mean

The mean of weights that lie in one valley keeps what each has learned (Wortsman 2022,
https://arxiv.org/abs/2203.05482). Writes model_mean.pth and mean.yaml, the config that evaluates
it, without a score threshold: tools/tune_rescoring.py chooses that.
Exit codes: 0 written, 1 could not be written, 2 wrong usage.
"""

import argparse
import io
import sys
from pathlib import Path

import torch

from av_detectron.checkpoint.checkpointer import CheckpointError
from av_detectron.checkpoint.release import load_detector
from av_detectron.config import load_config
from av_detectron.engine.trainer import load_model
from av_detectron.formats.files import write_whole


def average(config: Path, released: Path, output: Path) -> None:
    """Write the mean of both.

    Raises:
        CheckpointError: weights cannot be read, or are of another architecture; names the file.
        OSError: the output cannot be written.
        ValueError: the config is none, or names no weights.
    """
    cfg = load_config(config, [])
    later = load_model(cfg).state_dict()
    earlier = load_detector(released)[1].state_dict()
    if {k: v.shape for k, v in later.items()} != {k: v.shape for k, v in earlier.items()}:
        raise CheckpointError(f"{released}: expected weights of the same architecture as {config}")
    mean = {name: (value.float() + earlier[name].float()) / 2 for name, value in later.items()}
    buffer = io.BytesIO()
    torch.save({"model": mean}, buffer)
    write_whole(output / "model_mean.pth", buffer.getvalue())
    cfg.MODEL.WEIGHTS = str(output / "model_mean.pth")
    cfg.OUTPUT_DIR = str(output)
    cfg.TEST.CROSSPOS.SCORE_THRESHOLD = -1.0
    write_whole(output / "mean.yaml", cfg.dump())


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--detector", type=Path, required=True, help="best.yaml or ema.yaml of a training")
    add("--with", dest="released", type=Path, required=True, help="file of release_weights.py")
    add("--output", type=Path, required=True, help="folder to write")
    args = parser.parse_args(argv)
    try:
        average(args.detector, args.released, args.output)
    except (CheckpointError, OSError, ValueError) as error:
        print(f"stopped: {error}", file=sys.stderr)
        return 1
    print(f"written: {args.output / 'mean.yaml'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
