"""Training of the reading head, on readings of real crossings: logistic regressions on the close-up
network's features.

Two readings that differ count for half each. The strength is chosen by cross-validation over
photographs. It takes a minute and has no checkpoint: it always starts over.
"""

import json
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.preprocessing import StandardScaler

from av_grading.close_ups.fine_map import load_close_up, save_close_up
from av_grading.close_ups.readings import Targets, targets_of
from av_grading.formats.config_file import dump_config
from av_grading.formats.files import write_whole
from av_grading.models.reading_head import QUESTIONS, ReadingHead, head_answers
from av_grading.models.reading_outputs import OUTPUTS
from av_grading.models.registry import DEFAULT_CLOSE_UP
from av_grading.training.readings import (
    PREDICTIONS,
    Data,
    folds_of,
    load_data,
    split_rows,
    write_predictions,
)

STRENGTHS = (1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.3)
"""Inverse strengths of the regularisation to choose from."""
MOST = 5.0
"""Features are cut to so many standard deviations, as `ReadingHead` does."""
WEIGHTS = "close_up_map.safetensors"
"""What is written: the close-up network that was given, with its head."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class ReadingHeadConfig:
    """All settings."""

    data: Data = field(default_factory=Data)


CONFIG = ReadingHeadConfig()


def questions_of(targets: Targets) -> dict[str, tuple[Floats, Floats]]:
    """Probability of yes and weight of each of `QUESTIONS`, (N,) each."""
    at_least = targets.grade[:, ::-1].cumsum(axis=1)[:, ::-1].astype(float)
    clear, weight = targets.clear.astype(float), targets.weight.astype(float)
    found = {"clear": (clear, np.ones(len(clear)))}
    found["artery_above"] = (targets.artery_above.astype(float), weight)
    graded = weight * targets.graded
    found |= {f"grade{k}": (at_least[:, k], graded) for k in (1, 2, 3)}
    return {name: found[name] for name in QUESTIONS}


def fit(
    x: Floats, yes: Floats, weight: Floats, strength: float
) -> tuple[StandardScaler, LogisticRegression]:
    """Scaler and regression of one question.

    Args:
        x: features, (N, F).
        yes: probability of yes, (N,).
        weight: of each row, (N,).
        strength: inverse of the regularisation's.

    Raises:
        ValueError: all answers are the same.
    """
    scaler = StandardScaler().fit(x)
    flat = scaler.transform(x).clip(-MOST, MOST)
    truth = np.repeat([True, False], len(x))
    each = np.concatenate([yes * weight, (1 - yes) * weight])
    used = each > 0
    if len(np.unique(truth[used])) < 2:
        raise ValueError(
            "expected crossings of either answer to learn from, found one answer alone"
        )
    model = LogisticRegression(C=strength, max_iter=3000)
    return scaler, model.fit(np.concatenate([flat, flat])[used], truth[used], each[used])


def choose(
    x: Floats, yes: Floats, weight: Floats, fold: NDArray[np.int64]
) -> tuple[float, dict[str, float]]:
    """The strength of the least loss on photographs left out, and figures there.

    Args:
        x, yes, weight: as `fit`.
        fold: of each row, (N,).
    """
    best, figures = (np.inf, 0.0), {}
    for strength in STRENGTHS:
        seen = np.zeros(len(yes))
        for left in np.unique(fold):
            learn, held = fold != left, fold == left
            scaler, model = fit(x[learn], yes[learn], weight[learn], strength)
            flat = scaler.transform(x[held]).clip(-MOST, MOST)
            seen[held] = model.predict_proba(flat)[:, 1].clip(1e-6, 1 - 1e-6)
        loss = -(weight * (yes * np.log(seen) + (1 - yes) * np.log(1 - seen))).sum()
        loss /= weight.sum()
        if loss < best[0]:
            sure = (weight == 1) & (yes != 0.5)
            auc = float(roc_auc_score(yes[sure] > 0.5, seen[sure]))
            best = loss, strength
            figures = {"loss": float(loss), "auc": auc, "strength": strength}
    return best[1], figures


def train(config: ReadingHeadConfig, output: Path, *, resume: bool) -> None:
    """Fit all questions, and write `WEIGHTS`, readings.json and, where a fold is left out, its
    predictions.

    Raises:
        ConfigError, InputFileError, WeightsError: a file is not named, or cannot be read.
    """
    if resume:
        print("the reading head has no checkpoint: it starts over", flush=True)
    inputs = load_data(config.data)
    rows, held = split_rows(inputs, config.data, np.ones(len(inputs), bool))
    x = inputs.features.double().numpy()
    fold = folds_of(inputs.table, config.data.folds)
    heads, chosen = [], {}
    for name, (yes, weight) in questions_of(targets_of(inputs.table)).items():
        own = x[rows], yes[rows], weight[rows]
        strength, chosen[name] = choose(*own, fold[rows])
        scaler, model = fit(*own, strength)
        heads.append((scaler.mean_, scaler.scale_, model.coef_[0], model.intercept_[0]))
        print(name, " ".join(f"{k} {v:.3f}" for k, v in chosen[name].items()), flush=True)
    tensors = [torch.tensor(np.stack([h[i] for h in heads]), dtype=torch.float32) for i in range(3)]
    bias = torch.tensor([h[3] for h in heads], dtype=torch.float32)
    head = ReadingHead(tensors[0], tensors[1], tensors[2], bias)
    close_up = load_close_up(Path(config.data.weights or DEFAULT_CLOSE_UP), head=False)
    save_close_up(replace(close_up, head=head), output / WEIGHTS)
    write_whole(output / "readings.json", json.dumps(chosen, indent=1))
    write_whole(output / "config.yaml", dump_config(config))
    if len(held):
        said = head_answers(head(inputs.features[torch.from_numpy(held)]).double().numpy())
        seen = np.full((len(held), OUTPUTS), np.nan)
        seen[:, :4], seen[:, 4], seen[:, 6] = said.grade, said.clear, said.artery_above
        write_predictions(inputs, held, seen, output / PREDICTIONS)
