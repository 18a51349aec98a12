"""Run rules with doit: it orders them, skips what is up to date and runs several at a time."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from doit.cmd_base import DoitCmdBase, ModuleTaskLoader
from doit.cmd_run import Run
from doit.control import TaskControl
from doit.dependency import JsonDB
from doit.doit_cmd import DoitMain
from doit.exceptions import TaskFailed
from doit.tools import config_changed

from av_grading.formats.files import write_whole
from experiments.rules import EXTERNAL, ROOT, Rule, makers

THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
GRACE = 30.0
"""How long a command that is interrupted may take to keep what it has (s)."""
_running: list[subprocess.Popen[bytes]] = []


class StateFile(JsonDB):
    """doit's state, written after every rule: a machine that goes down costs none that is done."""

    def set(self, task_id: str, dependency: str, value: Any) -> None:
        super().set(task_id, dependency, value)
        self.dump()

    def dump(self) -> None:
        write_whole(Path(self.name), self.codec.encode(self._db))


class Plan(DoitCmdBase):
    """Print the commands that would be run."""

    name = "plan"
    doc_purpose = "print what would be run"
    doc_usage = "GOALS"
    cmd_options = ()

    def _execute(self) -> int:
        control = TaskControl(self.task_list)
        control.process(self.sel_tasks)
        tasks, wanted = control.tasks, list(control.selected_tasks)
        stale: set[str] = set()
        for name in wanted:  # grows by what each needs
            wanted += [n for n in tasks[name].task_dep if n not in wanted]
        for task in self.task_list:  # in an order in which they can be run
            if task.name not in wanted or not task.meta:  # without: the group of an experiment
                continue
            status = self.dep_manager.get_status(task, tasks).status
            if status != "up-to-date" or stale.intersection(task.task_dep):
                stale.add(task.name)
                self.outstream.write(f"{task.name}: python {' '.join(task.meta['rule'].command)}\n")
        return 0


class _RunOrPlan(DoitMain):
    DOIT_CMDS = (Run, Plan)


def words(rule: Rule, environment: Mapping[str, str]) -> list[str]:
    """The command as a list of arguments, which no shell reads.

    Raises:
        ValueError: it needs a variable that the environment does not have.
    """
    given = []
    for word in rule.command:
        for name in EXTERNAL:
            if f"{{{name}}}" in word:
                if not environment.get(name):
                    raise ValueError(f"{name}: expected the folder of the photographs, found none")
                word = word.replace(f"{{{name}}}", environment[name])
        given.append(word)
    return [sys.executable, *given]


def surroundings(rule: Rule, jobs: int) -> dict[str, str]:
    """Environment of a rule's command: several at a time compute on one thread each."""
    threads = dict.fromkeys(THREADS, "1") if jobs > 1 else {}
    return {**os.environ, "PYTHONWARNINGS": "ignore", **dict(rule.environment), **threads}


def execute(rule: Rule, jobs: int, tell: float | None = None) -> TaskFailed | None:
    """Run one rule's command from the repository's root and check that it made its outputs.

    Args:
        rule: to be run.
        jobs: commands at a time.
        tell: seconds after which a line says, again and again, that it is still at work; None for
            what the command itself says.
    """
    try:
        command = words(rule, os.environ)
    except ValueError as error:
        return TaskFailed(str(error))
    for output in rule.outputs:
        (ROOT / output).parent.mkdir(parents=True, exist_ok=True)
    process = subprocess.Popen(command, cwd=ROOT, env=surroundings(rule, jobs))
    _running.append(process)
    code = _wait(process, rule.title, tell)
    _running.remove(process)
    if code:
        return TaskFailed(f"{rule.title}: exit code {code}: {' '.join(command)}")
    for source, to in rule.copies:
        write_whole(ROOT / to, (ROOT / source).read_bytes())
    missing = [output for output in rule.outputs if not (ROOT / output).is_file()]
    return TaskFailed(f"{rule.title}: did not make {', '.join(missing)}") if missing else None


def _wait(process: subprocess.Popen[bytes], title: str, tell: float | None) -> int:
    """A process's exit code."""
    start = time.monotonic()
    while True:
        try:
            return process.wait(tell)
        except subprocess.TimeoutExpired:
            print(f"{title}: at work, {time.monotonic() - start:.0f} s", flush=True)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Wait for a process that was interrupted, too: Python loses an interrupt that comes while it
    starts, so that one that goes on is ended."""
    try:
        process.wait(GRACE)
    except subprocess.TimeoutExpired:
        process.terminate()
        process.wait()


def _tasks(rules: Sequence[Rule], jobs: int, tell: float | None) -> Iterator[dict[str, Any]]:
    made_by = makers(rules)
    for rule in rules:
        needed = {made_by[i].title for i in rule.inputs if i in made_by}
        yield {
            "basename": rule.experiment,
            "name": rule.name,
            "actions": [(execute, [rule, jobs, tell])],
            "file_dep": list(rule.inputs),
            "targets": list(rule.outputs),
            "task_dep": sorted(needed),
            "uptodate": [config_changed(" ".join(rule.command))],
            "meta": {"rule": rule},
            "verbosity": 2,
        }


def _doit(
    rules: Sequence[Rule], state: Path, jobs: int, words: list[str], tell: float | None = None
) -> int:
    """Exit code of one of doit's commands on the rules."""
    state.parent.mkdir(parents=True, exist_ok=True)
    settings = {"dep_file": str(state.resolve()), "backend": "written_at_once"}
    extra = {"GLOBAL": settings, "BACKEND": {"written_at_once": f"{__name__}:StateFile"}}
    loader = ModuleTaskLoader({"task_rules": lambda: _tasks(rules, jobs, tell)})
    here = Path.cwd()
    os.chdir(ROOT)  # doit's files are relative to where it works
    try:
        code = _RunOrPlan(loader, config_filenames=(), extra_config=extra).run(words)
    finally:
        os.chdir(here)
    return {0: 0, 3: 2}.get(code or 0, 1)


def dry_run(rules: Sequence[Rule], goals: Sequence[str], state: Path) -> int:
    """Print what would be run; exit code."""
    return _doit(rules, state, 1, ["plan", *goals])


def run(
    rules: Sequence[Rule],
    goals: Sequence[str],
    state: Path,
    jobs: int,
    *,
    alone: bool = False,
    tell: float | None = None,
) -> int:
    """Run what is not up to date of the goals and, unless `alone`, of all that they need.

    Returns the exit code. Ctrl-C reaches the commands too: they keep what they have, and are
    waited for.
    """
    options = [
        "--parallel-type",
        "thread",
        "--process",
        str(jobs),
        *(["--single"] if alone else []),
    ]
    try:
        return _doit(rules, state, jobs, ["run", *options, *goals], tell)
    except KeyboardInterrupt:
        print("interrupted; the same command goes on from there", file=sys.stderr)
        for process in list(_running):
            _end(process)
        return 1
