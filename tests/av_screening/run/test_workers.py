"""Tasks in several processes, of which some die."""

import multiprocessing
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from av_screening.run.workers import STOPPING, run_tasks
from tests.processes import start_as_on_a_terminal


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


def hang(number: int) -> int:
    """What a worker does whose library never comes back from 3 and 4."""
    if number in (3, 4):
        time.sleep(600)
    return 2 * number


@pytest.mark.parametrize("workers", [1, 2])
def test_a_worker_that_hangs_takes_one_task_with_it(
    workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("av_screening.run.workers.START", 20.0)
    outcomes = run_tasks(range(7), hang, workers, crashed=int, late=lambda n: -n, limit=1.0)
    start = time.monotonic()
    assert list(outcomes) == [0, 2, 4, -3, -4, 10, 12]
    assert time.monotonic() - start < 300
    assert not [p for p in multiprocessing.active_children() if p.is_alive()]


def late_itself(number: int) -> int:
    raise TimeoutError(f"{number}: the share does not answer")


def test_a_timeout_of_the_work_is_its_own() -> None:
    with pytest.raises(TimeoutError, match="0: the share"):
        list(run_tasks(range(2), late_itself, 1, crashed=int, limit=60.0))


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


HANGING = """
import os, sys, time
from av_screening.run.workers import run_tasks

def hang(number):
    os.write(1, f"began {number}\\n".encode())
    time.sleep(600)

if __name__ == "__main__":
    limit = float(sys.argv[1]) if sys.argv[1:] else None
    try:
        list(run_tasks(range(1, 9), hang, 2, crashed=int, limit=limit))
    except KeyboardInterrupt:
        print("interrupted", flush=True)
"""


@pytest.mark.parametrize("limit", [None, 3.0])
def test_interrupted_beside_workers_that_hang(
    repo: Path, tmp_path: Path, limit: float | None
) -> None:
    """They end with the time limit, or with a second Ctrl-C."""
    script = tmp_path / "hanging.py"
    script.write_text(HANGING)
    run = start_as_on_a_terminal(repo, script, *([] if limit is None else [limit]))
    assert run.stdout is not None and run.stderr is not None
    assert sorted(run.stdout.readline() for _ in range(2)) == ["began 1\n", "began 2\n"]
    os.killpg(run.pid, signal.SIGINT)
    assert run.stderr.readline() == f"{STOPPING}\n"
    if limit is None:
        os.killpg(run.pid, signal.SIGINT)
    output, errors = run.communicate(timeout=60)
    assert (output, errors, run.returncode) == ("interrupted\n", "", 0)


SLOW_TO_START = """
import os
import time
from av_screening.run.workers import run_tasks

if __name__ == "__mp_main__":
    os.write(1, b"starting\\n")  # whole: two workers write to one pipe
    time.sleep(1)
    print("started", flush=True)

if __name__ == "__main__":
    try:
        list(run_tasks(range(-9, 9), abs, 2, crashed=int))
    except KeyboardInterrupt:
        print("interrupted", flush=True)
"""


def test_interrupted_while_workers_start(repo: Path, tmp_path: Path) -> None:
    script = tmp_path / "slow_to_start.py"
    script.write_text(SLOW_TO_START)
    run = start_as_on_a_terminal(repo, script)
    assert run.stdout is not None and run.stdout.readline() == "starting\n"
    os.killpg(run.pid, signal.SIGINT)  # a terminal sends it to the workers as well
    output, errors = run.communicate(timeout=60)
    assert errors == f"{STOPPING}\n" and output.splitlines()[-1] == "interrupted"
    assert output.count("started") == 2  # workers leave Ctrl-C to the process that started them
