"""Grade the patches of a manifest with trained graders.

    python -m av_grading.predict --manifest patches/manifest.csv --output grades.csv \\
        --weights output/grader/fold0/grader.safetensors output/grader/fold1/grader.safetensors

Several graders are an ensemble: their probabilities are averaged, and the column `spread` says how
far their expected grades differ (standard deviation). Grades in the manifest are not needed.
Exit codes: 0 done, 1 failed, 2 wrong usage.
"""

import argparse
import sys
from pathlib import Path

from av_grading.command_line import exit_code, make_parser
from av_grading.command_line.defaults import DEFAULT_GRADER


def run(args: argparse.Namespace) -> None:
    """Read, grade, write."""
    from av_grading.data.patch_set import load_patches
    from av_grading.formats.manifest import read_manifest
    from av_grading.formats.predictions import write_predictions
    from av_grading.grader import load_grader, predict_together

    graders = [load_grader(path, args.device) for path in args.weights]
    patches = read_manifest(args.manifest)
    data = load_patches(patches)
    probabilities, spread = predict_together(graders, data)
    write_predictions(args.output, patches, probabilities, args.manifest.parent, {"spread": spread})
    print(f"written: {args.output}, {len(patches)} patches")


def main(argv: list[str] | None = None) -> int:
    parser = make_parser(__doc__)
    add = parser.add_argument
    add("--manifest", type=Path, required=True)
    add(
        "--weights",
        type=Path,
        nargs="+",
        default=[DEFAULT_GRADER],
        help="graders; by default the shipped",
    )
    add("--output", type=Path, required=True, help="CSV to write")
    add("--device", default="cpu", help="cpu or cuda")
    args = parser.parse_args(argv)
    return exit_code(lambda: run(args))


if __name__ == "__main__":
    sys.exit(main())
