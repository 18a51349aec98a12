"""Tasks in one process or several; a worker that dies takes one photograph with it, not the run."""

import multiprocessing
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from multiprocessing.connection import wait

from av_screening.task import Outcome, Task

Screen = Callable[[Task], Outcome]


def run_tasks(tasks: Iterable[Task], screen: Screen, workers: int) -> Iterator[Outcome]:
    """Outcomes in the tasks' order; at most four tasks a worker are under way.

    Args:
        tasks: any number, taken as they are needed.
        screen: what to do with each.
        workers: processes; with 1, this one.

    Raises:
        what `screen` raises.
    """
    if workers == 1:
        yield from map(screen, tasks)
        return
    remaining = iter(tasks)
    waiting: list[Task] = []
    while True:
        waiting += islice(remaining, 4 * workers - len(waiting))
        if not waiting:
            return
        yield from _until_broken(waiting, remaining, screen, workers)
        # A worker died, or all is done. Which of those under way it was shows when each runs alone.
        while waiting:
            yield _alone(waiting.pop(0), screen)


def _pool(workers: int) -> ProcessPoolExecutor:
    context = multiprocessing.get_context("spawn")  # torch's threads do not survive a fork
    return ProcessPoolExecutor(workers, context, initializer=_end_with_parent)


def _until_broken(
    waiting: list[Task], remaining: Iterator[Task], screen: Screen, workers: int
) -> Iterator[Outcome]:
    """Outcomes until all is done or a worker dies; `waiting` then holds what has none."""
    pool = _pool(workers)
    futures: deque[Future[Outcome]] = deque()
    try:
        futures.extend(pool.submit(screen, task) for task in waiting)
        while futures:
            outcome = futures[0].result()
            futures.popleft()
            waiting.pop(0)
            for task in islice(remaining, 1):
                waiting.append(task)
                futures.append(pool.submit(screen, task))
            yield outcome
    except BrokenProcessPool:
        return
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _alone(task: Task, screen: Screen) -> Outcome:
    with _pool(1) as pool:
        try:
            return pool.submit(screen, task).result()
        except BrokenProcessPool:
            message = "the process that screened it died, of memory or of a fault in a library"
            return Outcome(task.relative, "crashed", message)


def _end_with_parent() -> None:
    """Make this worker end when the process that started it is killed."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_watch, args=(parent.sentinel,), daemon=True).start()


def _watch(sentinel: int) -> None:
    wait([sentinel])
    os._exit(1)
