"""Train the close-up network: a fine artery/vein map that follows the edges the picture shows.

    python -m av_grading.command_line.train_close_up_map --train output/close_ups/train \\
        --val output/close_ups/val --output output/close_up_net

The close-ups are cut by datasets/cut_close_ups.py: labels are squeezed and faded with their
photographs, so that a map which smooths a narrowing away is wrong. Goes on with --resume.
Exit codes: 0 done, 1 a file cannot be read or written, 2 wrong usage.
"""

import sys
from pathlib import Path

from av_grading.command_line import exit_code, make_parser


def main(argv: list[str] | None = None) -> int:
    parser = make_parser(__doc__)
    add = parser.add_argument
    add("--train", type=Path, required=True, help="folder of close-ups to learn from")
    add("--val", type=Path, required=True, help="of other photographs, to report on")
    add("--output", type=Path, required=True)
    add("--steps", type=int, default=3000)
    add("--batch", type=int, default=8)
    add("--crop", type=int, default=112, help="side of what is seen of a close-up (px)")
    add("--lr", type=float, default=2e-3)
    add("--report", type=int, default=200, help="steps between reports and checkpoints")
    add("--held", type=int, default=300, help="close-ups that reports are of")
    add("--resume", action="store_true")
    add("--seed", type=int, default=0)
    args = parser.parse_args(argv)
    from av_grading.training.close_up_map import train

    return exit_code(lambda: train(args))


if __name__ == "__main__":
    sys.exit(main())
