"""Write CrossPos (COCO JSON with boxes and masks of crossings) for folders of photographs.

Every folder <root>/<set>/<split>/ with photographs in images/ and labels in av/, junctions/ or
crossings.csv (and vessels/, fov/) becomes <output>/crosspos/crosspos_<set>_<split>.json, with the
optic discs of <root>/discs.csv where that is there. The layout is drawn in datasets/README.md.
Photographs that cannot be used are reported and left out.
Exit codes: 0 done, 1 some photographs or folders failed, 2 wrong usage.
"""

import argparse
import sys
from pathlib import Path

from av_screening.command_line.defaults import BOX_SIDE, MASK_KINDS, MAX_EXTENT, RULES


def parser() -> argparse.ArgumentParser:
    p = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    p.add_argument("sets", nargs="*", help="sets to prepare; default: all below --root")
    p.add_argument("--root", type=Path, help="folder of the sets; default: DETECTRON2_DATASETS")
    p.add_argument("--output", type=Path, help="folder for crosspos/; default: --root")
    p.add_argument("--box-side", type=float, default=BOX_SIDE, help="box side in DRIVE px")
    p.add_argument("--mask", choices=MASK_KINDS, default="box", help="vessel pixels in a mask")
    p.add_argument("--rule", choices=RULES, default="three-arms", help="arms of a crossing")
    p.add_argument(
        "--max-extent",
        type=float,
        default=MAX_EXTENT,
        help="longest overlap that is a crossing, in DRIVE px; inf for no limit",
    )
    p.add_argument(
        "--val-fraction",
        type=float,
        default=0.2,
        help="share of the train photographs that become the val split, where there is no val/",
    )
    p.add_argument(
        "--broad",
        nargs="*",
        metavar="SET",
        help="sets whose labels teach the kind of a vessel, not its edge; default: known ones",
    )
    p.add_argument(
        "--no-crossings",
        nargs="*",
        metavar="SET",
        help="sets whose labels do not tell crossings and teach maps alone; default: known ones",
    )
    p.add_argument("--seed", type=int, default=0, help="seed of that choice")
    return p


def main(argv: list[str] | None = None) -> int:
    p = parser()
    args = p.parse_args(argv)
    if args.box_side <= 0 or not 0 <= args.val_fraction < 1 or args.max_extent <= 0:
        p.error("--box-side and --max-extent must be positive, --val-fraction in [0, 1)")
    from av_detectron.data.coco import LabelOptions
    from av_detectron.data.crossing_rule import CrossingRule
    from av_detectron.data.crosspos import dataset_root
    from av_detectron.data.disc import read_discs
    from av_detectron.data.errors import InputFileError
    from av_detectron.data.photograph_sets import PHOTOGRAPH_SETS
    from av_detectron.data.prepare import prepare_set, split_folders

    root = args.root or dataset_root()
    rule = CrossingRule(args.rule, args.max_extent)
    known = [s.name for s in PHOTOGRAPH_SETS if s.edges == "broad"]
    broad = known if args.broad is None else args.broad
    unknown = [s.name for s in PHOTOGRAPH_SETS if not s.crossings]
    without = unknown if args.no_crossings is None else args.no_crossings
    failed = 0
    try:
        table = root / "discs.csv"
        discs = read_discs(table) if table.is_file() else {}
        for name, folders in split_folders(root, args.sets).items():
            edges = "broad" if name in broad else "fine"
            options = LabelOptions(args.box_side, args.mask, rule, edges, name not in without)
            output = args.output or root
            report = prepare_set(
                name, folders, output, options, args.val_fraction, args.seed, discs
            )
            print("\n".join(report.lines))
            failed += len(report.failures)
            for failure in report.failures:
                print(f"left out: {failure}", file=sys.stderr)
    except (InputFileError, OSError) as error:
        print(f"stopped: {error}", file=sys.stderr)
        return 1
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
