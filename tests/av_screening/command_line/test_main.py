"""The command: its table, light parsers, usage, and what parsers repeat of heavy modules."""

import argparse
import json
import subprocess
import sys
from pathlib import Path

import pytest
from detectron2.engine import default_argument_parser

from av_detectron import config, predictor
from av_detectron.data import crossing_rule
from av_detectron.modeling import test_time_augmentation
from av_grading.command_line.defaults import GRADER_N_VIEWS
from av_screening.command_line import defaults, main, train_detector
from av_screening.evaluation.passes import Plan
from av_screening.read.limits import QualityLimits
from av_screening.settings import Settings

HEAVY = {"torch", "torchvision", "detectron2", "av_detectron", "numpy", "scipy", "pandas", "cv2"}
HEAVY |= {"matplotlib", "sklearn", "skimage", "timm", "PIL"}
NAMES = [command.name for command in main.COMMANDS]
ROOT = Path(__file__).resolve().parents[3]
FILES = [f for p in ("av_grading", "av_screening") for f in sorted((ROOT / p).rglob("*.py"))]
MODULES = [
    ".".join(f.relative_to(ROOT).with_suffix("").parts)
    for f in FILES
    if '__name__ == "__main__"' in f.read_text(encoding="utf-8")
]
LOOK = """
import contextlib, importlib, io, json, sys
given, answers = json.load(sys.stdin), []
for module, arguments in given:
    out, err = io.StringIO(), io.StringIO()
    sys.argv = [module, *arguments]
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = importlib.import_module(module).main(arguments)
        except SystemExit as end:
            code = end.code
    packages = sorted({name.partition(".")[0] for name in sys.modules})
    answers.append([code, out.getvalue(), err.getvalue(), packages])
print(json.dumps(answers))
"""

Answer = tuple[int, str, str, list[str]]
"""Exit code, stdout, stderr and the packages imported so far."""


def run(calls: list[tuple[str, list[str]]]) -> list[Answer]:
    """What modules' `main` answers to arguments, in one new process that imported nothing."""
    done = subprocess.run(
        [sys.executable, "-c", LOOK],
        input=json.dumps(calls),
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0 and not done.stderr, done.stderr
    return [tuple(answer) for answer in json.loads(done.stdout)]


def test_help_lists_the_table() -> None:
    ((code, out, err, imported),) = run([(main.__name__, ["--help"])])
    assert code == 0 and not err and not HEAVY & set(imported)
    assert all(f"  {name} " in out for name in NAMES)


def test_help_and_wrong_usage_of_commands_import_nothing_large() -> None:
    calls = [(main.__name__, [n, flag]) for n in NAMES for flag in ("--help", "--no-such-flag")]
    for (_, (name, flag)), (code, out, err, imported) in zip(calls, run(calls), strict=True):
        assert not HEAVY & set(imported), name
        assert code == (0 if flag == "--help" else 2), (name, flag, err)
        assert (err if code else out).startswith(f"usage: av-nicking {name} "), (name, flag)
        assert not (out if code else err), (name, flag)


def test_help_and_wrong_usage_of_modules_import_nothing_large() -> None:
    """Of every module that can be run as `python -m`."""
    assert {"av_grading.train", "av_grading.caliber.__main__"} <= set(MODULES)
    calls = [(m, [flag]) for m in MODULES for flag in ("--help", "--no-such-flag")]
    for (name, (flag,)), (code, out, err, imported) in zip(calls, run(calls), strict=True):
        assert not HEAVY & set(imported), name
        assert code == (0 if flag == "--help" else 2), (name, flag, err)
        assert not (out if code else err), (name, flag)


def test_unknown_command() -> None:
    ((code, _, err, _),) = run([(main.__name__, ["sceen"])])
    assert code == 2 and "screen" in err and "usage: " in err


@pytest.mark.parametrize("package", ["detectron2", "torch"])
def test_what_is_missing_is_named_in_one_line(
    package: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def absent(argv: list[str]) -> int:
        raise ModuleNotFoundError(f"No module named '{package}.config'", name=f"{package}.config")

    monkeypatch.setattr(train_detector, "main", absent)
    monkeypatch.setattr(main, "silence_libraries", lambda: None)
    monkeypatch.setattr(sys, "argv", [])
    assert main.main(["train-detector"]) == 1
    err = capsys.readouterr().err
    assert err == f"av-nicking train-detector {main.MISSING[package]}\n"


def flags(parser: argparse.ArgumentParser) -> dict[str, tuple[object, ...]]:
    return {
        a.dest: (a.option_strings, a.nargs, a.default, a.type, a.const, a.choices, a.required)
        for a in parser._actions
    }


def test_training_has_the_flags_of_detectron2() -> None:
    assert flags(train_detector.make_parser()) == flags(default_argument_parser())


def test_parsers_repeat_what_the_packages_say() -> None:
    assert defaults.DEFAULT_WEIGHTS == predictor.DEFAULT_WEIGHTS
    assert defaults.N_VIEWS == tuple(test_time_augmentation.N_VIEWS)
    assert defaults.BOX_SIDE == config.BOX_SIDE
    assert defaults.MASK_KINDS == crossing_rule.MASK_KINDS
    assert defaults.RULES == crossing_rule.RULES
    assert defaults.MAX_EXTENT == crossing_rule.MAX_EXTENT
    assert GRADER_N_VIEWS == Settings.grader_n_views
    assert defaults.MAP_N_VIEWS == Settings.map_n_views
    assert defaults.MIN_FOV == QualityLimits.min_fov
    assert (defaults.SQUEEZES, defaults.SEVERE_EYES) == (Plan.draws, Plan.severe)
