"""The Dockerfile does what README tells a newcomer to type."""

import json
import re
import shlex
from pathlib import Path


def commands(readme: str, heading: str) -> list[list[str]]:
    """Words of the commands of the first sh block below a heading."""
    section = readme.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    block = re.search(r"```sh\n(.*?)```", section, re.DOTALL)
    assert block is not None
    lines = block[1].replace("\\\n", " ").splitlines()
    return [shlex.split(line, comments=True) for line in lines if line.strip()]


def test_steps_are_those_of_readme(repo: Path) -> None:
    readme = (repo / "README.md").read_text("utf-8")
    steps = (repo / "Dockerfile").read_text("utf-8").replace("\\\n", " ").splitlines()
    by_kind = [tuple(step.split(" ", 1)) for step in steps if step and step[0] != "#"]
    install, *_ = commands(readme, "Install")
    typed = " ".join(install).split(" && ")
    ran = [text for kind, text in by_kind if kind == "RUN" and not text.startswith("apt-get")]
    assert [text.split(" PIP_ARGS=")[0] for text in ran] == typed[:1]
    # `source .venv/bin/activate` in a container: its commands come first in PATH.
    assert typed[1] == "source .venv/bin/activate"
    workdir = next(text for kind, text in by_kind if kind == "WORKDIR")
    assert ("ENV", f"PATH={workdir}/.venv/bin:$PATH") in by_kind
    screen, *_ = commands(readme, "Screen a folder")
    entry = next(json.loads(text) for kind, text in by_kind if kind == "ENTRYPOINT")
    assert screen[: len(entry)] == entry and screen[len(entry)] == "photographs/"


def test_what_is_copied_leaves_out_what_is_built_inside(repo: Path) -> None:
    ignored = (repo / ".dockerignore").read_text("utf-8").split()
    assert {".venv", ".git", "output"} <= set(ignored)
