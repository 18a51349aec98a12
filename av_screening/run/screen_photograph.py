"""One photograph of a run, from its path to its outputs: what every worker does."""

import hashlib
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from av_grading.languages.catalogue import ENGLISH
from av_screening.errors import RejectedPhotograph
from av_screening.read.photograph import Photograph, decode, read_content
from av_screening.settings import Settings, run_id
from av_screening.write.folder_names import folder_name, printable
from av_screening.write.whole_folder import read_record

if TYPE_CHECKING:
    from av_detectron.data.fov import FieldOfView
    from av_screening.photograph import Screened
    from av_screening.steps.pipeline import Pipeline


@dataclass(frozen=True)
class Task:
    """A photograph to screen.

    Attributes:
        relative: its path below the input folder.
        folder: the input folder.
        output: the run's folder.
        settings: of the run.
        fingerprint: of the settings.
        namesake: another photograph that has the folder this one's outputs would go to, since the
            file system does not tell upper and lower case apart; empty where there is none.
    """

    relative: PurePath
    folder: Path
    output: Path
    settings: Settings
    fingerprint: str
    namesake: str = ""


@dataclass(frozen=True)
class Outcome:
    """What came of a task.

    Attributes:
        relative: path of the photograph below the input folder.
        reason: empty where it was screened; otherwise as in failures.csv.
        message: what was expected and found.
        kept: its outputs were there already.
    """

    relative: PurePath
    reason: str = ""
    message: str = ""
    kept: bool = False


FAULTS = (MemoryError, RuntimeError, ValueError, ArithmeticError, LookupError)
"""Of ours or of a library, at one photograph, and rejections, which are ValueErrors: they are
reported, and the others go on."""
_loading = threading.Lock()


def pipeline_of(settings: Settings) -> "Pipeline":
    """This process's models of some settings, loaded once and kept, whichever thread asks.

    Raises:
        CheckpointError, WeightsError: weights are missing, damaged or of another kind.
    """
    with _loading:
        return _load(settings)


@cache
def _load(settings: Settings) -> "Pipeline":
    # Imported here: what is done already needs neither torch nor models.
    from av_screening.steps.pipeline import Pipeline

    return Pipeline.from_settings(settings)


def screen_photograph(task: Task) -> Outcome:
    """Screen a photograph, unless its outputs are there with its content and the run's settings.

    Raises:
        OSError: outputs cannot be written, which ends a run.
        CheckpointError, WeightsError: see `pipeline_of`.
    """
    read = read_task(task)
    if isinstance(read, Outcome):
        return read
    (seen,) = see_together([read])
    return finish(seen)


@dataclass(frozen=True, eq=False)
class ReadPhotograph:
    """A photograph that passed the quality gate.

    Attributes:
        task: what it is of.
        sha256: of the file.
        photograph: its pixels and what its header says.
        fov: its field of view (px).
    """

    task: Task
    sha256: str
    photograph: Photograph
    fov: "FieldOfView"


@dataclass(frozen=True, eq=False)
class SeenPhotograph:
    """A photograph of which the networks have said what they see; the rest needs none."""

    read: ReadPhotograph
    screened: "Screened"

    @property
    def task(self) -> Task:
        return self.read.task


def read_task(task: Task) -> Outcome | ReadPhotograph:
    """A task's photograph; its outcome where it has one already, or is rejected."""
    settings = task.settings
    folder = folder_name(task.relative)
    try:
        if task.namesake:
            raise ValueError(
                "expected names that differ in more than upper and lower case, which "
                f"{task.output} does not tell apart, found {printable(PurePath(task.namesake))} too"
            )
        content = read_content(task.folder / task.relative, settings.reading)
        sha256 = hashlib.sha256(content).hexdigest()
        record = read_record(task.output, folder) or {}
        earlier = (record.get("sha256"), record.get("settings"), record.get("language", ENGLISH))
        if earlier == (sha256, task.fingerprint, settings.language):
            return Outcome(task.relative, kept=True)
        photograph = decode(content, settings.reading, settings.identity)
        del content
        # Imported here, as the pipeline is: what is done already does not need torch.
        from av_screening.read.quality import check_quality

        return ReadPhotograph(
            task, sha256, photograph, check_quality(photograph.pixels, settings.quality)
        )
    except FAULTS as error:
        return failed(task, error)


def see_together(photographs: Sequence[ReadPhotograph]) -> list[Outcome | SeenPhotograph]:
    """What this process's networks say of photographs of one run; a fault is reported of the
    photograph that it is of, where there are several.

    Raises:
        CheckpointError, WeightsError: see `pipeline_of`.
    """
    if not photographs:
        return []
    pipeline = pipeline_of(photographs[0].task.settings)
    pixels = [read.photograph.pixels for read in photographs]
    try:
        found = pipeline.see(pixels, [read.fov for read in photographs])
    except FAULTS as error:
        if len(photographs) == 1:
            return [failed(photographs[0].task, error)]
        return [outcome for read in photographs for outcome in see_together([read])]
    return [SeenPhotograph(*pair) for pair in zip(photographs, found, strict=True)]


def finish(seen: Outcome | SeenPhotograph) -> Outcome:
    """Measure and write what was seen of a photograph; an outcome stays as it is.

    Raises:
        OSError: outputs cannot be written, which ends a run.
    """
    if isinstance(seen, Outcome):
        return seen
    task, photograph, screened = seen.task, seen.read.photograph, seen.screened
    from av_screening.steps.signs import with_signs
    from av_screening.write.photograph_folder import Source, write_outputs

    try:
        screened = with_signs(screened, task.settings.signs())
    except FAULTS as error:
        return failed(task, error)
    source = Source(
        printable(task.relative),
        seen.read.sha256,
        photograph.identity,
        folder_name(task.relative),
        run_id(task.fingerprint, task.folder),
        photograph.eye,
        task.settings.language,
    )
    write_outputs(task.output, source, photograph.pixels, screened, task.fingerprint)
    return Outcome(task.relative)


def failed(task: Task, error: Exception) -> Outcome:
    """Outcome of a task whose photograph was rejected, or met a fault."""
    if isinstance(error, RejectedPhotograph):
        return Outcome(task.relative, error.reason, str(error))
    return Outcome(task.relative, "failed", f"{type(error).__name__}: {error}")


def crashed(task: Task) -> Outcome:
    """Outcome of a task whose process died."""
    message = "the process that screened it died, of memory or of a fault in a library"
    return Outcome(task.relative, "crashed", message)


def late(limit: float, task: Task) -> Outcome:
    """Outcome of a task that took longer than `limit` (seconds)."""
    message = f"expected it done within {limit:g} s, stopped it; --time-limit raises the limit"
    return Outcome(task.relative, "timed_out", message)
