"""The command: its table, light parsers, usage, and what parsers repeat of heavy modules."""

import argparse
import subprocess
import sys

import pytest
from detectron2.engine import default_argument_parser

from av_detectron import config, predictor
from av_detectron.data import crossing_rule
from av_detectron.modeling import test_time_augmentation
from av_screening.command_line import defaults, main, train_detector
from av_screening.read.quality import QualityLimits
from av_screening.settings import Settings

HEAVY = {"torch", "torchvision", "detectron2", "av_detectron", "numpy", "scipy", "pandas", "cv2"}
HEAVY |= {"matplotlib", "sklearn", "skimage", "timm", "PIL"}
NAMES = [command.name for command in main.COMMANDS]
WRONG = ["--no-such-flag", "--output"]
LOOK = """
import sys
from av_screening.command_line.main import main
try:
    code = main(sys.argv[1:])
except SystemExit as end:
    code = end.code
print("HEAVY", *sorted({name.partition(".")[0] for name in sys.modules}))
sys.exit(code)
"""


def run(*arguments: str) -> tuple[int, str, str, set[str]]:
    """Exit code, stdout, stderr and the packages that were imported."""
    done = subprocess.run(
        [sys.executable, "-c", LOOK, *arguments], capture_output=True, text=True, timeout=120
    )
    out, _, modules = done.stdout.rpartition("HEAVY")
    return done.returncode, out, done.stderr, set(modules.split())


def test_help_lists_the_table() -> None:
    code, out, err, imported = run("--help")
    assert code == 0 and not err and not imported & HEAVY
    assert all(f"  {name} " in out for name in NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_help_and_wrong_usage_import_nothing_large(name: str) -> None:
    code, out, err, imported = run(name, "--help")
    assert code == 0 and not err and not imported & HEAVY
    assert out.startswith(f"usage: av-nicking {name} ")
    code, _, err, imported = run(name, *WRONG)
    assert code == 2 and not imported & HEAVY
    assert err.startswith(f"usage: av-nicking {name} ")


def test_unknown_command() -> None:
    code, _, err, _ = run("sceen")
    assert code == 2 and "screen" in err and err.startswith("usage: av-nicking")


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
    assert defaults.GRADER_N_VIEWS == Settings.grader_n_views
    assert defaults.MAP_N_VIEWS == Settings.map_n_views
    assert defaults.MIN_FOV == QualityLimits.min_fov
