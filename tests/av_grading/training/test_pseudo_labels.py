"""Labels that networks give, and what learns from them."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from av_grading.close_ups.fine_map import CloseUp, save_close_up
from av_grading.close_ups.reading_inputs import load_inputs, write_inputs
from av_grading.close_ups.readings import targets_of
from av_grading.command_line import train as train_command
from av_grading.decision import SHIPPED
from av_grading.grader import Grader, save_grader
from av_grading.models.build import build_grader
from av_grading.models.close_up_unet import CloseUpNet
from av_grading.models.reading_head import ReadingHead
from av_grading.models.reading_outputs import OUTPUTS, Answers
from av_grading.models.reading_strip import ReadingStrip, load_strip_reader, save_strip_reader
from av_grading.training.pseudo_labels import Unread, combine, label
from av_grading.training.reading_grader import CONFIG, grader_config
from av_grading.training.reading_strip import ReadingStripConfig, gather
from tests.av_grading.close_ups.test_readings import SAME, table_of
from tests.av_grading.training.test_readings import inputs_file  # noqa: F401

FIRST, SECOND = slice(7, 11), slice(11, 15)


def said(grade: int, first: int, second: int, clear: float) -> np.ndarray:
    """Probabilities (1, OUTPUTS) of one that is sure."""
    found = np.zeros((1, OUTPUTS))
    found[0, [grade, 7 + first, 11 + second]] = 1
    found[0, 4], found[0, 5], found[0, 6] = clear, 0.2, 0.6
    return found


@pytest.fixture
def networks(tmp_path: Path) -> dict[str, str]:
    """Of random weights, as the training takes their files."""
    torch.manual_seed(0)
    head = ReadingHead.untrained(7)
    save_strip_reader(ReadingStrip(), tmp_path / "strip.safetensors")
    save_close_up(CloseUp(CloseUpNet((8, 16)), head), tmp_path / "head.safetensors")
    config = grader_config(CONFIG)
    save_grader(Grader(build_grader(config).eval(), config), tmp_path / "grader.safetensors")
    return {n: str(tmp_path / f"{n}.safetensors") for n in ("strip", "head", "grader")}


def test_a_label_is_what_the_networks_say_together() -> None:
    strip, other = said(2, 2, 0, 0.9), Answers.of(said(0, 0, 0, 0.6))
    found = combine(strip, other, other, np.ones(1, bool))
    own = SHIPPED.weights["reading_strip"]
    assert found.targets.grade[0] == pytest.approx([1 - own, 0, own, 0])
    assert found.targets.worse[0].tolist() == [0, 0, 1, 0]  # whichever side it is
    assert found.targets.better[0].tolist() == [1, 0, 0, 0]
    assert found.targets.clear[0] == found.targets.weight[0] == pytest.approx(0.7)
    assert found.usable[0]
    assert not combine(strip, other, other, np.zeros(1, bool)).usable[0]
    unclear = said(2, 2, 0, 0.01)
    assert not combine(unclear, *2 * (Answers.of(unclear),), np.ones(1, bool)).usable[0]


def test_nicked_and_clear_crossings_are_drawn_more_often() -> None:
    rows = [said(0, 0, 0, 0.9), said(2, 2, 0, 0.9), said(2, 2, 0, 0.1)]
    both = np.concatenate(rows)
    chances = combine(both, *2 * (Answers.of(both),), np.ones(3, bool)).chances(np.arange(3))
    assert chances.sum() == pytest.approx(1)
    assert chances[1] > chances[0] and chances[1] > chances[2]


def test_a_photograph_that_is_left_out_gives_no_label(
    inputs_file: Path,  # noqa: F811
    networks: dict[str, str],
) -> None:
    inputs = load_inputs(inputs_file)
    unread = Unread(inputs=str(inputs_file), **networks)
    left_out = {"a/0.png"}
    rows = np.flatnonzero(~inputs.table["group"].isin(left_out))
    found = gather(ReadingStripConfig(unread=unread), inputs, rows, left_out)
    assert found.labelled is not None
    labelled = found.labelled[0] - len(inputs)
    assert set(labelled) == set(np.flatnonzero(label(inputs, unread).usable)) & set(rows)
    drawn = found.draw(np.random.default_rng(0), 8, 0.5)
    assert (drawn >= len(inputs)).sum() == 4
    assert np.isin(drawn[drawn < len(inputs)], rows).all()
    with_read = targets_of(inputs.table)
    assert found.targets.grade[: len(inputs)].tolist() == with_read.grade.tolist()


def test_the_strip_learns_from_labels(
    inputs_file: Path,  # noqa: F811
    networks: dict[str, str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    inputs = load_inputs(inputs_file)
    unread = tmp_path / "unread.safetensors"
    silent = pd.DataFrame(index=range(len(inputs)), columns=table_of((SAME, SAME)).columns)
    silent.insert(0, "group", inputs.table["group"])
    silent.insert(1, "set", inputs.table["set"])
    inputs = type(inputs)(**{**vars(inputs), "table": silent})
    write_inputs(inputs, unread)
    given = ["reading_strip", "--output", str(tmp_path / "out"), f"data.inputs={inputs_file}"]
    given += ["train.batch=4", "train.steps=1", "train.validate_every=1", "data.folds=3"]
    given += ["data.fold=1", f"unread.inputs={unread}"]
    assert train_command.main([*given, *(f"unread.{n}={p}" for n, p in networks.items())]) == 0
    assert "crossings that were not read, labelled by networks" in capsys.readouterr().out
    load_strip_reader(tmp_path / "out" / "reading_strip.safetensors")
    assert train_command.main([*given, "train.steps=2"]) != 0
    assert "unread.strip: expected weights" in capsys.readouterr().err
