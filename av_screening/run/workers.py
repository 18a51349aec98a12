"""Tasks in one process or several; a worker that dies takes one task with it, not the run."""

import multiprocessing
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from itertools import islice
from multiprocessing.connection import wait
from typing import TypeVar

Task = TypeVar("Task")
Outcome = TypeVar("Outcome")
AHEAD = 3
"""Tasks a worker that are under way or waiting for it."""


def run_tasks(
    tasks: Iterable[Task],
    work: Callable[[Task], Outcome],
    workers: int,
    crashed: Callable[[Task], Outcome],
) -> Iterator[Outcome]:
    """Outcomes in the tasks' order.

    Args:
        tasks: any number, taken as they are needed.
        work: what to do with each.
        workers: processes; with 1, this one.
        crashed: outcome of a task whose process died.

    Raises:
        what `work` raises.
    """
    if workers == 1:
        yield from map(work, tasks)
        return
    remaining = iter(tasks)
    waiting: deque[Task] = deque()
    while True:
        waiting.extend(islice(remaining, AHEAD * workers - len(waiting)))
        if not waiting:
            return
        yield from _until_broken(waiting, remaining, work, workers)
        # A worker died, or all is done. Which task it was shows when they run one by one.
        while waiting:
            yield from _until_broken(waiting, iter(()), work, 1, ahead=1)
            if waiting:
                yield crashed(waiting.popleft())


def _until_broken(
    waiting: deque[Task],
    remaining: Iterator[Task],
    work: Callable[[Task], Outcome],
    workers: int,
    ahead: int = AHEAD,
) -> Iterator[Outcome]:
    """Outcomes until all is done or a worker dies; `waiting` then holds what has none."""
    context = multiprocessing.get_context("spawn")  # torch's threads do not survive a fork
    pool = ProcessPoolExecutor(workers, context, initializer=_start_worker)
    futures: deque[Future[Outcome]] = deque()
    try:
        while waiting:
            waiting.extend(islice(remaining, max(0, ahead * workers - len(waiting))))
            with _interrupts_held():  # this starts workers, and they inherit it
                for task in islice(waiting, len(futures), ahead * workers):
                    futures.append(pool.submit(work, task))
            outcome = futures[0].result()
            futures.popleft()
            waiting.popleft()
            yield outcome
    except BrokenProcessPool:
        return
    except KeyboardInterrupt:
        print("stopping when what is under way is done", file=sys.stderr, flush=True)
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Ctrl-C waits until this ends; for good in a process that is started meanwhile.

    A worker leaves Ctrl-C to the process that started it, from its first import on; on Windows,
    where nothing can be held, from the end of its imports on.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _start_worker() -> None:
    """Make this worker end when the process that started it is killed, and leave Ctrl-C to it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_watch, args=(parent.sentinel,), daemon=True).start()


def _watch(sentinel: int) -> None:
    wait([sentinel])
    os._exit(1)
