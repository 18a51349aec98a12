"""Trainings on readings: folds by photograph, a loss that sides' order does not change, and both
networks from inputs to a file that reads crossings."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from av_grading.close_ups.reading_inputs import ReadingInputs, load_inputs, write_inputs
from av_grading.close_ups.readings import targets_of
from av_grading.command_line import train as train_command
from av_grading.grader import load_grader
from av_grading.models.reading_outputs import OUTPUTS, Answers, mean_answer
from av_grading.models.reading_strip import load_strip_reader
from av_grading.training.readings import (
    PREDICTIONS,
    TargetTensors,
    draw_weights,
    folds_of,
    reading_loss,
)
from av_grading.vessels.straighten import CHANNELS, COLUMNS, ROWS, VESSELS
from tests.av_grading.close_ups.test_readings import SAME, UNCLEAR, table_of

NORMAL = {**SAME, "sideA": 0, "grade": 0}
SEVERE = {**SAME, "sideB": 2, "grade": 3, "above": "vein"}


@pytest.fixture
def inputs_file(tmp_path: Path) -> Path:
    """Inputs of 72 crossings of six photographs of two sets, of noise."""
    rng = np.random.default_rng(0)
    count = 72
    kinds = [(SAME, SAME), (NORMAL, NORMAL), (UNCLEAR, UNCLEAR), (SEVERE, NORMAL)]
    table = table_of(*[kinds[k] for k in rng.permutation(count) % 4])
    table.insert(0, "group", [f"{'ab'[i % 2]}/{i % 6}.png" for i in range(count)])
    table.insert(1, "set", ["ab"[i % 2] for i in range(count)])

    def noise(*shape: int) -> torch.Tensor:
        return torch.from_numpy(rng.integers(0, 255, (count, *shape), dtype=np.uint8))

    inputs = ReadingInputs(
        noise(VESSELS, CHANNELS, ROWS, COLUMNS),
        torch.full((count, VESSELS), 4.0),
        noise(3, 96, 96),
        noise(3, 96, 96),
        torch.from_numpy(rng.normal(size=(count, 7)).astype(np.float32)),
        torch.ones(count, dtype=torch.bool),
        table,
    )
    write_inputs(inputs, tmp_path / "inputs.safetensors")
    return tmp_path / "inputs.safetensors"


def test_a_photograph_lies_in_one_fold_whatever_else_is_there(inputs_file: Path) -> None:
    table = load_inputs(inputs_file).table
    fold = folds_of(table, 3)
    by_photograph = pd.Series(fold).groupby(table["group"]).nunique()
    assert (by_photograph == 1).all()
    for name in ("a", "b"):
        assert sorted(set(fold[table["set"] == name])) == [0, 1, 2]
    part = table[table["set"] == "b"]
    assert folds_of(part, 3).tolist() == fold[part.index].tolist()


def test_rare_grades_are_drawn_more_often() -> None:
    weights = draw_weights(targets_of(table_of((SAME, SAME), (NORMAL, NORMAL))), np.arange(2))
    assert weights.tolist() == [0.75, 0.25]


def logits_of(grade: int, first: int, second: int, clear: float = 9.0) -> torch.Tensor:
    found = torch.full((1, OUTPUTS), -9.0)
    found[0, grade] = found[0, 7 + first] = found[0, 11 + second] = 9
    found[0, 4], found[0, 6] = clear, 9  # clear, artery above
    return found


def test_what_no_reading_says_costs_nothing() -> None:
    silent = {**SAME, "grade": np.nan, "sideA": np.nan, "sideB": np.nan, "bent": ""}
    targets = targets_of(table_of((silent, silent)))
    wanted = TargetTensors.of(targets, np.arange(1), torch.device("cpu"))
    losses = [float(reading_loss(logits_of(g, s, 0), wanted)["loss"]) for g, s in ((0, 0), (3, 3))]
    assert losses[0] == pytest.approx(losses[1])


def test_the_loss_is_least_at_what_was_read_and_knows_no_order_of_sides() -> None:
    wanted = TargetTensors.of(targets_of(table_of((SAME, SAME))), np.arange(1), torch.device("cpu"))
    right = reading_loss(logits_of(2, 2, 0), wanted)["loss"]
    assert right < 0.05
    assert reading_loss(logits_of(2, 0, 2), wanted)["loss"] == pytest.approx(float(right))
    for wrong in (
        logits_of(1, 2, 0),
        logits_of(2, 1, 0),
        logits_of(2, 2, 2),
        logits_of(2, 2, 0, -9),
    ):
        assert reading_loss(wrong, wanted)["loss"] > right + 1
    # Two off costs more than one off.
    one, two = (reading_loss(logits_of(g, 2, 0), wanted)["loss"] for g in (1, 0))
    assert two > one


def test_nothing_is_learned_of_a_grade_that_was_not_read() -> None:
    wanted = TargetTensors.of(
        targets_of(table_of((UNCLEAR, UNCLEAR))), np.arange(1), torch.device("cpu")
    )
    losses = {
        float(reading_loss(logits_of(g, s, 0, -9), wanted)["loss"]) for g in (0, 3) for s in (0, 3)
    }
    assert len(losses) == 1 and losses.pop() < 0.01


@pytest.mark.parametrize("name", ["reading_strip", "reading_grader"])
def test_a_network_is_trained_resumed_and_read(
    name: str, inputs_file: Path, tmp_path: Path
) -> None:
    sizes = ["train.batch=4", "train.validate_every=1", "data.folds=3", "data.fold=1"]
    given = [name, "--output", str(tmp_path / "out"), f"data.inputs={inputs_file}", *sizes]
    assert train_command.main([*given, "train.steps=1"]) == 0
    assert train_command.main([*given, "train.steps=1", "--resume"]) == 0
    predictions = pd.read_csv(tmp_path / "out" / PREDICTIONS)
    inputs = load_inputs(inputs_file)
    held = folds_of(inputs.table, 3) == 1
    assert predictions["index"].tolist() == np.flatnonzero(held).tolist()
    shares = predictions[[f"o{i}" for i in range(4)]].to_numpy()
    assert shares.sum(axis=1) == pytest.approx(1, abs=1e-3)
    path = tmp_path / "out" / f"{name}.safetensors"
    if name == "reading_strip":
        read = load_strip_reader(path).read(inputs.strips[:2], inputs.widths[:2])
        assert read.shape == (2, OUTPUTS)
    else:
        assert load_grader(path).learned_from_readings
    assert train_command.main([*given, "data.fold=3"]) == 1


def test_the_head_is_fitted_and_says_what_it_left_out(inputs_file: Path, tmp_path: Path) -> None:
    given = ["reading_head", "--output", str(tmp_path), f"data.inputs={inputs_file}"]
    assert train_command.main([*given, "data.folds=3", "data.fold=0"]) == 0
    predictions = pd.read_csv(tmp_path / PREDICTIONS)
    assert predictions["o4"].between(0, 1).all() and predictions["o5"].isna().all()


def test_a_mean_answer_is_of_those_that_know() -> None:
    known = np.zeros((1, OUTPUTS))
    known[0, [3, 4, 6, 10, 11]] = 1
    one = Answers.of(known).of_row(0)
    assert one is not None and one.sides.tolist() == [3, 0]
    other = Answers.of(np.where(np.arange(OUTPUTS) >= 7, np.nan, known / 2 + 0.25)).of_row(0)
    assert other is not None
    mean = mean_answer({"a": one, "b": other})
    assert mean.clear == pytest.approx((1 + 0.75) / 2) and mean.sides.tolist() == [3, 0]
    weighted = mean_answer({"a": one, "b": other}, {"a": 3.0})
    assert weighted.artery_above == pytest.approx((3 * 1 + 0.75) / 4)
    assert weighted.clear == mean.clear and weighted.bent == mean.bent
    assert Answers.of(np.full((1, OUTPUTS), np.nan)).of_row(0) is None
    with pytest.raises(ValueError, match="found none"):
        mean_answer({})
