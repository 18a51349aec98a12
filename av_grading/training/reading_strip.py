"""Training of the network that reads straightened vessels, on readings of real crossings."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from av_grading.close_ups.readings import targets_of
from av_grading.models.reading_strip import (
    ReadingStrip,
    StripReader,
    normalize_strips,
    save_strip_reader,
)
from av_grading.training import sign_strip
from av_grading.training.readings import (
    Data,
    TargetTensors,
    draw_weights,
    fit,
    load_data,
    reading_loss,
    split_rows,
)
from av_grading.training.sign_strip import WIDTH_NOISE, augment
from av_grading.training.trainer import Trainer, TrainerSettings
from av_grading.vessels.straighten import VESSELS

WEIGHTS = "reading_strip.safetensors"
"""What is written."""
_NO_ARTERY = 0.15  # share of the crossings that are shown without it, as where it is not followed


@dataclass(frozen=True)
class Model:
    """Where it starts.

    Attributes:
        init_from: as `sign_strip.Model.init_from`.
    """

    init_from: str = ""


@dataclass(frozen=True)
class ReadingStripConfig:
    """All settings."""

    data: Data = field(default_factory=Data)
    model: Model = field(default_factory=Model)
    train: TrainerSettings = field(
        default_factory=lambda: TrainerSettings(
            steps=700, batch=64, lr=1e-3, warmup=100, weight_decay=0.05, validate_every=350
        )
    )


CONFIG = ReadingStripConfig()


def build(settings: Model) -> ReadingStrip:
    """The network that training starts from.

    Raises:
        WeightsError: the file cannot be read, or is of another kind.
    """
    network = ReadingStrip()
    network.start_from(sign_strip.build(sign_strip.Model(init_from=settings.init_from)))
    return network


def train(config: ReadingStripConfig, output: Path, *, resume: bool) -> None:
    """Train, and write `WEIGHTS` and, where a fold is left out, its predictions.

    Raises:
        ConfigError, InputFileError, WeightsError, ResumeError: see `load_data`, `build`, `Trainer`.
    """
    settings = config.train
    inputs = load_data(config.data)
    targets = targets_of(inputs.table)
    rows, held = split_rows(inputs, config.data, inputs.followed.numpy())
    weights = draw_weights(targets, rows)
    trainer = Trainer(lambda: build(config.model), config, settings, output)

    def losses_of(network: ReadingStrip, step: int) -> dict[str, torch.Tensor]:
        rng = np.random.default_rng([settings.seed, step])
        drawn = rng.choice(rows, settings.batch, p=weights)
        strips = normalize_strips(inputs.strips[torch.from_numpy(drawn)])
        strips = augment(strips.flatten(0, 1), rng).view(strips.shape)
        noise = np.exp(rng.normal(0, WIDTH_NOISE, (len(drawn), VESSELS))).astype(np.float32)
        noise[rng.random(len(drawn)) < _NO_ARTERY, 1] = 0
        widths = inputs.widths[torch.from_numpy(drawn)] * torch.from_numpy(noise)
        logits = network(strips.to(trainer.device), widths.to(trainer.device))
        return reading_loss(logits, TargetTensors.of(targets, drawn, trainer.device))

    def predict(network: ReadingStrip, which: NDArray[np.int64]) -> NDArray[np.float64]:
        reader = StripReader(network)
        parts = [torch.from_numpy(which[i : i + 64]) for i in range(0, len(which), 64)]
        return np.concatenate([reader.read(inputs.strips[p], inputs.widths[p]) for p in parts])

    def save(network: ReadingStrip) -> None:
        save_strip_reader(network, output / WEIGHTS)

    fit(trainer, inputs, len(rows), held, losses_of, predict, save, resume=resume)
