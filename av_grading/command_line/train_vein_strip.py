"""Teach a network what is left of a vein's width beside an artery.

    python -m av_grading.command_line.train_vein_strip --train output/close_ups/train \\
        --val output/close_ups/val --weights close_up.safetensors --output output/narrowing

The close-ups are cut by datasets/cut_close_ups.py and seen as in use: through the fine map, along
the vein that is found in it. Goes on with --resume.
Exit codes: 0 done, 1 a file cannot be read or written, 2 wrong usage.
"""

import sys
from pathlib import Path

from av_grading.command_line import exit_code, make_parser
from av_grading.command_line.defaults import DEFAULT_CLOSE_UP


def main(argv: list[str] | None = None) -> int:
    parser = make_parser(__doc__)
    add = parser.add_argument
    add("--train", type=Path, required=True, help="folder of close-ups to learn from")
    add("--val", type=Path, required=True, help="of other photographs, to report on")
    add("--weights", type=Path, default=DEFAULT_CLOSE_UP, help="of the close-up network")
    add("--output", type=Path, required=True)
    add("--steps", type=int, default=6000)
    add("--batch", type=int, default=64)
    add("--lr", type=float, default=1e-3)
    add("--weight-decay", type=float, default=0.05)
    add("--report", type=int, default=500, help="steps between reports and checkpoints")
    add("--resume", action="store_true")
    add("--seed", type=int, default=0)
    args = parser.parse_args(argv)
    from av_grading.training.vein_strip import train

    return exit_code(lambda: train(args))


if __name__ == "__main__":
    sys.exit(main())
