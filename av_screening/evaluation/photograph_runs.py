"""All photographs of an evaluation, a few at once, each kept when it is done: a run that was
interrupted goes on."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd

import av_detectron
import av_grading
import av_screening
from av_detectron.data.errors import InputFileError
from av_grading.formats.files import write_whole
from av_screening.errors import RejectedPhotograph
from av_screening.evaluation.labelled_photographs import LabelledPhotograph
from av_screening.evaluation.passes import PhotographRows, Plan, measure_photograph
from av_screening.evaluation.voted_readings import read_readings
from av_screening.run.screen_photograph import pipeline_of
from av_screening.run.workers import run_tasks
from av_screening.settings import Settings


@dataclass(frozen=True)
class Task:
    """A photograph to measure; its rows are kept in `cached` with the fingerprint of all that
    they come of."""

    photograph: LabelledPhotograph
    settings: Settings
    plan: Plan
    readings: pd.DataFrame | None
    cached: Path
    fingerprint: str


def measure(task: Task) -> PhotographRows | str:
    """Rows of a photograph, from the cache where they are there, or why it failed.

    Raises:
        OSError: the cache cannot be written.
    """
    try:
        kept = json.loads(task.cached.read_text(encoding="utf-8"))
        if kept.pop("fingerprint") == task.fingerprint:
            return PhotographRows(**kept)
    except (OSError, ValueError, KeyError):
        pass  # not there, or of an interrupted or other version: it is made again
    try:
        rows = measure_photograph(
            task.photograph, pipeline_of(task.settings), task.plan, task.readings
        )
    except (InputFileError, RejectedPhotograph) as error:
        return f"{task.photograph.name}: {error}"
    write_whole(task.cached, json.dumps({"fingerprint": task.fingerprint, **asdict(rows)}))
    return rows


def make_tasks(
    photographs: Sequence[LabelledPhotograph],
    settings: Settings,
    plan: Plan,
    readings: Path | None,
    work: Path,
) -> list[Task]:
    """Tasks with the fingerprint of photograph, labels, readings, settings, plan and program.

    Raises:
        InputFileError: readings that cannot be read.
        OSError: a photograph or weights cannot be read.
    """
    table = None if readings is None else read_readings(readings)
    common = json.dumps([settings.describe(), asdict(plan), program_hash()], sort_keys=True)
    tasks = []
    for photograph in photographs:
        own = None if table is None else table[table["photograph"] == photograph.name]
        digest = hashlib.sha256(common.encode())
        for path in (photograph.image, photograph.av):
            digest.update(path.read_bytes())
        digest.update(repr((photograph.drive_px, photograph.centers)).encode())
        digest.update(b"" if own is None else own.to_csv().encode())
        name = f"{photograph.set_name}_{photograph.image.stem}.json"
        tasks.append(Task(photograph, settings, plan, own, work / name, digest.hexdigest()))
    return tasks


def program_hash() -> str:
    """Of the three packages' sources: rows of another program are not taken for this one's."""
    digest = hashlib.sha256()
    for package in (av_detectron, av_grading, av_screening):
        root = Path(package.__path__[0])
        for path in sorted(root.rglob("*.py")):
            digest.update(path.relative_to(root).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()


def run_all(tasks: Sequence[Task], jobs: int) -> Iterator[PhotographRows | str]:
    """What comes of every task, in their order; says on stdout how far it is."""
    outcomes = run_tasks(tasks, measure, jobs, _crashed)
    for number, (task, outcome) in enumerate(zip(tasks, outcomes, strict=True), start=1):
        what = "failed" if isinstance(outcome, str) else f"{len(outcome.in_use)} squeezed crossings"
        print(f"{number}/{len(tasks)} {task.photograph.name}: {what}", flush=True)
        yield outcome


def _crashed(task: Task) -> str:
    return f"{task.photograph.name}: the process that measured it died"
