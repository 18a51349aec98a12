"""Measure where graders look, on patches that they were not trained on.

    python -m av_grading.command_line.compare_attribution --output results/attribution.json \\
        --manifest output/nicking/manifest.csv --held-out output/full/fold0/predictions.csv \\
        full=output/full/fold0/grader.safetensors \\
        baseline=output/baseline/fold0/grader.safetensors

`--held-out` names predictions of a fold of `av_grading.train`: of the manifest only patches
that are in all of these files are used. Measures are `<measure>_<name>`; those of the first grader
are compared with those of each other, patch by patch, and intervals come from resampling groups.
`--plain` names the manifest of the same crossings without nicking (`unlabelled.csv` of simulated
sets): `pressed_energy` is then the share of attribution on the pixels that the simulation changed.
Writes the JSON, and beside it a CSV of every patch for each grader.
Exit codes: 0 done, 1 failed or interrupted, 2 wrong usage.
"""

import argparse
import sys
from pathlib import Path

from av_grading.attribution.options import chosen_patches, make_options, options_of
from av_grading.command_line import exit_code, make_parser, named_paths

SHORT = ("deletion_gain", "randomised_similarity")
"""Measures of the first grader that are given under their own name too."""


def run(args: argparse.Namespace, paths: dict[str, Path]) -> None:
    """Explain every grader's patches, compare, and write."""
    from av_grading.attribution.localization import on_pressed, pressed_regions
    from av_grading.attribution.measures import compare, explain
    from av_grading.data.patch_set import load_patches
    from av_grading.formats.manifest import read_manifest
    from av_grading.formats.predictions import write_predictions
    from av_grading.formats.results import write_results
    from av_grading.grader import load_grader

    graders = {name: load_grader(path, args.device) for name, path in paths.items()}
    patches = chosen_patches(args)
    data, options = load_patches(patches), options_of(args)
    plain = read_manifest(args.plain) if args.plain else None
    tables = {}
    for name, grader in graders.items():
        explained = explain(grader, data, options, name)
        table = tables[name] = explained.table
        if plain is not None:
            region = pressed_regions(patches, plain, grader.config.data.crop)
            table |= on_pressed(explained.attribution.combined(), region)
        write_predictions(
            args.output.with_name(f"{args.output.stem}_{name}.csv"),
            patches,
            explained.probabilities,
            args.manifest.parent,
            table,
        )
    metrics, ci95 = compare(tables, data.groups, args.draws, args.seed)
    first = next(iter(graders))
    for short in (s for s in SHORT if f"{s}_{first}" in metrics):
        metrics[short], ci95[short] = metrics[f"{short}_{first}"], ci95[f"{short}_{first}"]
    write_results(
        args.output,
        metrics=metrics,
        ci95=ci95,
        seeds=[args.seed],
        data={
            "manifest": str(args.manifest),
            "held_out": [str(path) for path in args.held_out],
            "patches": len(patches),
            "every": args.every,
            "groups": len(set(data.groups)),
            "models": {name: str(path) for name, path in paths.items()},
            "method": options.method,
            "target": options.target,
            "radius_px": options.radius,
        },
    )
    print(f"written: {args.output}")


def main(argv: list[str] | None = None) -> int:
    parser = make_parser(__doc__)
    add = parser.add_argument
    add("models", nargs="+", metavar="name=grader.safetensors")
    add("--manifest", type=Path, required=True)
    add("--plain", type=Path, help="manifest of the crossings as they were")
    add("--output", type=Path, required=True, help="results file to write (.json)")
    make_options(parser)
    args = parser.parse_args(argv)
    paths = named_paths(parser, args.models)
    return exit_code(lambda: run(args, paths), "interrupted; no results were written")


if __name__ == "__main__":
    sys.exit(main())
