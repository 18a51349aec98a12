"""Results files: one JSON object with the figures and all that is needed to make them again."""

import json
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from av_detectron.formats.files import write_whole


def current_commit(folder: Path) -> str:
    """Commit of the working tree that `folder` lies in, with "+changes" where it is not clean
    (results/ and README.md apart); "unknown" without git."""
    try:
        git = ["git", "-C", str(folder)]
        commit = subprocess.run([*git, "rev-parse", "HEAD"], capture_output=True, check=True)
        status = subprocess.run(
            [*git, "status", "--porcelain", "--", ":/", ":!/results", ":!/README.md"],
            capture_output=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return commit.stdout.decode().strip() + ("+changes" if status.stdout.strip() else "")


def committed_file(name: str, folder: Path) -> Path:
    """A file by its path, or `COMMIT:PATH`, as it was in this repository; that is put in `folder`.

    Raises:
        ValueError: neither; says what git says.
    """
    if Path(name).is_file() or ":" not in name:
        return Path(name)
    git = ["git", "-C", str(Path(__file__).parent), "show", name]
    try:
        done = subprocess.run(git, capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        message = getattr(error, "stderr", b"") or str(error).encode()
        raise ValueError(
            f"{name}: expected a file, or COMMIT:FILE of this repository with its history "
            f"({message.decode(errors='replace').strip()})"
        ) from error
    path = folder / Path(name.split(":", 1)[1]).name
    path.write_bytes(done.stdout)
    return path


def current_command() -> str:
    """The command line of this process, as a user would type it."""
    if sys.argv[0].startswith("av-nicking "):
        return shlex.join([*sys.argv[0].split(), *sys.argv[1:]])
    return shlex.join(["python", *sys.argv])


def write_results(
    path: Path,
    *,
    metrics: dict[str, float],
    seeds: Sequence[int],
    data: Any,
    ci95: dict[str, list[float]] | None = None,
    **more: Any,
) -> None:
    """Write a results file, whole or not at all.

    Args:
        path: where to.
        metrics: flat names → numbers.
        seeds: of training and of resampling.
        data: which photographs.
        ci95: for some of the names, [low, high].
        more: other keys.
    """
    content = {
        "command": current_command(),
        "commit": current_commit(Path(__file__).parent),
        "seeds": list(seeds),
        "data": data,
        "metrics": {k: round(v, 5) for k, v in metrics.items()},
        "ci95": {k: [round(x, 5) for x in v] for k, v in (ci95 or {}).items()},
        **more,
    }
    write_whole(path, json.dumps(content, indent=1) + "\n")
