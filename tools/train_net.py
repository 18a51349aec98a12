#!/usr/bin/env python3
"""Train or evaluate a crossing detector, with the flags of Detectron2's own train_net.py.

    python tools/train_net.py --config-file safpn_mask_rcnn.yaml
    python tools/train_net.py --config-file cpu/safpn_mask_rcnn.yaml --resume
    python tools/train_net.py --config-file output/x/best.yaml --eval-only

Config files are found by path or by their name in configs/. Overrides follow as KEY VALUE pairs.
Exit codes: 0 done, 1 failed or interrupted, 2 wrong usage.
"""

import argparse
import sys
from pathlib import Path

import torch
from detectron2.config import CfgNode
from detectron2.engine import default_argument_parser, default_setup, launch
from detectron2.utils import comm

from av_detectron.checkpoint.checkpointer import CheckpointError
from av_detectron.config import find_config, load_config
from av_detectron.data.crosspos import dataset_root, register_all
from av_detectron.data.errors import InputFileError
from av_detectron.engine.trainer import CrossPosTrainer, evaluate
from av_detectron.engine.training_curves import plot_training

CONFIGS = Path(__file__).resolve().parent.parent / "configs"


def setup(args: argparse.Namespace) -> CfgNode:
    """Config from file and overrides, logging and seeds; frozen."""
    args.config_file = str(find_config(args.config_file, CONFIGS))  # Detectron2 logs the file
    cfg = load_config(Path(args.config_file), args.opts)
    if cfg.MODEL.DEVICE == "cuda" and not torch.cuda.is_available():
        print("no CUDA device here: training on the CPU (cpu/ configs are sized for it)")
        cfg.MODEL.DEVICE = "cpu"
    register_all(dataset_root(), [*cfg.DATASETS.TRAIN, *cfg.DATASETS.TEST])
    cfg.freeze()
    default_setup(cfg, args)
    return cfg


def run(args: argparse.Namespace) -> None:
    """What every process does: evaluate, or train and draw the curves."""
    cfg = setup(args)
    if args.eval_only:
        evaluate(cfg)
        return
    trainer = CrossPosTrainer(cfg)
    trainer.resume_or_load(resume=args.resume)
    trainer.train()
    if comm.is_main_process():
        output = Path(cfg.OUTPUT_DIR)
        plot_training(output / "metrics.json", output / "training.png")
        print(f"training curves: {output / 'training.png'}")


def main(argv: list[str] | None = None) -> int:
    parser = default_argument_parser()
    parser.description = __doc__
    args = parser.parse_args(argv)
    if not args.config_file:
        parser.error("--config-file: expected a config, such as safpn_mask_rcnn.yaml")
    gpus = min(args.num_gpus, torch.cuda.device_count())
    if args.num_gpus > 1 and gpus < args.num_gpus:
        parser.error(f"--num-gpus {args.num_gpus}: found {gpus} here")
    try:
        launch(
            run, gpus, args.num_machines, args.machine_rank, dist_url=args.dist_url, args=(args,)
        )
    except (CheckpointError, InputFileError, FileNotFoundError, ValueError) as error:
        print(f"stopped: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted; the same command with --resume continues", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
