"""Make graded patches, with fine maps, of close-ups: what graders are trained on is what they meet.

    python -m av_grading.close_up.write_patches --close-ups output/close_ups/train \\
        --weights output/close_up.safetensors --output output/graded

Writes patches/, maps/ (shares of artery, vein and overlap) and manifest.csv, for
`python -m av_grading.train`. Centres are those that the fine map gives.
Exit codes: 0 done, 1 a file cannot be read or written, 2 wrong usage.
"""

import argparse
import sys
from pathlib import Path


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--close-ups", type=Path, required=True, help="folder of datasets/cut_close_ups.py")
    add("--weights", type=Path, required=True, help="of the close-up network")
    add("--output", type=Path, required=True, help="folder to write")
    add("--kinds", nargs="*", default=["plain", "nicked"], help="of the close-ups")
    args = parser.parse_args(argv)
    from av_grading.close_up.graded_patches import write
    from av_grading.formats.errors import InputFileError
    from av_grading.models.encoder import WeightsError

    try:
        print(f"written: {write(args)} patches, {args.output / 'manifest.csv'}")
    except (InputFileError, WeightsError, OSError) as error:
        print(f"stopped: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
