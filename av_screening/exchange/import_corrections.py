"""Take a run's crossings back as they were corrected elsewhere, as sets to train on.

    av-nicking import-corrections out corrected.json \\
        --photographs photographs --output labels --name clinic

Reads the COCO file of `av-nicking export-coco` after CVAT, Datumaro, FiftyOne or a script has
changed boxes, masks, grades, removed or added crossings. Writes
crosspos/crosspos_<name>_<split>.json with vessels/ for a detector, manifest.csv and readings.csv
for a grader, and changes.csv.
Exit codes: 0 done, 1 the file is not what it should be, 2 wrong usage.
"""

import argparse
import re
import sys
from pathlib import Path

from av_grading.command_line import exit_code


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("run", type=Path, help="folder of the run")
    add("corrected", type=Path, help="COCO file")
    add("--photographs", type=Path, required=True, help="the folder that was screened")
    add("--output", type=Path, required=True, help="folder to write, a DETECTRON2_DATASETS")
    add("--eyes", type=Path, help="CSV with photograph, person, eye: splits by person")
    add("--name", default="corrected", help="of the set")
    add("--split", default="train", choices=("train", "val", "test"))
    return parser


def main(argv: list[str] | None = None) -> int:
    parser = make_parser()
    args = parser.parse_args(argv)
    if not re.fullmatch(r"[A-Za-z0-9_-]+", args.name):
        parser.error(f"--name: expected letters, digits, _ and -, found {args.name!r}")
    return exit_code(lambda: run_import(args))


def run_import(args: argparse.Namespace) -> None:
    from av_screening.exchange.corrections import read_corrections
    from av_screening.exchange.training_set import write_training_set
    from av_screening.eyes.eye_table import read_run_eyes
    from av_screening.run.finished_run import FinishedRun

    run = FinishedRun.read(args.run)
    found = read_corrections(args.corrected, run)
    persons = {name: eye.person for name, eye in read_run_eyes(args.eyes, run).items()}
    labels = write_training_set(
        found, run, args.photographs, args.output, args.name, args.split, persons
    )
    changed = sum(1 for c in found.crossings if c.changes)
    left = len(run.folders) - len(found.photographs)
    print(
        f"{len(found.crossings)} crossings of {len(found.photographs)} photographs: {changed} "
        f"changed or added, {len(found.removed)} removed; {left} photographs not in the file"
    )
    print(
        f"{len(labels.manifest)} graded patches, {len(labels.readings)} readings; "
        f"{labels.without_patch} graded but added or moved, so without patch"
    )
    print(f"written: {args.output}")


if __name__ == "__main__":
    sys.exit(main())
