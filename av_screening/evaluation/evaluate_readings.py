"""Compare a run with readings of real crossings: what it finds, refuses, and how it grades.

    av-nicking evaluate-readings out readings.csv --output results/readings_mine.json
    av-nicking evaluate-readings out anna.csv ben.csv --output results/readings_mine.json
    av-nicking evaluate-readings folds readings_real.csv --set clinic --before old_out \\
        --output results/readings_clinic.json \\
        --eyes eyes.csv --eyes-output results/eyes_clinic.json

RUN is the output folder of `screen`, or a folder whose sub-folders are runs of different
photographs, such as those of a cross-validation. READINGS are tables with two readings a crossing,
or the review files of two readers. Photographs match by file name, crossings within 10 DRIVE px;
photographs that could not be screened count as not found. With --eyes (columns image, group,
hypertensive_retinopathy) the run's grades are compared between groups of eyes. `reading_scores` and
`eye_scores` beside this module say what each figure means.
Exit codes: 0 done, 1 no reading is of the run's photographs or a file is not what it should be,
2 wrong usage.
"""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from av_grading.command_line import exit_code

if TYPE_CHECKING:
    import pandas as pd

    from av_screening.evaluation.run_readings import Runs


def evaluate(args: argparse.Namespace) -> None:
    """Compare, score, write.

    Raises:
        FileProblems, ValueError, OSError: a file is not what it should be or cannot be written;
            no photograph of the readings is in the run.
    """
    from av_screening.evaluation.evaluate_in_use import write
    from av_screening.evaluation.reading_scores import reading_counts, reading_scores, run_table
    from av_screening.evaluation.run_readings import Runs

    now = Runs.read(args.run)
    before = Runs.read(args.before) if args.before else None
    readings = read_readings(args, now)
    photographs = now.photographs_of(readings["image"])
    here = readings[readings["image"].isin(list(photographs))]
    elsewhere = len(readings) - len(here)
    if elsewhere:
        count = readings["image"].nunique() - here["image"].nunique()
        print(f"{elsewhere} readings are of {count} photographs that {args.run} does not hold")
    if here.empty:
        raise ValueError(
            f"{args.run}: expected photographs of the readings, such as "
            f"{readings['image'].iloc[0]}, found none of them"
        )
    tables = {"now": run_table(now.compared(here, photographs))}
    data: dict[str, Any] = {
        "readings": [path.name for path in args.readings],
        "set": args.set,
        "split": args.split,
        "readings_elsewhere": elsewhere,
        "photographs": sorted(photographs.values()),
        "not_screened": sorted(
            p for p in photographs.values() if now.drive_px[p] != now.drive_px[p]
        ),
    }
    if before is not None:
        tables["before"] = run_table(before.compared(here, same_photographs(before, now, here)))
        # So that a resample takes the same photographs of both runs.
        tables["before"]["photograph"] = tables["now"]["photograph"]
    write(args.output, reading_scores, tables, args, data, reading_counts(tables))
    if args.crossings_csv:
        write_crossings(args.crossings_csv, tables)
    if args.manifest:
        write_manifest(args.manifest, now, tables["now"])
    if args.eyes:
        write_eyes(args, now, before, tables["now"])


def read_readings(args: argparse.Namespace, now: "Runs") -> "pd.DataFrame":
    """Paired readings, of tables or of two review files."""
    from av_screening.evaluation.paired_readings import (
        is_review,
        read_paired_reviews,
        read_paired_tables,
    )

    reviews = [path for path in args.readings if is_review(path)]
    if not reviews:
        return read_paired_tables(args.readings, args.set, args.split)
    if len(reviews) < len(args.readings):
        other = next(path for path in args.readings if path not in reviews)
        raise ValueError(f"{other}: expected a review file as {reviews[0]} is one, found a table")
    if args.set or args.split:
        raise ValueError(f"{reviews[0]}: --set and --split choose rows of tables, found a review")

    def drive_px_of(photograph: str) -> float | None:
        found = now.photographs_of([photograph]).get(photograph)
        return None if found is None else now.drive_px[found]

    return read_paired_reviews(args.readings, drive_px_of)


def same_photographs(before: "Runs", now: "Runs", here: "pd.DataFrame") -> dict[str, str]:
    """Photographs of the run to compare with, by the readings' names.

    Raises:
        FileProblems: it lacks one that the other run holds.
    """
    from av_screening.errors import FileProblems

    found = before.photographs_of(here["image"])
    missing = [name for name in dict.fromkeys(here["image"]) if name not in found]
    if missing:
        raise FileProblems(
            before.path,
            [f"expected the photographs of {now.path}, found none named {', '.join(missing)}"],
        )
    return found


def write_crossings(path: Path, tables: "dict[str, pd.DataFrame]") -> None:
    """A row per crossing that was read, with what the runs said of it.

    Raises:
        OSError: it cannot be written.
    """
    from av_grading.formats.files import write_whole
    from av_screening.evaluation.reading_scores import BEFORE
    from av_screening.evaluation.run_readings import SAID

    table = tables["now"].drop(columns=["called", "expected", "lowest", "highest", "not_clear"])
    if "before" in tables:
        beside = ["found", *(name for name in SAID if name in tables["before"])]
        table = table.join(tables["before"][beside].add_prefix(BEFORE))
    flags = table.select_dtypes(bool)
    table = table.assign(**{str(name): flags[name].astype(int) for name in flags})
    write_whole(path, table.to_csv(index=False, lineterminator="\n"))
    print(f"written: {path}")


def write_manifest(path: Path, now: "Runs", table: "pd.DataFrame") -> None:
    """A manifest of the run's patches with the readings' grades.

    Raises:
        ManifestError, OSError: a manifest of the run is damaged, or it cannot be written.
    """
    from av_grading.formats.files import write_whole
    from av_screening.evaluation.readings_manifest import readings_manifest

    write_whole(path, readings_manifest(now, table, path))
    print(f"written: {path}")


def write_eyes(
    args: argparse.Namespace, now: "Runs", before: "Runs | None", compared: "pd.DataFrame"
) -> None:
    """Compare groups of eyes, and write the second results file.

    Raises:
        FileProblems, ValueError, OSError: the table is not what it should be, no eye is in the run,
            one is not in the run before, or the file cannot be written.
    """
    import pandas as pd

    from av_screening.evaluation.evaluate_in_use import write
    from av_screening.evaluation.eye_scores import (
        MAIN_VEINS,
        READING,
        eye_counts,
        eye_scores,
        eye_table,
        missing_eyes,
        read_eye_groups,
    )
    from av_screening.evaluation.reading_scores import BEFORE
    from av_screening.photograph import MAIN_VEIN

    eyes = read_eye_groups(args.eyes)
    photographs = now.photographs_of(eyes["image"])
    missing = missing_eyes(eyes, photographs)
    if missing:
        print(f"{missing} eyes of {args.eyes} are not in {args.run}")
    if not photographs:
        raise ValueError(f"{args.eyes}: expected photographs of {args.run}, found none")
    read = compared[["photograph"]].assign(expected_grade=compared["true_grade"])
    grades = {"": now.crossings, READING: read}
    if "vein_width_drive_px" in now.crossings:
        width = pd.to_numeric(now.crossings["vein_width_drive_px"])
        grades[MAIN_VEINS] = now.crossings[~(width < MAIN_VEIN)]
    if before is not None:
        here = eyes[eyes["image"].isin(list(photographs))]
        known = {
            old: photographs[name] for name, old in same_photographs(before, now, here).items()
        }
        renamed = before.crossings["photograph"].map(known)
        grades[BEFORE] = before.crossings.assign(photograph=renamed)
    table = eye_table(eyes, photographs, grades)
    data = {
        "eyes": args.eyes.name,
        "eyes_elsewhere": missing,
        "photographs": sorted(table["photograph"]),
    }
    write(args.eyes_output, eye_scores, {"eyes": table}, args, data, eye_counts(table))


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("run", type=Path, metavar="RUN", help="a run's output folder, or a folder of such")
    add("readings", type=Path, nargs="+", metavar="READINGS", help="tables, or two review files")
    add("--output", type=Path, required=True, help="results file")
    add("--set", action="append", help="rows of the tables with this set; may be repeated")
    add("--split", action="append", help="rows with this split; may be repeated")
    add("--before", type=Path, metavar="RUN", help="another run of the same photographs")
    add("--eyes", type=Path, help="CSV image,group,hypertensive_retinopathy; needs --eyes-output")
    add("--eyes-output", type=Path, help="results file of the groups of eyes")
    add("--crossings-csv", type=Path, help="a row per reading with what the runs said of it")
    add("--manifest", type=Path, help="the run's patches with the readings' grades, to train on")
    add("--draws", type=int, default=1000, help="resamples of the photographs, for intervals")
    add("--seed", type=int, default=0)
    return parser


def main(argv: list[str] | None = None) -> int:
    parser = make_parser()
    args = parser.parse_args(argv)
    if bool(args.eyes) != bool(args.eyes_output):
        parser.error("expected --eyes and --eyes-output together, found one of them")
    if args.draws < 1:
        parser.error(f"--draws: expected at least 1, found {args.draws}")
    return exit_code(lambda: evaluate(args))


if __name__ == "__main__":
    sys.exit(main())
