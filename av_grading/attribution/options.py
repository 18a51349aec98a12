"""Arguments of what is explained and how, and the patches that are."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from av_grading.formats.grade_definition import GRADES

if TYPE_CHECKING:
    from av_grading.attribution.measures import Options
    from av_grading.formats.manifest import GradedPatch

METHODS = ("integrated_gradients", "gradcam", "occlusion")
"""Of attribution."""
METHOD = "integrated_gradients"
"""Grad-CAM's cells are two veins wide, and its maps are as like those of shuffled weights."""
TARGETS = ("predicted", "expected", "0", "1", "2", "3")
"""What an attribution explains: the predicted grade, the expected one, or a grade by its number."""
TARGET = "expected"
"""A grade of 0 is the absence of something: what raises the expected grade can be pointed at."""
RADIUS = 20.0
"""Of the crossing's neighbourhood (px of a patch; 10 DRIVE px in patches of 48 DRIVE px and 96
px)."""


def make_options(parser: argparse.ArgumentParser) -> None:
    """Arguments of what is explained, and how."""
    add = parser.add_argument
    add("--target", choices=TARGETS, default=TARGET, help="what is explained")
    add("--method", choices=METHODS, default=METHOD)
    add("--held-out", type=Path, nargs="+", default=[], metavar="predictions.csv")
    add("--least-grade", type=int, default=0, choices=GRADES, help="patches of this grade or more")
    add("--every", type=_positive, default=1, metavar="N", help="every Nth patch: it takes long")
    add("--radius", type=float, default=RADIUS, help="of the crossing's surroundings (patch px)")
    add("--draws", type=int, default=1000, help="bootstrap resamples of the groups")
    add("--seed", type=int, default=0, help="of everything that is drawn")
    add("--device", default="cpu", help="cpu or cuda")


def _positive(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text)):
        raise argparse.ArgumentTypeError(f"expected at least 1, found {text}")
    return int(text)


def options_of(args: argparse.Namespace) -> "Options":
    """What `make_options` was given."""
    from av_grading.attribution.measures import Options

    return Options(args.target, args.method, args.radius, args.seed)


def chosen_patches(args: argparse.Namespace) -> "list[GradedPatch]":
    """Patches of the manifest that `make_options` chooses.

    Raises:
        ManifestError: there are none, or the manifest is not what it should be.
        InputFileError: predictions cannot be read.
    """
    from av_grading.formats.manifest import ManifestError, read_manifest

    patches = held_out(read_manifest(args.manifest), args.manifest, args.held_out)
    if args.least_grade:
        patches = [p for p in patches if p.grade is not None and p.grade >= args.least_grade]
        if not patches:
            least = args.least_grade
            raise ManifestError(args.manifest, [f"expected grades from {least} on, found none"])
    return patches[:: args.every]


def held_out(
    patches: "Sequence[GradedPatch]", manifest: Path, predictions: Sequence[Path]
) -> "list[GradedPatch]":
    """Patches of a manifest that all of some predictions are of; all patches without any.

    Raises:
        ManifestError: the manifest has none of them.
        InputFileError: predictions cannot be read.
    """
    from av_grading.formats.manifest import ManifestError
    from av_grading.formats.predictions import read_predictions

    chosen = list(patches)
    for path in predictions:
        known = read_predictions(path)
        chosen = [p for p in chosen if p.name(manifest.parent) in known]
        if not chosen:
            raise ManifestError(manifest, [f"expected patches that are in {path}, found none"])
    return chosen
