"""Teach a close-up network which vessel lies above, and whether readers would grade.

    python -m av_grading.command_line.train_reading_head \\
        --weights output/net/close_up.safetensors --readings output/close_ups/read \\
        --ordered output/close_ups/ordered \\
        --output close_up.safetensors

Logistic regression on the network's features, its strength chosen by cross-validation over
photographs. What is read (datasets/cut_close_ups.py --readings) teaches both questions; crossings
with either vessel drawn above (--ordered) the first as well. Figures are of photographs left out.
Exit codes: 0 done, 1 a file cannot be read or written, 2 wrong usage.
"""

import sys
from pathlib import Path

from av_grading.command_line import exit_code, make_parser


def main(argv: list[str] | None = None) -> int:
    parser = make_parser(__doc__)
    add = parser.add_argument
    add("--weights", type=Path, required=True, help="of the close-up network")
    add("--readings", type=Path, required=True, help="folder of close-ups that were read")
    add("--ordered", type=Path, help="folder of close-ups with either vessel drawn above")
    add("--ordered-weight", type=float, default=0.5, help="of these beside what was read")
    add("--output", type=Path, required=True, help="weights file to write")
    args = parser.parse_args(argv)
    from av_grading.training.reading_head import teach

    return exit_code(lambda: teach(args))


if __name__ == "__main__":
    sys.exit(main())
