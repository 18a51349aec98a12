"""Beyond one machine: the same tasks as a Ray dataset, on whatever cluster Ray is connected to.

Input and output folders have to be shared between the machines.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from av_screening.run.folder import Runner
from av_screening.run.screen_photograph import Outcome, Task, screen_photograph


class Screener:
    """An actor of the dataset; its process keeps the models (`pipeline_of`)."""

    def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
        """A row with a task → a row with its outcome."""
        return {"outcome": screen_photograph(row["task"])}


ACTOR: Any = Screener  # Ray takes classes, its types functions only


def ray_runner(workers: int) -> Runner:
    """Runs tasks on Ray with this many actors.

    Raises:
        ImportError: Ray is not installed; says how to.
    """
    try:
        import ray.data
    except ImportError as error:
        raise ImportError("--ray needs Ray: pip install 'av-nicking[ray]'") from error

    def run(tasks: Iterable[Task]) -> Iterator[Outcome]:
        rows = ray.data.from_items([{"task": _absolute(task)} for task in tasks])
        mapped = rows.map(ACTOR, concurrency=workers, num_cpus=1)
        for row in mapped.iter_rows():
            yield row["outcome"]

    return run


def _absolute(task: Task) -> Task:
    """A task whose paths do not depend on where an actor runs."""
    given = task.settings
    settings = replace(
        given,
        detector=given.detector.resolve(),
        graders=tuple(path.resolve() for path in given.graders),
        close_up=given.close_up and given.close_up.resolve(),
        sign_strip=given.sign_strip and given.sign_strip.resolve(),
        strip=given.strip_file and given.strip_file.resolve(),
        decision=given.decision_rule,
    )
    folder, output = task.folder.resolve(), task.output.resolve()
    return replace(task, settings=settings, folder=folder, output=output)
