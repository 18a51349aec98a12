"""Training of the reading head: which vessel lies above, and whether readers would grade.

Logistic regression on the close-up network's features, its strength chosen by cross-validation over
photographs. Close-ups that were read teach both questions; crossings with either vessel drawn
above the first as well. Figures are of photographs left out. It takes minutes and has no
checkpoint: it always starts over.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold
from sklearn.preprocessing import StandardScaler

from av_grading.close_ups.cut import PIXELS
from av_grading.close_ups.fine_map import CloseUp, load_close_up, save_close_up
from av_grading.close_ups.load import CloseUps, load_close_ups
from av_grading.config import ConfigError, required
from av_grading.formats.config_file import dump_config
from av_grading.formats.files import write_whole
from av_grading.models.reading_head import QUESTIONS, ReadingHead, all_features
from av_grading.vessels.crossing_vessels import crossing_vessels

STRENGTHS = (1e-4, 1e-3, 1e-2, 3e-2, 0.1, 0.3, 1.0)
"""Inverse strengths of the regularisation to choose from."""
WEIGHTS = "close_up_map.safetensors"
"""What is written: the close-up network that was given, with its head."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Data:
    """What is read.

    Attributes:
        weights: file of the close-up network.
        readings: folder of close-ups that were read (datasets/cut_close_ups.py --readings).
        ordered: folder of close-ups with either vessel drawn above; empty for none.
    """

    weights: str = ""
    readings: str = ""
    ordered: str = ""


@dataclass(frozen=True)
class Train:
    """How it is fitted.

    Attributes:
        ordered_weight: of the close-ups with a drawn order beside those that were read.
        folds: of the cross-validation, by photograph.
        least_votes: readers who think that a grade could be given, for that to be the answer.
    """

    ordered_weight: float = 0.5
    folds: int = 5
    least_votes: int = 2

    def __post_init__(self) -> None:
        if self.folds < 2:
            raise ConfigError(f"folds: expected at least 2, found {self.folds}")


@dataclass(frozen=True)
class ReadingHeadConfig:
    """All settings."""

    data: Data = field(default_factory=Data)
    train: Train = field(default_factory=Train)


CONFIG = ReadingHeadConfig()


def features_of(close_up: CloseUp, data: CloseUps) -> Floats:
    """Features of close-ups, each in four mirror images, (N, 4, F)."""
    inner, inner_coarse, _ = data.middles(PIXELS)
    found = []
    for axes in ((), (1,), (2,), (1, 2)):
        patches = inner.flip([a + 1 for a in axes])
        coarse = inner_coarse.flip([a + 1 for a in axes])
        look = close_up.look(patches, coarse)
        vessels = [
            crossing_vessels(p, s, (float(m[0]), float(m[1])))
            for p, s, m in zip(
                patches.permute(0, 2, 3, 1).numpy(), look.shares, look.middles, strict=True
            )
        ]
        found.append(all_features(look.pooled, vessels).double().numpy())
    return np.stack(found, axis=1)


def fit(
    x: Floats,
    y: NDArray[np.bool_],
    groups: NDArray[np.str_],
    extra: tuple[Floats, NDArray[np.bool_], NDArray[np.str_]] | None,
    weight: float,
    folds: int,
) -> tuple[StandardScaler, LogisticRegression, dict[str, float]]:
    """Scaler and regression of one question, and its figures on photographs left out.

    Args:
        x: features, (N, 4, F), of each mirror image.
        y: answers, (N,).
        groups: photographs, (N,).
        extra: more of each to learn from alone.
        weight: of these beside those.
        folds: of the cross-validation.
    """
    best: tuple[float, float] = (-1.0, 0.0)
    figures: dict[str, float] = {}
    for strength in STRENGTHS:
        chances = np.zeros(len(y))
        for learn, held in GroupKFold(folds).split(x, y, groups):
            left = set(groups[held])
            model = _fit(x[learn], y[learn], _without(extra, left), weight, strength)
            flat = model[0].transform(x[held].reshape(-1, x.shape[-1])).clip(-5, 5)
            chances[held] = model[1].decision_function(flat).reshape(-1, 4).mean(axis=1)
        auc = float(roc_auc_score(y, chances))
        figures[f"auc_{strength:g}"] = auc
        if auc > best[0]:
            best = auc, strength
    scaler, model_ = _fit(x, y, extra, weight, best[1])
    return scaler, model_, {**figures, "auc": best[0], "strength": best[1]}


Extra = tuple[Floats, NDArray[np.bool_], NDArray[np.str_]]


def _without(extra: Extra | None, groups: set[str]) -> Extra | None:
    if extra is None:
        return None
    kept = ~np.isin(extra[2], sorted(groups))
    return extra[0][kept], extra[1][kept], extra[2][kept]


def _fit(
    x: Floats, y: NDArray[np.bool_], extra: Extra | None, weight: float, strength: float
) -> tuple[StandardScaler, LogisticRegression]:
    flat, truth = x.reshape(-1, x.shape[-1]), np.repeat(y, x.shape[1])
    each = np.ones(len(truth))
    for value in (False, True):  # both answers count alike
        each[truth == value] = 0.5 * len(truth) / max((truth == value).sum(), 1)
    if extra is not None and len(extra[1]):
        more = extra[0].reshape(-1, x.shape[-1])
        flat = np.concatenate([flat, more])
        truth = np.concatenate([truth, np.repeat(extra[1], extra[0].shape[1])])
        each = np.concatenate([each, np.full(len(more), weight * each.sum() / len(more))])
    scaler = StandardScaler().fit(flat)
    model = LogisticRegression(C=strength, max_iter=2000)
    return scaler, model.fit(scaler.transform(flat).clip(-5, 5), truth, each)


def train(config: ReadingHeadConfig, output: Path, *, resume: bool) -> None:
    """Fit both questions, and write `WEIGHTS` and readings.json.

    Raises:
        ConfigError, InputFileError, WeightsError: a file is not named, or cannot be read.
    """
    if resume:
        print("the reading head has no checkpoint: it starts over", flush=True)
    settings = config.train
    close_up = load_close_up(required(config.data.weights, "data.weights", "a close-up network"))
    folder = required(config.data.readings, "data.readings", "a folder of close-ups that were read")
    read = load_close_ups(folder, ("read",))
    x, table = features_of(close_up, read), read.table
    extra = None
    if config.data.ordered:
        ordered = load_close_ups(Path(config.data.ordered), ("ordered",))
        answers = (ordered.table["read_above"] == "artery").to_numpy()
        extra = features_of(close_up, ordered), answers, ordered.table["group"].to_numpy(str)
    groups = table["group"].to_numpy(str)
    decided = table["read_above"].isin(("artery", "vein")).to_numpy()
    above = (table["read_above"] == "artery").to_numpy()
    votes = (table["read_gradable_votes"] >= settings.least_votes).to_numpy()
    fits = [
        fit(
            x[decided],
            above[decided],
            groups[decided],
            extra,
            settings.ordered_weight,
            settings.folds,
        ),
        fit(x, votes, groups, None, 0, settings.folds),
    ]
    for name, (_, __, figures) in zip(QUESTIONS, fits, strict=True):
        print(name, " ".join(f"{k} {v:.3f}" for k, v in figures.items()), flush=True)
    heads = []
    for scaler, model, _ in fits:
        heads.append((scaler.mean_, scaler.scale_, model.coef_[0], model.intercept_[0]))
    tensors = [torch.tensor(np.stack([h[i] for h in heads]), dtype=torch.float32) for i in range(3)]
    bias = torch.tensor([h[3] for h in heads], dtype=torch.float32)
    save_close_up(
        CloseUp(close_up.network, ReadingHead(tensors[0], tensors[1], tensors[2], bias)),
        output / WEIGHTS,
    )
    by_question = {n: f for n, (_, __, f) in zip(QUESTIONS, fits, strict=True)}
    write_whole(output / "readings.json", json.dumps(by_question, indent=1))
    write_whole(output / "config.yaml", dump_config(config))
