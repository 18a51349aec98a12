#!/usr/bin/env python3
"""Measure how hard a detector finds the photographs of its training sets.

    python tools/measure_losses.py --config-file output/six_sets/ema.yaml \\
        --output output/losses.json

The loss of a photograph is the mean over crops that are drawn as in training. A training with
DATASETS.LOSSES output/losses.json shows hard photographs more often. KEY VALUE overrides follow.
Exit codes: 0 done, 1 failed, 2 wrong usage.
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np
import torch
from detectron2.data import DatasetCatalog
from detectron2.utils.events import EventStorage
from tqdm import tqdm

from av_detectron.checkpoint.checkpointer import CheckpointError
from av_detectron.config import find_config, load_config
from av_detectron.data.crosspos import dataset_root, register_all
from av_detectron.data.errors import InputFileError
from av_detectron.data.hard_photographs import photograph_key
from av_detectron.data.mapper import CrossPosTrainMapper
from av_detectron.engine.trainer import load_model
from av_detectron.formats.files import write_whole


@torch.no_grad()
def measure(args: argparse.Namespace) -> dict[str, float]:
    """Mean loss of every photograph of the config's training sets."""
    cfg = load_config(find_config(args.config_file), args.opts)
    register_all(dataset_root(), cfg.DATASETS.TRAIN)
    model = load_model(cfg).train()
    mapper = CrossPosTrainMapper(cfg)
    losses = {}
    for name in dict.fromkeys(cfg.DATASETS.TRAIN):
        for record in tqdm(DatasetCatalog.get(name), name, disable=None, unit="photograph"):
            np.random.seed(args.seed)
            torch.manual_seed(args.seed)
            with EventStorage():
                found = [sum(model([mapper(record)]).values()).item() for _ in range(args.crops)]
            losses[photograph_key(record["file_name"])] = float(np.mean(found))
    return losses


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--config-file", required=True, help="of the detector, with its MODEL.WEIGHTS")
    add("--crops", type=int, default=4, help="of each photograph")
    add("--seed", type=int, default=0)
    add("--output", type=Path, required=True, help="file to write")
    add("opts", nargs=argparse.REMAINDER, help="config overrides, PATH.KEY VALUE ...")
    args = parser.parse_args(argv)
    try:
        losses = measure(args)
        write_whole(args.output, json.dumps({"losses": losses}, indent=1) + "\n")
    except (CheckpointError, InputFileError, OSError, ValueError) as error:
        print(f"stopped: {error}", file=sys.stderr)
        return 1
    print(f"written: {args.output}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
