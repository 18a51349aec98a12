"""Show where a grader looked, patch by patch: one page, a CSV and pictures.

    python -m av_grading.attribute --manifest patches/manifest.csv \\
        --weights output/grader/fold0/grader.safetensors --output output/attribution

Writes report.html, which holds everything and needs no network; attribution.csv with every measure
of every patch; pictures/, a PNG a patch. Grades in the manifest are not needed; `--held-out` names
predictions of a fold of `av_grading.train`, and only patches in them are shown. `--every 8`
shows every eighth, `--least-grade 2` those of grade 2 and 3. `--caliber` names a CSV with a column
`patch`, as in the manifest, and others, shown beside the grade.
Exit codes: 0 done, 1 failed or interrupted, 2 wrong usage.
"""

import argparse
import hashlib
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from av_grading.attribution.options import chosen_patches, make_options, options_of
from av_grading.command_line import exit_code, make_parser
from av_grading.models.registry import DEFAULT_GRADER

if TYPE_CHECKING:
    from av_grading.attribution.measures import Options
    from av_grading.grader import Grader

METHOD_NAMES = {
    "gradcam": "Grad-CAM",
    "integrated_gradients": "Integrated gradients",
    "occlusion": "Occlusion",
}


def run(args: argparse.Namespace) -> None:
    """Read, explain, and write everything."""
    from av_grading.attribution.measures import compare, explain
    from av_grading.attribution.scored import Scored
    from av_grading.data.patch_set import load_patches
    from av_grading.formats.caliber_table import read_caliber
    from av_grading.formats.files import png, write_whole
    from av_grading.formats.predictions import write_predictions
    from av_grading.grader import load_grader
    from av_grading.report.cards import make_cards
    from av_grading.report.render import MODEL, Provenance, render

    grader = load_grader(args.weights, args.device)
    patches = chosen_patches(args)
    caliber = read_caliber(args.caliber) if args.caliber else {}
    data, folder = load_patches(patches), args.manifest.parent
    options = options_of(args)
    explained = explain(grader, data, options, MODEL)
    metrics, ci95 = compare({MODEL: explained.table}, data.groups, args.draws, args.seed)
    contour = args.method != "integrated_gradients"  # whose maps are grains, not areas
    cards, sheets = make_cards(
        patches,
        folder,
        data,
        explained,
        crop=grader.config.data.crop,
        radius=args.radius,
        contour=contour,
        caliber=caliber,
    )
    unknown = caliber.keys() - {card.name for card in cards}
    if unknown:
        print(f"{args.caliber}: {len(unknown)} patches are not in the manifest: {min(unknown)}, …")
    about = Provenance(
        grader=f"{args.weights.name}, {describe(args.weights, grader)}",
        manifest=str(args.manifest),
        explanation=explanation(options, Scored(grader).cells(grader.config.data.crop)),
        radius=args.radius,
        contour=contour,
        draws=args.draws,
    )
    write_whole(args.output / "report.html", render(cards, explained.curves, metrics, ci95, about))
    write_predictions(
        args.output / "attribution.csv", patches, explained.probabilities, folder, explained.table
    )
    for card, sheet in zip(cards, sheets, strict=True):
        stem = re.sub(r"[^\w.-]", "_", Path(card.name).stem)
        write_whole(args.output / "pictures" / f"{card.number:04}_{stem}.png", png(sheet))
    print(f"written: {args.output / 'report.html'}, {len(patches)} patches")


def describe(path: Path, grader: "Grader") -> str:
    """Which grader it is: architecture, and the digest of its file."""
    model = grader.config.model
    digest = hashlib.sha256(path.read_bytes()).hexdigest()[:12]
    return f"{model.kind.replace('_', '-')}, depth {model.depth}, SHA-256 {digest}"


def explanation(options: "Options", cells: int) -> str:
    """What the pictures show, and how finely, for a Grad-CAM of `cells` a side."""
    aim = {"predicted": "the predicted grade", "expected": "the expected grade"}
    what = aim.get(options.target, f"grade {options.target}")
    fine = f" Its maps have {cells} × {cells} cells." if options.method == "gradcam" else ""
    return f"{METHOD_NAMES[options.method]} shows what raises the score of {what}.{fine}"


def main(argv: list[str] | None = None) -> int:
    parser = make_parser(__doc__)
    add = parser.add_argument
    add("--manifest", type=Path, required=True)
    add("--weights", type=Path, default=DEFAULT_GRADER, help="a grader; by default the shipped one")
    add("--output", type=Path, required=True, help="folder to write")
    add("--caliber", type=Path, help="CSV of figures of each patch, to be shown")
    make_options(parser)
    args = parser.parse_args(argv)
    return exit_code(lambda: run(args), "interrupted; nothing half is left")


if __name__ == "__main__":
    sys.exit(main())
