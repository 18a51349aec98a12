"""Processes that tests start; light, since workers that the tests start import it too."""

import os
import signal
import subprocess
import sys
from pathlib import Path


def start_as_on_a_terminal(repo: Path, *arguments: object) -> subprocess.Popen[str]:
    """A Python process that Ctrl-C reaches: `os.killpg(run.pid, signal.SIGINT)`."""
    return subprocess.Popen(
        [sys.executable, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": str(repo)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # A shell that runs the tests in the background has them ignore Ctrl-C, and their children.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
