"""Simulate nicking on real crossings: patches with exact grades and known amounts.

    av-nicking simulate les_av hrf --plain drive --output output/nicking
    av-nicking simulate fundus_avseg --protocol clinical --output output/clinical

Takes the training and validation photographs that `av-nicking prepare` has prepared (never
test ones), draws nicking at each crossing that is clear enough, and writes patches/, maps/,
manifest.csv, unlabelled.csv (crossings as they are, not graded) and grades.png (examples).
--protocol says what is drawn. in_use_0_2_0: veins squeezed by moving pixels, as published;
training: half of them faded too; clinical: veins that taper, are hidden, swell and bend as in
patients. Sets named after --plain are written to unlabelled.csv alone: DRIVE's are too coarse, a
px of theirs is a quarter of a vein's width.
Exit codes: 0 done, 1 a photograph failed, 2 wrong usage.
"""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from av_grading.command_line.defaults import PIXELS, SIDE, SIMULATION_PROTOCOLS, WIDTHS

if TYPE_CHECKING:
    from av_grading.simulation.write import Source


def sources(root: Path, names: list[str]) -> "list[Source]":
    """Photographs of the train and val splits with their crossings.

    Raises:
        InputFileError: a set was not prepared.
    """
    from av_detectron.data.crosspos import json_path, load_crosspos
    from av_grading.simulation.write import Source

    found = []
    for name in names:
        for split in ("train", "val"):
            for record in load_crosspos(json_path(root, f"crosspos_{name}_{split}"), root):
                if record["av_file_name"]:
                    centers = [tuple(a["center"]) for a in record["annotations"]]
                    files = Path(record["file_name"]), Path(record["av_file_name"])
                    found.append(Source(name, *files, record["fov"].drive_px, centers))
    return found


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("sets", nargs="*", default=["les_av", "hrf"], help="prepared sets")
    add("--plain", nargs="*", default=[], metavar="SET", help="sets not to be squeezed")
    add("--output", type=Path, required=True, help="folder to write")
    add("--protocol", choices=SIMULATION_PROTOCOLS, default=SIMULATION_PROTOCOLS[0])
    add("--draws", type=int, default=4, help="patches of each crossing, the grades in turn")
    add("--side", type=float, default=SIDE, help="of a patch (DRIVE px)")
    add("--pixels", type=int, default=PIXELS, help="side of a patch (px)")
    add(
        "--widths", type=float, nargs=2, default=WIDTHS, metavar=("LEAST", "BELOW"), help="of veins"
    )
    add("--pressed", type=float, help="width below which: pressed (default: GradeRule's)")
    add("--moderate", type=float, help="width below which: moderate (likewise)")
    add("--seed", type=int, default=0)
    args = parser.parse_args(argv)
    if not 0 < args.widths[0] < args.widths[1]:
        parser.error(f"--widths: expected 0 < LEAST < BELOW, found {args.widths}")
    if args.draws < 1:
        parser.error(f"--draws: expected at least 1, found {args.draws}")
    from av_grading.simulation.grades import GradeRule

    try:
        given = {"pressed": args.pressed, "moderate": args.moderate}
        rule = GradeRule(**{name: value for name, value in given.items() if value is not None})
    except ValueError as error:
        parser.error(str(error))
    from av_detectron.data.crosspos import dataset_root
    from av_detectron.data.errors import InputFileError
    from av_grading.simulation.protocols import PROTOCOLS
    from av_grading.simulation.write import Options, simulate_set

    protocol = PROTOCOLS[args.protocol].with_rule(rule)
    options = Options(args.side, args.pixels, args.draws, protocol, args.seed, tuple(args.widths))
    try:
        root = dataset_root()
        found, plain = sources(root, args.sets), sources(root, args.plain)
        report = simulate_set(found, args.output, options, plain)
    except (InputFileError, OSError) as error:
        print(f"stopped: {error}", file=sys.stderr)
        return 1
    for line in report.lines:
        print(line)
    for failure in report.failures:
        print(failure, file=sys.stderr)
    return int(bool(report.failures))


if __name__ == "__main__":
    sys.exit(main())
