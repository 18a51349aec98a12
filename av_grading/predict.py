"""Grade the patches of a manifest with trained graders.

    python -m av_grading.predict --manifest patches/manifest.csv --output grades.csv \\
        --weights output/grader/fold0/grader.safetensors output/grader/fold1/grader.safetensors

    python -m av_grading.predict --patches my_patches --drive-px 4.2 --output grades.csv

Patches alone, a crossing in the middle of each, get a map of their own (second form). Their scale
has to be told: px a DRIVE px (the photograph's field of view has 540 of these), or the optic disc's
diameter in px (an ordinary disc has 83 DRIVE px).

Several graders are an ensemble: they count alike, and the column `spread` says how far their
expected grades differ (standard deviation). Grades are decided on as `av-nicking screen` does it
with these graders. Grades in the manifest are not needed.
Exit codes: 0 done, 1 a file failed, 2 wrong usage.
"""

import argparse
import sys
from pathlib import Path

from av_grading.command_line import exit_code, make_parser
from av_grading.command_line.defaults import GRADER_N_VIEWS, VIEWS
from av_grading.models.registry import DEFAULT_CLOSE_UP, DEFAULT_GRADER, DEFAULT_GRADERS

PREVALENCE_HELP = "how common grades 0-3 are, by default as in screen; .25 .25 .25 .25: as learned"
VIEWS_HELP = "flips of a patch that its grade is the mean of"


def run(args: argparse.Namespace) -> int:
    """Read, grade, write; 1 where some patches could not be read."""
    from dataclasses import replace

    import numpy as np

    from av_grading.close_ups.fine_map import load_close_up
    from av_grading.close_ups.lone_patches import DISC_DIAMETER, find_patches, look_at_patches
    from av_grading.data.patch_set import load_patches
    from av_grading.decision import IN_USE, SHIPPED, DecisionRule, decide, member_names
    from av_grading.formats.manifest import GradedPatch, read_manifest
    from av_grading.formats.predictions import write_predictions
    from av_grading.grader import load_grader, predict_members
    from av_grading.models.reading_outputs import Answers
    from av_grading.models.reading_strip import load_strip_reader

    weights = args.weights or ([DEFAULT_GRADER] if args.manifest else DEFAULT_GRADERS)
    graders = {
        name: replace(load_grader(path, args.device), views=args.grader_n_views)
        for name, path in zip(member_names(weights), weights, strict=True)
    }
    failures: list[str] = []
    answers: dict[str, Answers] = {}
    own = list(weights) != list(DEFAULT_GRADERS)
    if args.manifest:
        patches, folder = read_manifest(args.manifest), args.manifest.parent
        data = load_patches(patches)
    else:
        folder = args.patches
        drive_px = args.drive_px or args.disc_diameter / DISC_DIAMETER
        close_up = load_close_up(args.close_up, args.device)
        strip = None if own else load_strip_reader(device=args.device)
        seen = look_at_patches(find_patches(folder), close_up, drive_px, strip, ask_head=not own)
        data, failures, answers = seen.data, seen.failures, seen.answers
        patches = [GradedPatch(path, path, None, path.stem, "") for path in seen.paths]
    if args.prevalence:
        rule = DecisionRule(SHIPPED.weights, prevalence=tuple(args.prevalence))
    elif own:
        rule = DecisionRule(prevalence=IN_USE)
    else:
        rule = SHIPPED
    members = predict_members(graders, data)
    members |= {name: answer.grade for name, answer in answers.items()}
    decision = decide(members, rule, spread_of=list(graders))
    spread = np.zeros(len(patches)) if decision.spread is None else decision.spread
    write_predictions(args.output, patches, decision, folder, {"spread": spread})
    print(f"written: {args.output}, {len(patches)} patches")
    for failure in failures:
        print(failure, file=sys.stderr)
    return int(bool(failures))


def main(argv: list[str] | None = None) -> int:
    parser = make_parser(__doc__)
    add = parser.add_argument
    given = parser.add_mutually_exclusive_group(required=True)
    given.add_argument("--manifest", type=Path, help="patches with maps")
    given.add_argument("--patches", type=Path, help="folder of patches alone")
    add("--drive-px", type=float, help="px of these a DRIVE px")
    add("--disc-diameter", type=float, help="px of these across the optic disc, instead")
    add("--close-up", type=Path, default=DEFAULT_CLOSE_UP, help="weights that make their maps")
    add(
        "--weights",
        type=Path,
        nargs="+",
        help="graders, which then grade alone; by default the shipped one, with --patches beside "
        "the shipped readers of the straightened vein and of the close-up",
    )
    add("--output", type=Path, required=True, help="CSV to write")
    add("--prevalence", type=float, nargs=4, metavar="SHARE", help=PREVALENCE_HELP)
    add("--grader-n-views", type=int, choices=VIEWS, default=GRADER_N_VIEWS, help=VIEWS_HELP)
    add("--device", default="cpu", help="cpu or cuda")
    args = parser.parse_args(argv)
    scales = [args.drive_px, args.disc_diameter]
    if args.patches and sum(scale is not None for scale in scales) != 1:
        parser.error(
            "--patches: expected their scale, --drive-px (px a DRIVE px) or --disc-diameter (px), "
            f"found {'both' if all(scales) else 'neither'}"
        )
    if any(scale is not None and not scale > 0 for scale in scales):
        parser.error("expected a scale above 0")
    return exit_code(lambda: run(args))


if __name__ == "__main__":
    sys.exit(main())
