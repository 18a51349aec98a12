"""What trainings on readings share: their data, folds by photograph, the loss, figures.

A network learns the grade as a distribution, since two readings of a crossing differ, and beside it
what they say of the vein's sides, of bent, clear and above: each says more than a grade does.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import pandas as pd
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from scipy.stats import spearmanr
from sklearn.metrics import roc_auc_score

from av_grading.close_ups.fine_map import load_close_up
from av_grading.close_ups.reading_inputs import ReadingInputs, load_inputs, see, write_inputs
from av_grading.close_ups.readings import Targets, load_read_close_ups, targets_of
from av_grading.config import required
from av_grading.decision import expected_grade, round_grade
from av_grading.evaluation.metrics import quadratic_kappa
from av_grading.formats.files import write_whole
from av_grading.formats.grade_definition import GRADES
from av_grading.models.reading_outputs import OUTPUTS, Answers, split_outputs
from av_grading.models.registry import DEFAULT_CLOSE_UP
from av_grading.training.trainer import Figures, Network, Trainer

NO_FOLD = -1
"""Of `Data.fold`: nothing is left out."""
RARE = ((1.5, 3.0), (0.5, 1.5))
"""Mean grades from which a crossing is drawn so many times as often as one of grade 0."""
PREDICTIONS = "predictions.csv"
"""What a training says of the photographs that it left out."""
_ANSWERS = ("clear", "bent", "artery_above")
_SQUARED, _SIDES, _CLEAR, _OTHERS = 0.3, 0.4, 0.4, 0.3  # weights of the losses beside the grade's


@dataclass(frozen=True)
class Data:
    """What is read.

    Attributes:
        close_ups: folder that datasets/cut_readings.py wrote.
        inputs: file in which what is seen of them is kept; made where it is not there.
        weights: of the close-up network; empty for the shipped one.
        folds: into which photographs are split, within each set.
        fold: that is left out, from 0; -1: none, to learn from everything.
    """

    close_ups: str = ""
    inputs: str = ""
    weights: str = ""
    folds: int = 4
    fold: int = NO_FOLD


def load_data(settings: Data) -> ReadingInputs:
    """Inputs of a training.

    Raises:
        ConfigError, InputFileError, WeightsError: a file is not named, or cannot be read.
    """
    kept = required(settings.inputs, "data.inputs", "a file to keep what is seen in")
    if not kept.is_file():
        folder = required(settings.close_ups, "data.close_ups", "a folder of close-ups")
        close_up = load_close_up(Path(settings.weights or DEFAULT_CLOSE_UP), head=False)
        write_inputs(see(close_up, load_read_close_ups(folder)), kept)
    return load_inputs(kept)


def folds_of(table: pd.DataFrame, count: int) -> NDArray[np.int64]:
    """Fold of each row, (N,): by photograph, as many of each set in every fold as can be.

    It depends on the photographs' names alone: another network's folds are the same.
    """
    fold: dict[str, int] = {}
    for _, rows in table.groupby("set", sort=True):
        names = sorted(rows["group"].unique(), key=lambda n: hashlib.sha256(n.encode()).digest())
        fold |= {name: number % count for number, name in enumerate(names)}
    return np.array([fold[name] for name in table["group"]])


def split_rows(
    inputs: ReadingInputs, settings: Data, usable: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows to learn from and those that are left out, of which a network can see something.

    Raises:
        ValueError: there is no such fold.
    """
    if not NO_FOLD <= settings.fold < settings.folds:
        raise ValueError(f"data.fold: expected -1 to {settings.folds - 1}, found {settings.fold}")
    fold = folds_of(inputs.table, settings.folds)
    held = (fold == settings.fold) & usable
    return np.flatnonzero(usable & ~held), np.flatnonzero(held)


def draw_weights(targets: Targets, rows: NDArray[np.int64]) -> NDArray[np.float64]:
    """How often each of some rows is drawn, (N,); they sum to one."""
    mean = np.nan_to_num(targets.mean[rows])
    weights = np.ones(len(rows))
    for least, weight in reversed(RARE):
        weights[mean >= least] = weight
    return np.asarray(weights / weights.sum())


@dataclass(frozen=True)
class TargetTensors:
    """`Targets` of a batch, on the device."""

    grade: torch.Tensor
    worse: torch.Tensor
    better: torch.Tensor
    clear: torch.Tensor
    bent: torch.Tensor
    artery_above: torch.Tensor
    weight: torch.Tensor
    says_bent: torch.Tensor

    @classmethod
    def of(cls, targets: Targets, rows: NDArray[np.int64], device: torch.device) -> "TargetTensors":
        """Those of some rows."""
        return cls(
            **{
                f.name: torch.from_numpy(getattr(targets, f.name)[rows]).to(device)
                for f in fields(cls)
            }
        )


def reading_loss(logits: torch.Tensor, wanted: TargetTensors) -> dict[str, torch.Tensor]:
    """Losses of a batch: `loss`, which is to be made smaller, and `grade`, its part of the grade.

    Sides are read as the worse and the better one, wherever they lie: what is compared is the
    distribution of the higher and of the lower of both sides' readings. What no reading says costs
    nothing.

    Args:
        logits: (B, OUTPUTS).
        wanted: of the batch.
    """
    grade, questions, first, second = split_outputs(logits)
    logs = grade.log_softmax(1)
    steps = torch.arange(len(GRADES), device=logits.device, dtype=logits.dtype)
    expected = (wanted.grade * steps).sum(1, keepdim=True)
    far = (logs.exp() * (steps - expected) ** 2).sum(1) * (wanted.grade.sum(1) > 0)
    of_grade = -(wanted.grade * logs).sum(1) + _SQUARED * far
    at_most = first.softmax(1).cumsum(1) * second.softmax(1).cumsum(1)
    worse = at_most.diff(dim=1, prepend=torch.zeros_like(at_most[:, :1]))
    at_least = _from_top(first.softmax(1)) * _from_top(second.softmax(1))
    better = -at_least.diff(dim=1, append=torch.zeros_like(at_least[:, :1]))
    of_sides = -(wanted.worse * worse.clamp(min=1e-5).log()).sum(1)
    of_sides = of_sides - (wanted.better * better.clamp(min=1e-5).log()).sum(1)
    truth = torch.stack([getattr(wanted, name) for name in _ANSWERS], dim=1)
    answers = F.binary_cross_entropy_with_logits(questions, truth, reduction="none")
    others = _OTHERS * (wanted.says_bent * answers[:, 1] + answers[:, 2])
    loss = (wanted.weight * (of_grade + _SIDES * of_sides + others)).mean()
    loss = loss + _CLEAR * answers[:, 0].mean()
    return {"loss": loss, "grade": (wanted.weight * of_grade).mean()}


def _from_top(shares: torch.Tensor) -> torch.Tensor:
    """Probability of at least each value, (B, 4)."""
    return shares.flip(1).cumsum(1).flip(1)


def figures_of(answers: Answers, targets: Targets, rows: NDArray[np.int64]) -> Figures:
    """How answers of some rows agree with their readings; over what both readings call clear and
    one grades at least."""
    expected = expected_grade(answers.grade)
    both = (targets.weight[rows] == 1) & targets.graded[rows]
    sure = np.isin(targets.clear[rows], (0, 1))
    told = (targets.weight[rows] == 1) & (targets.says_bent[rows] > 0)
    mean, seen = targets.mean[rows][both], expected[both]
    found = {
        "qwk": quadratic_kappa(round_grade(mean).astype(int), round_grade(seen).astype(int)),
        "spearman": float(spearmanr(mean, seen)[0]),
    }
    for name, truth, score in (
        ("auc_grade2", mean >= 1.5, seen),
        ("auc_clear", targets.clear[rows][sure] == 1, answers.clear[sure]),
        ("auc_bent", targets.bent[rows][told] > 0.5, answers.bent[told]),
    ):
        if 0 < truth.sum() < len(truth):
            found[name] = float(roc_auc_score(truth, score))
    return found


def write_predictions(
    inputs: ReadingInputs,
    rows: NDArray[np.int64],
    probabilities: NDArray[np.float64],
    path: Path,
) -> None:
    """Rows of the table that were left out, with the outputs of the network in `o0` and on.

    Raises:
        OSError: it cannot be written.
    """
    table = inputs.table.iloc[rows].reset_index()
    for number in range(OUTPUTS):
        table[f"o{number}"] = probabilities[:, number].round(5)
    write_whole(path, table.to_csv(index=False, lineterminator="\n"))


def fit(
    trainer: Trainer[Network],
    inputs: ReadingInputs,
    learned: int,
    held: NDArray[np.int64],
    losses_of: Callable[[Network, int], dict[str, torch.Tensor]],
    predict: Callable[[Network, NDArray[np.int64]], NDArray[np.float64]],
    save: Callable[[Network], None],
    *,
    resume: bool,
) -> None:
    """Train with figures of the rows that are left out, and write what is said of these.

    Args:
        trainer: of the network.
        inputs: that it learns from.
        learned: number of rows that it learns from.
        held: rows that are left out; none: there are no figures and no predictions.
        losses_of, save, resume: as `Trainer.fit`.
        predict: network and rows → probabilities (N, OUTPUTS).

    Raises:
        ResumeError, ValueError, OSError: as `Trainer.fit`.
    """
    targets = targets_of(inputs.table)

    def figures(network: Network) -> Figures:
        if not len(held):
            return {}
        return figures_of(Answers.of(predict(network, held)), targets, held)

    print(f"{learned} crossings to learn from, {len(held)} left out", flush=True)
    trainer.fit(losses_of, figures, save, resume=resume)
    if len(held):
        said = predict(trainer.average, held)
        write_predictions(inputs, held, said, trainer.output / PREDICTIONS)
