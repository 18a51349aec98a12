"""Evaluate the pipeline in use: nicking squeezed into whole photographs, and them as they are.

    av-nicking evaluate-in-use fundus_avseg --photographs test --output out
    av-nicking evaluate-in-use --photographs my_photographs --output out

The vein of every clear crossing is squeezed in the photograph itself, never two at once whose
patches touch; then the unchanged pipeline screens it as `screen` does by default, and what it
detects within 10 DRIVE px is compared with what was squeezed. The same photographs as they are tell
how often nicking is found where hardly any is. Photographs need artery/vein labels (which the
pipeline never sees): splits that `av-nicking prepare` has prepared, or a folder with
images/ and av/. Writes in_use_NAME.json, natural_NAME.json and their rows as CSV.
Exit codes: 0 done, 1 some photographs failed, 2 wrong usage.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from av_grading.command_line.defaults import SIMULATION_PROTOCOLS
from av_grading.models.registry import DEFAULT_CLOSE_UP, DEFAULT_GRADERS, DEFAULT_SIGN_STRIP
from av_screening.command_line.defaults import DEFAULT_WEIGHTS, SEVERE_EYES, SQUEEZES

if TYPE_CHECKING:
    import pandas as pd

    from av_grading.gradable import GradableRule
    from av_screening.evaluation.in_use_scores import Scores, Tables

RULE_HELP = "of what is gradable, to try others: least_clear=0.5 ..."
SPLITS = ("val", "test", "train")
READINGS = (
    "CSV set,image,x_px,y_px,above,says_gradable; by default readings.csv in --root if there is one"
)
KINDS = ("in_use", "natural")
READ = ("order_auc", "order_accuracy", "gradable_auc")
"""Metrics that need readings, and a pipeline that answers them."""


def evaluate(args: argparse.Namespace) -> int:
    """Measure, score, write.

    Raises:
        InputFileError, OSError: a file cannot be read or written.
    """
    import pandas as pd

    from av_detectron.data.crosspos import dataset_root
    from av_detectron.data.errors import InputFileError
    from av_screening.evaluation.in_use_scores import in_use_scores, natural_scores
    from av_screening.evaluation.kept_patches import COLUMNS, MANIFEST, write_manifest
    from av_screening.evaluation.labelled_photographs import (
        folder_photographs,
        prepared_photographs,
    )
    from av_screening.evaluation.passes import PhotographRows, Plan
    from av_screening.evaluation.photograph_runs import make_tasks, run_all
    from av_screening.settings import WITH_SHIPPED, Settings, best_precision

    root = args.root or dataset_root()
    if args.photographs in SPLITS:
        photographs = prepared_photographs(root, args.sets, args.photographs)
    else:
        photographs = folder_photographs(Path(args.photographs))
    if not photographs:
        raise InputFileError(args.photographs, "expected photographs with av/ labels, found none")
    kinds = KINDS if args.only is None else (args.only,)
    plan = Plan(
        args.squeezes,
        args.severe,
        args.seed,
        "in_use" in kinds,
        "natural" in kinds,
        str(args.patches or ""),
        args.protocol,
    )
    settings = Settings(
        detector=args.weights,
        graders=tuple(args.graders),
        close_up=None if args.no_close_up else args.close_up,
        sign_strip=None if args.no_sign_strip else args.sign_strip,
        strip=None if args.no_strip else args.strip or WITH_SHIPPED,
        gradable=rule_of(args.rule),
        precision=best_precision("cpu") if args.precision == "auto" else args.precision,
    )
    own = root / "readings.csv"
    readings = args.readings or (own if own.is_file() else None)
    tasks = make_tasks(photographs, settings, plan, readings, args.work)
    rows, failures = PhotographRows(), []
    left_out: Counter[str] = Counter()
    for found in run_all(tasks, args.jobs):
        if isinstance(found, str):
            failures.append(found)
            continue
        left_out.update(found.left_out)
        for name in ("in_use", "natural", "eyes"):
            getattr(rows, name).extend(getattr(found, name))
    if args.patches is not None:
        kept = write_manifest(args.patches, rows.in_use)
        print(f"written: {kept} patches, {args.patches / MANIFEST}")
    tables = {f.name: pd.DataFrame(getattr(rows, f.name)) for f in fields(rows)[:3]}
    data: dict[str, Any] = {
        "sets": sorted({p.set_name for p in photographs}),
        "photographs": args.photographs if args.photographs in SPLITS else "folder",
        "count": len(photographs),
        "failed": failures,
        "settings": settings.describe(),
    }
    if len(tables["in_use"]):
        table = tables["in_use"].drop(columns=list(COLUMNS), errors="ignore")  # of --patches
        clear = table[["photograph", "labelled_crossing"]].drop_duplicates()
        counts = {"squeezed": len(table), "crossings": len(clear), "left_out": dict(left_out)}
        path = args.output / f"in_use_{args.name}.json"
        write(path, in_use_scores, {"in_use": table}, args, {**data, **counts})
        write_table(path, table)
    if len(tables["eyes"]):
        both = {name: tables[name] for name in ("natural", "eyes")}
        path = args.output / f"natural_{args.name}.json"
        scores = write(path, natural_scores, both, args, data)
        write_table(path, both["natural"])
        write_table(path.with_stem(f"{path.stem}_eyes"), both["eyes"])
        absent = [name for name in READ if name not in scores]
        if absent:
            print(f"not answered by this pipeline, or without readings: {', '.join(absent)}")
    for failure in failures:
        print(failure, file=sys.stderr)
    return int(bool(failures))


def write(
    path: Path,
    score: "Callable[[Tables], Scores]",
    tables: "Tables",
    args: argparse.Namespace,
    data: dict[str, Any],
    counts: "Scores | None" = None,
) -> "Scores":
    """Score tables, write a results file and print what it says.

    Args:
        path: where to.
        score: of `with_intervals`.
        tables: of `score`.
        args: with `draws` and `seed`.
        data: which photographs.
        counts: further metrics, which get no interval.

    Raises:
        OSError: it cannot be written.
    """
    from av_grading.formats.results import write_results
    from av_screening.evaluation.in_use_scores import with_intervals

    scores, ci95 = with_intervals(score, tables, args.draws, args.seed)
    scores |= counts or {}
    write_results(path, metrics=scores, ci95=ci95, seeds=[args.seed], data=data)
    print(f"written: {path}")
    for name, value in scores.items():
        low, high = ci95.get(name, [float("nan")] * 2)
        print(f"  {name:32} {value:7.3f}" + (f"  {low:.3f} to {high:.3f}" if low == low else ""))
    return scores


def write_table(path: Path, table: "pd.DataFrame") -> None:
    """Rows beside a results file, as CSV.

    Raises:
        OSError: it cannot be written.
    """
    from av_grading.formats.files import write_whole

    write_whole(path.with_suffix(".csv"), table.to_csv(index=False, lineterminator="\n"))


def rule_of(words: list[str]) -> "GradableRule":
    """The rule of what is gradable, with values of the command line.

    Raises:
        ValueError: an unknown name or no number; says which.
    """
    from av_grading.gradable import GradableRule

    names = [f.name for f in fields(GradableRule) if f.name.startswith("least_")]
    values: dict[str, Any] = {}
    for word in words:
        name, _, value = word.partition("=")
        if name not in names:
            raise ValueError(f"--rule: expected one of {', '.join(names)}, found {name!r}")
        values[name] = float(value)
    return GradableRule(**values)


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("sets", nargs="*", help="prepared sets, with a split as --photographs")
    add("--photographs", default="val", metavar="val|test|train|FOLDER", help="default: val")
    add("--output", type=Path, required=True, help="folder of the results files")
    add("--name", help="in the results files' names; default: the first set, or the folder's")
    add("--root", type=Path, help="of the prepared sets; default: DETECTRON2_DATASETS")
    add("--readings", type=Path, help=READINGS)
    add("--only", choices=KINDS, help="one of the two results files")
    add("--squeezes", type=int, default=SQUEEZES, help="of each crossing, the grades in turn")
    add("--severe", type=int, default=SEVERE_EYES, help="eyes a photograph, severe at one crossing")
    add("--weights", type=Path, default=DEFAULT_WEIGHTS, help="detector")
    add("--graders", type=Path, nargs="+", default=list(DEFAULT_GRADERS), help="several: mean")
    add("--close-up", type=Path, default=DEFAULT_CLOSE_UP, help="the second look")
    add("--sign-strip", type=Path, default=DEFAULT_SIGN_STRIP, help="by default that shipped")
    add("--no-sign-strip", action="store_true", help="measure along the vein")
    add("--strip", type=Path, help="by default that shipped, beside shipped graders alone")
    add("--no-strip", action="store_true", help="grade without it")
    add("--no-close-up", action="store_true", help="grade all crossings on the detector's map")
    add("--rule", nargs="*", default=[], metavar="NAME=VALUE", help=RULE_HELP)
    add("--precision", choices=("auto", "float32", "bfloat16"), default="auto")
    add("--jobs", type=int, default=1, help="photographs at once")
    add("--work", type=Path, default=Path("output/in_use"), help="rows of photographs, to go on")
    add("--protocol", choices=SIMULATION_PROTOCOLS, default=SIMULATION_PROTOCOLS[0])
    add("--patches", type=Path, help="folder for the graded squeezed patches and their manifest")
    add("--draws", type=int, default=1000, help="resamples for the intervals")
    add("--seed", type=int, default=0)
    return parser


def main(argv: list[str] | None = None) -> int:
    parser = make_parser()
    args = parser.parse_args(argv)
    for name in ("squeezes", "severe", "jobs", "draws"):
        if getattr(args, name) < 1:
            parser.error(f"--{name}: expected at least 1, found {getattr(args, name)}")
    if args.photographs in SPLITS and not args.sets:
        parser.error("expected the names of prepared sets, or a folder as --photographs")
    args.name = args.name or (args.sets or [Path(args.photographs).resolve().name])[0]
    try:
        return evaluate(args)
    except (OSError, ValueError) as error:
        print(f"stopped: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
