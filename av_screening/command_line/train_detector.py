"""Train or evaluate a crossing detector, with the flags of Detectron2's own train_net.py.

    python tools/train_net.py --config-file safpn_mask_rcnn.yaml
    python tools/train_net.py --config-file cpu/safpn_mask_rcnn.yaml --resume
    python tools/train_net.py --config-file output/x/best.yaml --eval-only

--eval-only writes its figures to evaluation.json in OUTPUT_DIR.

Config files are found by path or by their name in configs/. Overrides follow as KEY VALUE pairs.
Exit codes: 0 done, 1 failed or interrupted, 2 wrong usage.
"""

import argparse
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from detectron2.config import CfgNode

EPILOG = """
Examples:

Run on single machine:
    $ {prog} --num-gpus 8 --config-file cfg.yaml

Change some config options:
    $ {prog} --config-file cfg.yaml MODEL.WEIGHTS /path/to/weight.pth SOLVER.BASE_LR 0.001

Run on multiple machines:
    (machine0)$ {prog} --machine-rank 0 --num-machines 2 --dist-url <URL> [--other-flags]
    (machine1)$ {prog} --machine-rank 1 --num-machines 2 --dist-url <URL> [--other-flags]
"""


def make_parser() -> argparse.ArgumentParser:
    """The flags of Detectron2's `default_argument_parser`, whose import takes seconds; a test
    keeps both the same."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog=EPILOG.format(prog=sys.argv[0]),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--config-file", default="", metavar="FILE", help="path, or name inside configs/")
    add("--resume", action="store_true", help="go on from the output folder's last checkpoint")
    add("--eval-only", action="store_true", help="perform evaluation only")
    add("--num-gpus", type=int, default=1, help="number of gpus *per machine*")
    add("--num-machines", type=int, default=1, help="total number of machines")
    add("--machine-rank", type=int, default=0, help="rank of this machine (unique per machine)")
    user = hash(os.getuid()) if sys.platform != "win32" else 1
    port = 2**15 + 2**14 + user % 2**14  # the same for a user, so that orphans are noticed
    add("--dist-url", default=f"tcp://127.0.0.1:{port}", help="URL for PyTorch's distributed runs")
    add("opts", nargs=argparse.REMAINDER, help="config overrides, PATH.KEY VALUE ...")
    return parser


def setup(args: argparse.Namespace) -> "CfgNode":
    """Config from file and overrides, logging and seeds; frozen."""
    import torch
    from detectron2.engine import default_setup

    from av_detectron.config import find_config, load_config
    from av_detectron.data.crosspos import dataset_root, register_all

    args.config_file = str(find_config(args.config_file))  # Detectron2 logs the file
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
    from detectron2.evaluation.testing import flatten_results_dict
    from detectron2.utils import comm

    from av_detectron.engine.trainer import CrossPosTrainer, evaluate
    from av_detectron.engine.training_curves import plot_training
    from av_detectron.formats.files import write_whole

    cfg = setup(args)
    if args.eval_only:
        metrics = flatten_results_dict(evaluate(cfg))
        if comm.is_main_process():
            path = Path(cfg.OUTPUT_DIR) / "evaluation.json"
            write_whole(path, json.dumps(metrics, indent=1) + "\n")
        return
    trainer = CrossPosTrainer(cfg)
    trainer.resume_or_load(resume=args.resume)
    trainer.train()
    if comm.is_main_process():
        output = Path(cfg.OUTPUT_DIR)
        plot_training(output / "metrics.json", output / "training.png")
        print(f"training curves: {output / 'training.png'}")


def main(argv: list[str] | None = None) -> int:
    parser = make_parser()
    args = parser.parse_args(argv)
    if not args.config_file:
        parser.error("--config-file: expected a config, such as safpn_mask_rcnn.yaml")
    import torch
    from detectron2.engine import launch

    from av_detectron.checkpoint.checkpointer import CheckpointError
    from av_detectron.data.errors import InputFileError

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
