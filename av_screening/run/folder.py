"""A run over a folder: one at a time into an output folder, resumable, summed up at the end."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path, PurePath

from filelock import Timeout
from tqdm import tqdm

from av_grading.command_line.progress import progress
from av_screening.read.find_photographs import find_photographs
from av_screening.run.precision import begin_or_join
from av_screening.run.screen_photograph import Outcome, Task, crashed, late, screen_photograph
from av_screening.run.sharding import Shard, held
from av_screening.run.workers import run_tasks
from av_screening.settings import Settings, fingerprint, run_id
from av_screening.write.folder_names import PHOTOGRAPHS, folder_name, printable
from av_screening.write.run_tables import Run, write_run
from av_screening.write.whole_folder import remove_unfinished

Runner = Callable[[Iterable[Task]], Iterator[Outcome]]


class UsageError(ValueError):
    """A run that cannot start as it was asked for."""


@dataclass
class Counts:
    """Of a run: screened now, kept from an earlier run, and why the others failed."""

    screened: int = 0
    kept: int = 0
    failures: dict[str, tuple[str, str]] = field(default_factory=dict)

    @property
    def done(self) -> int:
        return self.screened + self.kept


@contextmanager
def locked(output: Path, shard: Shard | None = None) -> Iterator[None]:
    """Hold a folder for this process, whole or one shard; a killed process leaves no lock.

    Raises:
        UsageError: another run holds it.
        OSError: it cannot be written.
    """
    output.mkdir(parents=True, exist_ok=True)
    try:
        with held(output, shard):
            yield
    except Timeout as error:
        raise UsageError(f"{output}: another run writes into this folder") from error


def screen_folder(
    folder: str | Path,
    output: str | Path,
    settings: Settings | None = None,
    *,
    workers: int = 1,
    resume: bool = False,
    runner: Runner | None = None,
    time_limit: float | None = None,
    shard: Shard | None = None,
    join_precision: bool = False,
) -> Counts:
    """Screen every photograph below a folder.

    Args:
        folder: of photographs.
        output: folder to write.
        settings: of the run, by default the shipped models on the CPU.
        workers: processes.
        resume: keep what is there of the same photographs under the same settings.
        runner: another way to run tasks, by default `workers` processes.
        time_limit: what a photograph may take (seconds); None: any time.
        shard: screen this part of the photographs alone, beside other shards that write into the
            same folder. Tables and index are written by the run without it, with `resume`, that
            follows when all are done.
        join_precision: with `resume` or `shard`, compute in the precision in which the run began,
            on whatever machine, in place of the settings'.

    Returns:
        how many were screened, kept from an earlier run, and why the others failed.

    Raises:
        UsageError: no such folder, no photograph in it, or `output` is in use or holds a run.
        OSError: outputs cannot be written; those of earlier photographs stay.
        CheckpointError, WeightsError: weights are missing, damaged or of another kind.
    """
    folder, output, settings = Path(folder), Path(output), settings or Settings()
    if not folder.is_dir():
        raise UsageError(f"{folder}: expected a folder of photographs, found none")
    if output.resolve() == folder.resolve():
        raise UsageError(f"{output}: expected another folder than that of the photographs")
    if next(find_photographs(folder, output), None) is None:
        raise UsageError(f"{folder}: expected photographs, found none")
    described = settings.describe()  # before anything is written: weights may be missing
    with locked(output, shard):
        if shard is None:  # of another shard's it may be under way
            remove_unfinished(output)
        if not (resume or shard) and any((output / PHOTOGRAPHS).glob("*")):
            raise UsageError(f"{output}: holds a run already; --resume continues it")
        (output / PHOTOGRAPHS).mkdir(exist_ok=True)
        begins = not (resume or shard)
        precision = begin_or_join(output, settings.precision, begins=begins, joins=join_precision)
        if precision != settings.precision:
            tqdm.write(f"in {precision}, as the run began")
            settings = replace(settings, precision=precision)
            described = settings.describe()
        word = fingerprint(described)
        tasks = (
            Task(path, folder, output, settings, word, namesake)
            for path, namesake in with_namesakes(find_photographs(folder, output), output)
            if shard is None or shard.has(path)
        )
        if runner:
            outcomes = runner(tasks)
        else:
            too_late = partial(late, time_limit or 0.0)
            outcomes = run_tasks(tasks, screen_photograph, workers, crashed, too_late, time_limit)
        total = sum(shard is None or shard.has(p) for p in find_photographs(folder, output))
        counts = Counts()
        for outcome in progress(outcomes, "screening", "photograph", total):
            _count(counts, outcome)
        if shard is not None:
            return counts
        photographs = partial(find_photographs, folder, output)
        identity = run_id(word, folder)
        run = Run(output, photographs, counts.failures, word, identity, settings.language)
        write_run(run, described)
    return counts


def with_namesakes(paths: Iterable[PurePath], output: Path) -> Iterator[tuple[PurePath, str]]:
    """Photographs, and for each the earlier one that has its outputs' folder already: two names
    may differ in upper and lower case alone, which a file system may not tell apart."""
    if not folds_case(output / PHOTOGRAPHS):
        yield from ((path, "") for path in paths)
        return
    first: dict[str, str] = {}
    for path in paths:
        namesake = first.setdefault(folder_name(path).casefold(), str(path))
        yield path, "" if namesake == str(path) else namesake


def folds_case(folder: Path) -> bool:
    """Whether the file system takes a folder's name in upper case for the same folder."""
    other = folder.with_name(folder.name.swapcase())
    return other.exists() and other.samefile(folder)


def _count(counts: Counts, outcome: Outcome) -> None:
    if outcome.reason:
        counts.failures[str(outcome.relative)] = (outcome.reason, outcome.message)
        tqdm.write(f"not screened: {printable(outcome.relative)}: {outcome.message}")
    else:
        counts.screened += not outcome.kept
        counts.kept += outcome.kept
