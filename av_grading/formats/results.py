"""Results files: figures with all that is needed to make them again."""

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from av_grading.formats.files import write_whole


def write_results(
    path: Path,
    *,
    metrics: dict[str, float],
    seeds: Sequence[int],
    data: Any,
    ci95: dict[str, list[float]] | None = None,
    **more: Any,
) -> None:
    """Write one JSON object with command, commit, seeds, data, metrics and 95 % intervals.

    Raises:
        OSError: it cannot be written.
    """
    content = {
        "command": _portable(shlex.join(_command(sys.argv))),
        "commit": _commit(),
        "seeds": list(seeds),
        "data": data,
        "metrics": {k: round(v, 5) for k, v in metrics.items()},
        "ci95": {k: [round(x, 5) for x in v] for k, v in (ci95 or {}).items()},
        **more,
    }
    write_whole(path, json.dumps(content, indent=1) + "\n")


def _portable(command: str) -> str:
    """A command without this machine's folder of photographs."""
    folder = os.environ.get("AV_DATA")
    return command.replace(folder, "$AV_DATA") if folder else command


def _command(arguments: Sequence[str]) -> list[str]:
    """As it is typed: `av-nicking SUB-COMMAND ...`, or a module of this package."""
    if arguments[0].startswith("av-nicking "):
        return [*arguments[0].split(), *arguments[1:]]
    return ["python", "-m", *_module(arguments)]


def _module(arguments: Sequence[str]) -> list[str]:
    """`/path/av_grading/train.py --x` as `av_grading.train --x`; a package by its own name."""
    script = Path(arguments[0])
    names = [] if script.stem == "__main__" else [script.stem]
    folder = script.parent
    while (folder / "__init__.py").is_file():
        names.insert(0, folder.name)
        folder = folder.parent
    return [".".join(names), *arguments[1:]]


def _commit() -> str:
    git = ["git", "-C", str(Path(__file__).parent)]
    try:
        commit = subprocess.run([*git, "rev-parse", "HEAD"], capture_output=True, check=True)
        changed = subprocess.run(
            [*git, "status", "--porcelain", "--", ":/", ":!/results", ":!/README.md"],
            capture_output=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return commit.stdout.decode().strip() + ("+changes" if changed.stdout.strip() else "")
