"""Several photographs at once for a GPU: other processes read and write, this one has the networks.

Photographs are read ahead of the networks and written behind them, a bounded number of either, so
that neither waits for the other; a process that dies or hangs takes one photograph with it, as
without batches (`workers`).
"""

from collections.abc import Iterable, Iterator
from functools import partial
from itertools import islice

from av_screening.run.folder import Runner
from av_screening.run.screen_photograph import (
    Outcome,
    ReadPhotograph,
    SeenPhotograph,
    Task,
    crashed,
    finish,
    late,
    read_task,
    see_together,
)
from av_screening.run.workers import run_tasks


def batch_runner(size: int, workers: int, limit: float) -> Runner:
    """Runs tasks through this process's networks, so many photographs at once.

    Args:
        size: photographs at once.
        workers: processes that read, and as many that measure and write.
        limit: what either may take for a photograph (seconds).
    """

    def run(tasks: Iterable[Task]) -> Iterator[Outcome]:
        read = run_tasks(tasks, read_task, workers, crashed, partial(late, limit), limit)
        yield from run_tasks(
            _see(read, size), finish, workers, _crashed, partial(_late, limit), limit
        )

    return run


def _see(read: Iterable[Outcome | ReadPhotograph], size: int) -> Iterator[Outcome | SeenPhotograph]:
    """What was read, in its order; photographs seen, `size` of what was read at once."""
    remaining = iter(read)
    while batch := list(islice(remaining, size)):
        seen = iter(see_together([x for x in batch if isinstance(x, ReadPhotograph)]))
        yield from (next(seen) if isinstance(x, ReadPhotograph) else x for x in batch)


def _crashed(seen: Outcome | SeenPhotograph) -> Outcome:
    return seen if isinstance(seen, Outcome) else crashed(seen.task)


def _late(limit: float, seen: Outcome | SeenPhotograph) -> Outcome:
    return seen if isinstance(seen, Outcome) else late(limit, seen.task)
