"""Every code block of README and the guides is run, or at least parsed by what it calls.

Pages are read from top to bottom, each in a folder of its own with what the text names: a drawn
`photograph.png`, a folder `photographs`, a run `out` of it, two readers' reviews. Python blocks are
executed. Each command of an sh block meets its real parser, so that a flag or a setting that is not
there fails; then the block is run, unless a comment before it says why that is not possible:

    <!-- not run: trains for hours -->
"""

import argparse
import csv
import importlib
import json
import os
import re
import runpy
import shlex
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import pytest
from PIL import Image

from av_detectron.config import load_config
from av_detectron.data.phantom import make_phantom
from av_grading.formats.config_file import load_config as load_grading
from av_grading.models.registry import TRAININGS
from av_screening import Settings, screen_folder
from av_screening.command_line.main import COMMANDS
from av_screening.review.answers import COLUMNS

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    [ROOT / name for name in ("README.md", "datasets/README.md", "experiments/README.md")]
    + [p for p in (ROOT / "docs").rglob("*.md") if p.name not in ("RESULTS.md", "FORMATS.md")]
)
BLOCK = re.compile(r"(?:<!-- not run: (?P<why>[^>]+?) -->\s*)?^```(\w*)\n(.*?)^```", re.M | re.S)
COMMENT = re.compile(r"<!-- not run:")
SCREENS = re.compile(r"screen photographs/? --output out(?! --resume)\b")
SMALLER = {"--fov-diameter 1080": "--fov-diameter 300", "--train 4": "--train 1"}
"""Drawn photographs of the tutorial's size take minutes."""
PARSE = ("parse_args", "parse_intermixed_args")
"""Methods by which commands parse their words."""
OTHERS = ("docker", "source", "export", "#!/bin/sh")
"""What has no parser of ours."""


@dataclass(frozen=True)
class Block:
    """A block of a page: its language, its text, and why it is not run, empty where it is."""

    language: str
    text: str
    why: str


class Parsed(Exception):
    """Carries what a command's own parser made of its words."""


def blocks(page: Path) -> list[Block]:
    text = page.read_text(encoding="utf-8")
    found = [Block(m[2], m[3], m["why"] or "") for m in BLOCK.finditer(text)]
    assert text.count("```") == 2 * len(found), f"{page}: a block that does not end"
    assert len(COMMENT.findall(text)) == sum(bool(b.why) for b in found), (
        f"{page}: a comment that is not before a block"
    )
    return found


def commands(block: Block) -> list[list[str]]:
    """Words of each command, without variables that are set before it."""
    lines = block.text.replace("\\\n", " ").splitlines()
    found = []
    for line in lines:
        for part in line.split(" && "):
            words = shlex.split(part, comments=True)
            while words and re.fullmatch(r"[A-Z_0-9]+=.*", words[0]):
                words = words[1:]
            if words:
                found.append(words)
    return found


def target(words: list[str]) -> tuple[str, list[str]]:
    """A script or a module of ours, and its arguments."""
    if words[0] == "av-nicking":
        modules = {command.name: command.module for command in COMMANDS}
        assert words[1] in modules, f"av-nicking {words[1]}: no such command"
        return modules[words[1]], words[2:]
    assert words[0] == "python", f"{words[0]}: expected a command that this test knows"
    if words[1] == "-m":
        return words[2], words[3:]
    assert (ROOT / words[1]).is_file(), f"{words[1]}: no such script"
    return words[1], words[2:]


def start(words: list[str], monkeypatch: pytest.MonkeyPatch) -> int:
    """Run one of our commands in this process, as its own command line; its exit code."""
    name, arguments = target(words)
    with monkeypatch.context() as patched:
        patched.setattr(sys, "argv", [name, *arguments])
        try:
            if name.endswith(".py"):
                patched.setattr(sys, "path", [str((ROOT / name).parent), *sys.path])
                runpy.run_path(str(ROOT / name), run_name="__main__")
            else:
                module = importlib.import_module(name)
                if hasattr(module, "__path__"):
                    module = importlib.import_module(f"{name}.__main__")
                return int(module.main(arguments))
        except SystemExit as end:
            return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0


def check_pip(words: list[str]) -> None:
    extras = set(re.findall(r'^        "([\w-]+)": \[', (ROOT / "setup.py").read_text(), re.M))
    for word in words:
        for named in re.findall(r"\[([\w,-]+)\]$", word):
            assert set(named.split(",")) <= extras, f"{word}: extras are {sorted(extras)}"


def check_make(words: list[str]) -> None:
    text = (ROOT / "Makefile").read_text()
    targets = next(line for line in text.splitlines() if line.startswith(".PHONY")).split()[1:]
    for word in words:
        name, sign, _ = word.partition("=")
        assert f"\n{name} ?=" in text if sign else name in targets, f"make {word}: not there"


def stopping(name: str) -> Callable[..., None]:
    """A parser's method that parses and goes no further."""
    original = getattr(argparse.ArgumentParser, name)

    def stop(
        self: argparse.ArgumentParser, args: list[str] | None = None, namespace: None = None
    ) -> None:
        raise Parsed(original(self, args, namespace))

    return stop


def check_parses(words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The command's own parser takes the words, and the settings that they hold are there."""
    if words[0] in OTHERS:
        return
    if words[0] == "make":
        return check_make(words[1:])
    if words[0] == "pip" or words[:3] == ["python", "-m", "pip"]:
        return check_pip(words)
    with monkeypatch.context() as patched:
        for name in PARSE:
            patched.setattr(argparse.ArgumentParser, name, stopping(name))
        try:
            code = start(words, monkeypatch)
        except Parsed as parsed:
            (args,) = parsed.args
        else:
            pytest.fail(f"{shlex.join(words)}: exit code {code}, not parsed")
    if hasattr(args, "settings"):
        if getattr(args, "name", None) in TRAININGS:  # of `av-nicking train`
            training = TRAININGS[args.name]
            default = import_module(training.module).CONFIG
            load_grading(args.config or Path(training.config), args.settings, default)
        else:
            config = args.config and ROOT / args.config
            load_grading(config if config and config.is_file() else None, args.settings)
    if hasattr(args, "opts") and hasattr(args, "config_file"):
        path = ROOT / "configs" / args.config_file
        load_config(path if path.is_file() else ROOT / "configs/cpu/safpn_av.yaml", args.opts)


@pytest.fixture(scope="session")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the pages name: photographs, a run of them, reviews, eyes."""
    folder = tmp_path_factory.mktemp("desk")
    (folder / "photographs").mkdir()
    image = Image.fromarray(make_phantom(seed=0, fov_diameter=300).image)
    image.save(folder / "photographs" / "a.png")
    image.save(folder / "photograph.png")
    screen_folder(folder / "photographs", folder / "out", Settings())
    run = json.loads((folder / "out" / "run.json").read_text())["run"]
    rows = list(csv.DictReader((folder / "out" / "crossings.csv").open(encoding="utf-8")))
    assert len(rows) > 3
    for reader, file in (("anna", "anna"), ("ben", "ben"), ("anna", "review")):
        with (folder / f"{file}.csv").open("w", encoding="utf-8", newline="") as written:
            writer = csv.writer(written)
            writer.writerow(COLUMNS)
            for number, row in enumerate(rows):
                answer = "1" if reader == "ben" and number == 0 else str(number % 4)
                place = [row["photograph"], row["crossing"], row["x_px"], row["y_px"]]
                when = "2026-11-25T14:30:00Z"
                writer.writerow([*place, answer, "", row["grade"], reader, 1, when, run])
    (folder / "eyes.csv").write_text("photograph,person,eye\na.png,p1,OD\n", encoding="utf-8")
    return folder


@pytest.fixture
def page_folder(
    desk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[list[Block]], Path]:
    """`page_folder(blocks)`: a copy of the desk, without a run that the page itself makes."""

    def make(found: list[Block]) -> Path:
        folder = tmp_path / "page"
        shutil.copytree(desk, folder)
        if any(SCREENS.search(block.text) for block in found):
            shutil.rmtree(folder / "out")
        monkeypatch.chdir(folder)
        monkeypatch.setattr(os, "cpu_count", lambda: 1)  # workers would each import torch
        monkeypatch.setenv("DETECTRON2_DATASETS", str(folder))
        return folder

    return make


def between(words: list[str], folder: Path) -> None:
    """What a person does before this command: corrects a file, or settles answers."""
    if "import-corrections" in words:
        shutil.copy(folder / "crossings.json", folder / "corrected.json")
    if "--adjudicated" in words:
        path = folder / words[words.index("--adjudicated") + 1]
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        assert rows, f"{path}: expected something to settle"
        for row in rows:
            row |= {"answer": "2", "reader": "cleo", "blind": "1", "time": "2026-11-26T08:00:00Z"}
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_and_settings_are_there(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    for block in blocks(page):
        if block.language == "json":
            json.loads(block.text)
        if block.language in ("sh", "bash"):
            for words in commands(block):
                check_parses(words, monkeypatch)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_blocks_run(
    page: Path,
    page_folder: Callable[[list[Block]], Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = blocks(page)
    to_run = [b for b in found if b.language in ("python", "sh", "bash") and not b.why]
    if not to_run:
        return
    folder = page_folder(to_run)
    names: dict[str, object] = {"__name__": "page"}
    for block in to_run:
        if block.language == "python":
            exec(compile(block.text, str(page), "exec"), names)  # our own text
            continue
        for words in commands(block):
            line = shlex.join(words)
            for large, small in SMALLER.items():
                line = line.replace(large, small)
            between(words, folder)
            assert start(shlex.split(line), monkeypatch) == 0, line
