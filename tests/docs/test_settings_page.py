"""docs/how-to/settings.md has every key of a run's settings, with its default."""

import dataclasses
import re
from pathlib import Path

import pytest

from av_grading.decision import SHIPPED, DecisionRule
from av_grading.gradable import GradableRule
from av_screening.read.limits import QualityLimits, ReadingLimits
from av_screening.settings import OF_OWN_GRADERS, Settings

TEXT = (Path(__file__).resolve().parents[2] / "docs/how-to/settings.md").read_text("utf-8")
SECTIONS = {
    "Settings": Settings(),
    "`gradable`: what gets a grade": GradableRule(),
    "`reading`: which files are opened": ReadingLimits(),
    "`quality`: which photographs are screened": QualityLimits(),
}
PLAIN = (bool, int, float, str)


@pytest.mark.parametrize("heading", SECTIONS)
def test_keys_and_defaults(heading: str) -> None:
    section = TEXT.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    rows = dict(re.findall(r"^\| `(\w+)` \| ([^|]+) \|", section, re.MULTILINE))
    value = SECTIONS[heading]
    assert list(rows) == [field.name for field in dataclasses.fields(value)]
    for name, shown in rows.items():
        default = getattr(value, name)
        if isinstance(default, PLAIN):
            assert shown == (str(default) or "empty"), name
        elif isinstance(default, tuple) and all(isinstance(part, float) for part in default):
            assert shown == ", ".join(map(str, default)), name


def test_the_shipped_decision_and_that_of_own_graders() -> None:
    section = TEXT.split("\n## `decision`: what becomes the grade\n")[1].split("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \| ([^|]+) \| ([^|]+) \|", section, re.MULTILINE)
    assert [name for name, *_ in rows] == [f.name for f in dataclasses.fields(DecisionRule)]
    for number, rule in ((1, SHIPPED), (2, OF_OWN_GRADERS)):
        shown = {row[0]: row[number] for row in rows}
        weights = ", ".join(f"`{name}` {weight:g}" for name, weight in rule.weights.items())
        assert shown["weights"] == (weights or "none")
        assert shown["prevalence"] == ", ".join(map(str, rule.prevalence))
        assert shown["stretch"] == str(rule.stretch) and shown["center"] == str(rule.center)


def test_options_are_those_of_screen() -> None:
    from av_screening.command_line.screen import make_parser

    options = {option for action in make_parser()._actions for option in action.option_strings}
    assert set(re.findall(r"`(--[\w-]+)`", TEXT)) <= options
