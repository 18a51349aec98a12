"""Measure the vein's caliber at every crossing of a manifest.

    python -m av_grading.caliber --manifest patches/manifest.csv --output output/caliber

Writes caliber.csv (widths per side, ratios with standard errors, severity index, grade, or why a
crossing was not measured) and a figure of each crossing in figures/. Crossings lie in the middle of
their patches. Grades in the manifest are not needed.
Exit codes: 0 done, 1 some files could not be read, 2 wrong usage.
"""

import argparse
import sys
from pathlib import Path

from av_grading.command_line import exit_code, make_parser
from av_grading.command_line.defaults import SIDE, SOURCES
from av_grading.formats.grade_definition import Thresholds


def run(args: argparse.Namespace) -> int:
    """Measure, draw and write; the exit code."""
    from av_grading.caliber.figure import draw_crossing
    from av_grading.caliber.measure import COLUMNS, measure_row, reasons, table_row
    from av_grading.command_line.progress import progress
    from av_grading.formats.csv_table import format_table
    from av_grading.formats.files import write_whole
    from av_grading.formats.images import read_patch
    from av_grading.formats.manifest import read_usable

    rows, failures = read_usable(args.manifest)
    thresholds = Thresholds(args.pressed, args.moderate)
    table, all_measured = [], []
    for number, row in enumerate(progress(rows, "measuring", "crossing")):
        measured = measure_row(row, args.side, args.source)
        table.append(table_row(measured, args.manifest.parent, thresholds))
        all_measured.append(measured)
        if measured.broken:
            failures.append(measured.not_measurable)
        elif not args.no_figures:
            name = f"{number:05d}_{measured.row.patch.stem}.png"
            figure = draw_crossing(read_patch(measured.row.patch), measured)
            write_whole(args.output / "figures" / name, figure)
    write_whole(args.output / "caliber.csv", format_table(COLUMNS, table))
    left = reasons(all_measured)
    done = 2 * sum(not m.broken for m in all_measured) - left.total()
    print(f"written: {args.output / 'caliber.csv'}, {done} of {2 * len(rows)} sides measured")
    for reason, count in left.most_common():
        print(f"sides not measured, {reason}: {count}")
    for failure in failures:
        print(failure, file=sys.stderr)
    return int(bool(failures))


def main(argv: list[str] | None = None) -> int:
    parser = make_parser(__doc__)
    add = parser.add_argument
    add("--manifest", type=Path, required=True)
    add("--output", type=Path, required=True, help="folder to write")
    add("--side", type=float, default=SIDE, help="of a patch (DRIVE px)")
    add("--source", choices=SOURCES, default="both", help="what widths are taken from")
    add("--pressed", type=float, default=Thresholds.pressed, help="ratio below which: pressed")
    add("--moderate", type=float, default=Thresholds.moderate, help="ratio below which: moderate")
    add("--no-figures", action="store_true", help="write the table alone")
    args = parser.parse_args(argv)
    if not 0 < args.moderate < args.pressed <= 1:
        parser.error("expected 0 < --moderate < --pressed <= 1")
    if args.side <= 0:
        parser.error(f"--side: expected more than 0 DRIVE px, found {args.side:g}")
    return exit_code(lambda: run(args), "interrupted; nothing of the table was written")


if __name__ == "__main__":
    sys.exit(main())
