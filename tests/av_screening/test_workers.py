"""Tasks in several processes, of which some die."""

import os
from collections.abc import Iterator

import pytest

from av_screening.workers import run_tasks


def double(number: int) -> int:
    """What a worker does whose library has a fault with 3 and 7."""
    if number in (3, 7):
        os._exit(9)
    return 2 * number


def refuse(number: int) -> int:
    raise OSError(28, "No space left on device", str(number))


def test_a_worker_that_dies_takes_one_task_with_it() -> None:
    found = list(run_tasks(range(12), double, 2, crashed=lambda number: -number))
    assert found == [-n if n in (3, 7) else 2 * n for n in range(12)]


def test_tasks_are_taken_as_they_are_needed() -> None:
    taken: list[int] = []

    def tasks() -> Iterator[int]:
        for number in range(100, 200):
            taken.append(number)
            yield number

    outcomes = run_tasks(tasks(), double, 2, crashed=int)
    assert next(outcomes) == 200 and len(taken) <= 8
    outcomes.close()


@pytest.mark.parametrize("workers", [1, 2])
def test_what_the_work_raises_ends_it(workers: int) -> None:
    with pytest.raises(OSError, match="No space left"):
        list(run_tasks(range(3), refuse, workers, crashed=int))
