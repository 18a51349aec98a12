"""Tasks in one process or several; a worker that dies or hangs takes one task with it, no more."""

import multiprocessing
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import CancelledError, Future, ProcessPoolExecutor
from concurrent.futures import TimeoutError as LateError
from concurrent.futures import wait as wait_for
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from itertools import islice
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from typing import Any, TypeVar

Task = TypeVar("Task")
Outcome = TypeVar("Outcome")
AHEAD = 3
"""Tasks a worker that are under way or waiting for it."""
START = 300.0
"""What a worker may take for its imports and models beside its first task (seconds)."""
STOPPING = "stopping when what is under way is done; Ctrl-C once more stops it"
"""What Ctrl-C is answered with, when there are workers."""


def run_tasks(
    tasks: Iterable[Task],
    work: Callable[[Task], Outcome],
    workers: int,
    crashed: Callable[[Task], Outcome],
    late: Callable[[Task], Outcome] | None = None,
    limit: float | None = None,
) -> Iterator[Outcome]:
    """Outcomes in the tasks' order.

    Args:
        tasks: any number, taken as they are needed.
        work: what to do with each.
        workers: processes; with 1 and no limit, this one.
        crashed: outcome of a task whose process died.
        late: outcome of a task whose process was killed, since it took longer than `limit`; by
            default `crashed`.
        limit: what a task may take (seconds), and a worker's first one `START` more; None: any
            time.

    Raises:
        what `work` raises.
    """
    if workers == 1 and limit is None:
        yield from map(work, tasks)
        return
    remaining = iter(tasks)
    waiting: deque[Task] = deque()
    while True:
        waiting.extend(islice(remaining, AHEAD * workers - len(waiting)))
        if not waiting:
            return
        if (yield from _until_broken(waiting, remaining, work, workers, limit)):
            yield (late or crashed)(waiting.popleft())
            continue
        # A worker died, or all is done. Which task it was shows when they run one by one.
        while waiting:
            hung = yield from _until_broken(waiting, iter(()), work, 1, limit, ahead=1)
            if waiting:
                yield (late or crashed if hung else crashed)(waiting.popleft())


def _until_broken(
    waiting: deque[Task],
    remaining: Iterator[Task],
    work: Callable[[Task], Outcome],
    workers: int,
    limit: float | None,
    ahead: int = AHEAD,
) -> Generator[Outcome, None, bool]:
    """Outcomes until all is done or a worker dies or hangs; `waiting` then holds what has none.

    Returns:
        whether the first of `waiting` took too long.
    """
    context = multiprocessing.get_context("spawn")  # torch's threads do not survive a fork
    others = set(multiprocessing.active_children())
    stopping = context.RawValue("b", 0)  # no lock, which a killed worker might hold
    pool = ProcessPoolExecutor(workers, context, initializer=_start_worker, initargs=(stopping,))
    futures: deque[Future[Outcome]] = deque()
    grace = START
    try:
        while waiting:
            waiting.extend(islice(remaining, max(0, ahead * workers - len(waiting))))
            with _interrupts_held():  # this starts workers, and they inherit it
                for task in islice(waiting, len(futures), ahead * workers):
                    futures.append(pool.submit(_work_unless_stopping, work, task))
            # A worker has the oldest task as soon as those before it are done.
            outcome = futures[0].result(None if limit is None else limit + grace)
            grace = 0.0
            futures.popleft()
            waiting.popleft()
            yield outcome
    except BrokenProcessPool:
        return False
    except LateError:
        if futures[0].done():  # the work itself raised it
            raise
        _kill(set(multiprocessing.active_children()) - others)
        return True
    except KeyboardInterrupt:
        try:
            stopping.value = 1
            print(STOPPING, file=sys.stderr, flush=True)
            ended = not wait_for(futures, limit).not_done
        except KeyboardInterrupt:
            ended = False
        if not ended:
            _kill(set(multiprocessing.active_children()) - others)
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
    return False


def _kill(processes: Iterable[BaseProcess]) -> None:
    for process in processes:
        process.kill()


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


_stopping: Any = None
"""Of this worker: its value is not 0 after Ctrl-C."""


def _start_worker(stopping: Any) -> None:
    """Make this worker end when the process that started it is killed, and leave Ctrl-C to it."""
    global _stopping
    _stopping = stopping
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_watch, args=(parent.sentinel,), daemon=True).start()


def _work_unless_stopping(work: Callable[[Task], Outcome], task: Task) -> Outcome:
    """What a worker does; a task that it has not begun at Ctrl-C, and nobody waits for, is left.

    Raises:
        CancelledError: that.
    """
    if _stopping is not None and _stopping.value:
        raise CancelledError
    return work(task)


def _watch(sentinel: int) -> None:
    wait([sentinel])
    os._exit(1)
