"""Make graded patches, with fine maps, of close-ups: what graders are trained on is what they meet.

    python -m av_grading.command_line.write_patches --close-ups output/close_ups/train \\
        --weights output/close_up.safetensors --output output/graded

Writes patches/, maps/ (shares of artery, vein and overlap) and manifest.csv, for
`python -m av_grading.train`. Centres are those that the fine map gives.
Exit codes: 0 done, 1 a file cannot be read or written, 2 wrong usage.
"""

import sys
from pathlib import Path

from av_grading.command_line import exit_code, make_parser


def main(argv: list[str] | None = None) -> int:
    parser = make_parser(__doc__)
    add = parser.add_argument
    add("--close-ups", type=Path, required=True, help="folder of datasets/cut_close_ups.py")
    add("--weights", type=Path, required=True, help="of the close-up network")
    add("--output", type=Path, required=True, help="folder to write")
    add("--kinds", nargs="*", default=["plain", "nicked"], help="of the close-ups")
    args = parser.parse_args(argv)
    from av_grading.close_ups.graded_patches import write

    return exit_code(lambda: write(args))


if __name__ == "__main__":
    sys.exit(main())
