"""The published experiments: every results file has its rule, and every command parses."""

import argparse
import functools
import importlib
import os
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from av_detectron.config import load_config
from av_grading.formats.config_file import load_config as load_grading
from av_grading.models.registry import TRAININGS
from experiments.rules import ROOT, Rule, RuleError, makers, read_rules
from experiments.runner import surroundings, words

RULES = read_rules()


class Parsed(Exception):
    """Carries what a command's own parser made of its words."""


@functools.cache
def tracked() -> set[str]:
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return set(listed.stdout.splitlines())


def test_each_published_file_has_one_rule() -> None:
    made = makers(RULES)
    results = {path for path in tracked() if path.startswith("results/")}
    for path in results:
        # Those of earlier versions are kept as they were measured: their commits make them.
        if path.endswith(".json") and not path.startswith(("results/0.1.0/", "results/0.2.0/")):
            assert path in made, path
    assert {p for p in made if p.startswith("results/predictions")} <= results


def test_inputs_are_made_by_earlier_rules_or_are_in_the_repository() -> None:
    made: set[str] = set()
    for rule in RULES:
        for path in rule.inputs:
            assert path in made or path in tracked(), f"{rule.title}: {path}"
        made.update(rule.outputs)


def test_a_command_names_all_that_it_reads_and_makes() -> None:
    made = makers(RULES)
    for rule in RULES:
        written = [w.split("=")[-1] for w in rule.command]
        for path in written:
            if path in made and path not in rule.outputs and not path.endswith("best.yaml"):
                assert path in rule.inputs, f"{rule.title}: {path} is no input"


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.title)
def test_every_command_parses(rule: Rule, monkeypatch: pytest.MonkeyPatch) -> None:
    original = argparse.ArgumentParser.parse_args

    def stop(self: argparse.ArgumentParser, args: list[str] | None = None, namespace: None = None):
        raise Parsed(original(self, args, namespace))

    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", stop)
    intermixed = argparse.ArgumentParser.parse_intermixed_args

    def stop_intermixed(self: argparse.ArgumentParser, args: list[str] | None = None) -> None:
        raise Parsed(intermixed(self, args))

    monkeypatch.setattr(argparse.ArgumentParser, "parse_intermixed_args", stop_intermixed)
    monkeypatch.chdir(ROOT)
    command = words(rule, {"AV_DATA": "some where"})[1:]
    by_module = command[0] == "-m"
    name, rest = (command[1], command[2:]) if by_module else (command[0], command[1:])
    monkeypatch.setattr(sys, "argv", [name, *rest])
    monkeypatch.setattr(sys, "path", [str((ROOT / name).parent), *sys.path])
    with pytest.raises(Parsed) as caught:
        if by_module:
            module = importlib.import_module(name)
            if hasattr(module, "__path__"):
                module = importlib.import_module(f"{name}.__main__")
            module.main(rest)
        else:
            runpy.run_path(str(ROOT / name), run_name="__main__")
    args = caught.value.args[0]
    if hasattr(args, "settings"):
        training = TRAININGS[getattr(args, "name", "grader")]
        defaults = importlib.import_module(training.module).CONFIG
        load_grading(args.config, args.settings, defaults)
    if name == "tools/train_net.py":
        load_config(ROOT / "configs" / args.config_file, args.opts)


def test_several_at_a_time_compute_on_one_thread_each(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "4")
    weights = next(rule for rule in RULES if rule.title == "weights:map")
    assert surroundings(weights, 2)["OMP_NUM_THREADS"] == "1"
    assert surroundings(weights, 1)["OMP_NUM_THREADS"] == "4"
    assert surroundings(weights, 1)["DETECTRON2_DATASETS"] == "output/weights/data"


def test_photographs_come_from_the_environment_as_one_word() -> None:
    data = next(rule for rule in RULES if rule.title == "weights:data")
    assert "/my photographs" in words(data, {"AV_DATA": "/my photographs"})
    with pytest.raises(ValueError, match="AV_DATA: expected the folder"):
        words(data, {})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("rules: {a: {command: x, outputs: [f], shell: y}}", r"rule a: unknown \['shell'\]"),
        ("rules: {a: {command: x}}", "rule a: expected a command and outputs"),
        ("rules: {a: {command: '${b}', outputs: [f]}}", "rule a: .*'b' not found"),
        (
            "rules: {a: {command: x, outputs: [f]}, b: {command: x, outputs: [f]}}",
            "f: expected one rule, found t:a, t:b",
        ),
        (
            "rules: {a: {command: x, inputs: [g], outputs: [f]},"
            " b: {command: x, inputs: [f], outputs: [g]}}",
            "rules go round",
        ),
    ],
)
def test_wrong_rules_are_refused(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "t.yaml"
    path.write_text(text)
    with pytest.raises(RuleError, match=message):
        read_rules([path])


def test_a_rule_is_made_for_each_value(tmp_path: Path) -> None:
    path = tmp_path / "t.yaml"
    path.write_text(
        "variables: {out: o, extra: {a: --fast, b: ''}, from_file: {a: i, b: ''}}\n"
        "rules:\n  run/${m}:\n    each: {m: [a, b]}\n    command: x.py ${extra.${m}}\n"
        "    inputs: ['${from_file.${m}}']\n    outputs: ['${out}/${m}']\n"
    )
    a, b = sorted(read_rules([path]), key=lambda rule: rule.name)
    assert (a.title, a.command, a.inputs, a.outputs) == (
        "t:run/a",
        ("x.py", "--fast"),
        ("i",),
        ("o/a",),
    )
    assert (b.title, b.command, b.inputs, b.outputs) == ("t:run/b", ("x.py",), (), ("o/b",))


def test_make_help_lists_every_target() -> None:
    text = (ROOT / "Makefile").read_text()
    assert len(text.splitlines()) <= 60
    shown = subprocess.run(
        ["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True, env=dict(os.environ)
    ).stdout
    targets = next(line for line in text.splitlines() if line.startswith(".PHONY")).split()[1:]
    assert [t for t in targets if f"make {t} " not in shown] == []
