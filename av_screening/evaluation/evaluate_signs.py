"""Measure the signs of nicking: drawn ones against the truth, repeats, natural against readings.

    python -m av_screening.evaluation.evaluate_signs fundus_avseg gave hrf les_av \\
        --readings readings_real.csv --set clinic=clinic/images --output results/signs.json

Signs are drawn at crossings of prepared validation photographs that both readings call clear, each
sign alone and all together, and looked up as in use: the detector's centres and map of the changed
photograph, the close-up network's map, the vessels followed in it. All crossings that are read as
clear, there and on the photographs of every --set, are measured as they are; in one of --every
photographs of a set, and in all validation photographs, also at half the resolution and at two JPEG
qualities. Those of --plain are measured as they are alone. Networks that learned from readings say
which vessel is above: how well is copied from results of `av-nicking evaluate-readings`.
`sign_scores` beside this module says what each figure means. Rows are kept in --work: a run that
was interrupted goes on.
Exit codes: 0 done, 1 some photographs failed, 2 wrong usage.
"""

import argparse
import hashlib
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from av_grading.command_line import exit_code

if TYPE_CHECKING:
    import pandas as pd

    from av_screening.evaluation.labelled_photographs import LabelledPhotograph
    from av_screening.settings import Settings

Row = dict[str, Any]
KEPT = ("worse_side_1", "worse_side_2", "bent_1", "bent_2")
"""Of a reading, what its row keeps."""


@dataclass(frozen=True)
class Task:
    """A photograph to measure.

    Attributes:
        set_name: of its set.
        image: the photograph.
        drawn: its labels, where signs are drawn; None: it is measured as it is alone.
        versions: of it that are measured.
    """

    set_name: str
    image: Path
    drawn: "LabelledPhotograph | None"
    versions: tuple[str, ...]


def evaluate(args: argparse.Namespace) -> int:
    """Measure, score, write.

    Raises:
        FileProblems, InputFileError, OSError: a file cannot be read or written.
    """
    import pandas as pd

    from av_detectron.data.errors import InputFileError
    from av_screening.errors import RejectedPhotograph
    from av_screening.evaluation.evaluate_in_use import write
    from av_screening.evaluation.paired_readings import read_paired_tables
    from av_screening.evaluation.sign_scores import sign_counts, sign_scores
    from av_screening.settings import Settings, best_precision

    readings = read_paired_tables([args.readings])
    readings = readings[readings["clear_1"] & readings["clear_2"]]
    # No network that grades is asked.
    settings = Settings(graders=(), strip=None, precision=best_precision("cpu"))
    tables: dict[str, list[Row]] = {"drawn": [], "versions": []}
    failures, tasks = [], list(make_tasks(args))
    for number, task in enumerate(tasks, start=1):
        try:
            rows = measured(task, readings, settings, args)
        except (InputFileError, RejectedPhotograph) as error:
            failures.append(f"{task.image}: {error}")
            continue
        for name, found in rows.items():
            tables[name] += found
        told = ", ".join(f"{len(found)} {name}" for name, found in rows.items())
        print(f"{number}/{len(tasks)} {task.set_name}/{task.image.name}: {told}", flush=True)
    for failure in failures:
        print(failure, file=sys.stderr)
    data = {
        "drawn": sorted({row["photograph"] for row in tables["drawn"]}),
        "measured": sorted({row["photograph"] for row in tables["versions"]}),
        "readings": args.readings.name,
        "failed": failures,
        "settings": settings.describe(),
    }
    frames = {name: pd.DataFrame(rows) for name, rows in tables.items()}
    for name, frame in frames.items():
        if frame.empty:
            raise ValueError(f"expected crossings that are {name}, found none")
    counts = sign_counts(frames)
    write(args.output, sign_scores, frames, args, data, above_kappas(args.compared) | counts)
    return int(bool(failures))


def above_kappas(paths: list[Path]) -> dict[str, float]:
    """Kappas of which vessel is above, of results of `evaluate-readings`, and the lowest of them.

    Raises:
        InputFileError: a file is no such results file.
    """
    from av_detectron.data.errors import InputFileError

    found = {}
    for path in paths:
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            (name,) = content["data"]["set"]
            test = "_test" if content["data"]["split"] == ["test"] else ""
            found[f"above_kappa_{name}{test}"] = float(content["metrics"]["above_kappa"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputFileError(
                path,
                f"expected results of evaluate-readings of one set, with above_kappa ({error})",
            ) from error
    return found | ({"above_kappa": min(found.values())} if found else {})


def make_tasks(args: argparse.Namespace) -> Iterator[Task]:
    """Validation photographs of the prepared sets, then those of folders.

    Raises:
        InputFileError: a set was not prepared, or a folder has no photographs.
    """
    from av_detectron.data.crosspos import dataset_root
    from av_detectron.data.errors import InputFileError
    from av_screening.evaluation.labelled_photographs import prepared_photographs
    from av_screening.evaluation.sign_rows import VERSIONS, WHOLE
    from av_screening.read.find_photographs import find_photographs

    for photograph in prepared_photographs(args.root or dataset_root(), args.sets, "val"):
        yield Task(photograph.set_name, photograph.image, photograph, VERSIONS)
    for folders, versions in ((args.set, VERSIONS), (args.plain, WHOLE)):
        for word in folders:
            name, _, folder = word.partition("=")
            images = [Path(folder) / path for path in find_photographs(Path(folder))]
            if not images:
                raise InputFileError(Path(folder), "expected photographs, found none")
            for number, image in enumerate(images):
                yield Task(name, image, None, versions if number % args.every == 0 else WHOLE)


def measured(
    task: Task, readings: "pd.DataFrame", settings: "Settings", args: argparse.Namespace
) -> dict[str, list[Row]]:
    """Rows of a photograph, by table; from the work folder where they are there."""
    from av_grading.formats.files import write_whole
    from av_screening.evaluation.photograph_runs import program_hash

    own = readings[(readings["image"] == task.image.name) & (readings["set"] == task.set_name)]
    known = [
        program_hash(),
        settings.describe(),
        args.draws_of_sign,
        args.seed,
        task.versions,
        None if task.drawn is None else asdict(task.drawn),
        own.to_csv(),
    ]
    digest = hashlib.sha256(json.dumps(known, sort_keys=True, default=str).encode())
    digest.update(task.image.read_bytes())
    kept = args.work / f"{task.set_name}_{task.image.stem}.json"
    try:
        content = json.loads(kept.read_text(encoding="utf-8"))
        if content.pop("fingerprint") == digest.hexdigest():
            return dict(content)
    except (OSError, ValueError, KeyError):
        pass  # not there, or of an interrupted or other version: it is made again
    rows = measure(task, own, settings, args)
    write_whole(kept, json.dumps({"fingerprint": digest.hexdigest(), **rows}))
    return rows


def measure(
    task: Task, readings: "pd.DataFrame", settings: "Settings", args: argparse.Namespace
) -> dict[str, list[Row]]:
    """Rows of a photograph with these readings of it, by table."""
    import numpy as np

    from av_detectron.data.annotations import read_photograph
    from av_grading.simulation.protocols import PROTOCOLS
    from av_screening.evaluation.sign_rows import drawn_rows, version_rows
    from av_screening.evaluation.squeezing import clear_crossings
    from av_screening.run.screen_photograph import pipeline_of

    rows: dict[str, list[Row]] = {"drawn": [], "versions": []}
    if readings.empty:
        return rows
    pipeline = pipeline_of(settings)
    test = "_test" if readings["split"].iloc[0] == "test" else ""
    name = {
        "photograph": f"{task.set_name}/{task.image.name}",
        "set": task.set_name + test if task.drawn is None else "validation",
    }
    said = [
        {**name, **{column: float(row[column]) for column in KEPT}}
        for _, row in readings.iterrows()
    ]
    places = readings[["x_px", "y_px"]].to_numpy(float)
    scale = float(readings["drive_px"].iloc[0])
    pixels = read_photograph(task.image)
    found = version_rows(pixels, places, scale, pipeline, task.versions)
    rows["versions"] = [said[row["crossing"]] | row for row in found]
    if task.drawn is None:
        return rows
    pixels, labels = task.drawn.read()
    protocol = PROTOCOLS["clinical"]
    clear, _ = clear_crossings(pixels, labels, task.drawn.centers, task.drawn.drive_px, protocol)
    notes = {}
    no_vein_above = ((readings["above_1"] != "vein") & (readings["above_2"] != "vein")).to_numpy()
    for crossing in clear:
        away = np.hypot(*(places - crossing.center).T) / task.drawn.drive_px
        nearest = int(away.argmin())
        if away[nearest] <= args.tolerance and no_vein_above[nearest]:
            notes[crossing.number] = said[nearest]
    chosen = [crossing for crossing in clear if crossing.number in notes]
    rng = np.random.default_rng([args.seed, *name["photograph"].encode()])
    rows["drawn"] = drawn_rows(pixels, chosen, notes, pipeline, rng, args.draws_of_sign)
    return rows


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    folder = "NAME=FOLDER"
    add("sets", nargs="+", help="prepared sets with labels, whose val photographs are taken")
    add("--readings", type=Path, required=True, help="table of paired readings")
    add(
        "--set", nargs="*", default=[], metavar=folder, help="photographs to be measured repeatedly"
    )
    add("--plain", nargs="*", default=[], metavar=folder, help="photographs to be measured once")
    add("--every", type=int, default=1, help="of --set, one photograph in so many repeatedly")
    add("--compared", type=Path, nargs="*", default=[], help="results of evaluate-readings")
    add("--output", type=Path, required=True, help="results file")
    add("--root", type=Path, help="of the prepared sets; default: DETECTRON2_DATASETS")
    add("--work", type=Path, default=Path("output/signs"), help="rows of photographs, to go on")
    add("--draws-of-sign", type=int, default=2, help="of each sign at each crossing")
    add("--tolerance", type=float, default=10.0, help="of a reading's place (DRIVE px)")
    add("--draws", type=int, default=500, help="resamples for the intervals")
    add("--seed", type=int, default=0)
    return parser


def main(argv: list[str] | None = None) -> int:
    parser = make_parser()
    args = parser.parse_args(argv)
    for name in ("every", "draws", "draws_of_sign"):
        if getattr(args, name) < 1:
            parser.error(f"--{name.replace('_', '-')}: expected at least 1")
    for word in (*args.set, *args.plain):
        if "=" not in word:
            parser.error(f"expected NAME=FOLDER, found {word!r}")
    return exit_code(lambda: evaluate(args))


if __name__ == "__main__":
    sys.exit(main())
