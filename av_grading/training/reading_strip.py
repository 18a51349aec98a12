"""Training of the network that reads straightened vessels, on readings of real crossings."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from av_grading.close_ups.reading_inputs import ReadingInputs
from av_grading.close_ups.readings import Targets, targets_of
from av_grading.models.reading_strip import (
    ReadingStrip,
    StripReader,
    normalize_strips,
    save_strip_reader,
)
from av_grading.models.registry import DEFAULT_NARROWING
from av_grading.models.vein_strip import load_narrowing
from av_grading.training.pseudo_labels import Unread, joined, label
from av_grading.training.readings import (
    Data,
    TargetTensors,
    draw_weights,
    fit,
    load_data,
    reading_loss,
    split_rows,
)
from av_grading.training.trainer import Trainer, TrainerSettings
from av_grading.training.vein_strip import augment
from av_grading.vessels.straighten import VESSELS

WEIGHTS = "reading_strip.safetensors"
"""What is written."""
Rows = NDArray[np.int64]
_WIDTH_NOISE = 0.1  # a vessel's own width is measured with about this relative error
_NO_ARTERY = 0.15  # share of the crossings that are shown without it, as where it is not followed


@dataclass(frozen=True)
class Model:
    """Where it starts.

    Attributes:
        init_from: network of simulated nicking; empty for the shipped one, "random" for none.
    """

    init_from: str = ""


@dataclass(frozen=True)
class ReadingStripConfig:
    """All settings."""

    data: Data = field(default_factory=Data)
    unread: Unread = field(default_factory=Unread)
    model: Model = field(default_factory=Model)
    train: TrainerSettings = field(
        default_factory=lambda: TrainerSettings(
            steps=500, batch=64, lr=1e-3, warmup=100, weight_decay=0.05, validate_every=250
        )
    )


CONFIG = ReadingStripConfig()


def build(settings: Model) -> ReadingStrip:
    """The network that training starts from.

    Raises:
        WeightsError: the file cannot be read, or is of another kind.
    """
    network = ReadingStrip()
    if settings.init_from != "random":
        path = Path(settings.init_from or DEFAULT_NARROWING)
        network.start_from(load_narrowing(path).network)
    return network


@dataclass(frozen=True)
class Examples:
    """What is learned from: read crossings, and after them those that networks labelled.

    Attributes:
        strips, widths: as those of `ReadingInputs`.
        targets: of all.
        read, labelled: rows of either kind, with how often each is drawn; the latter may be none.
    """

    strips: torch.Tensor
    widths: torch.Tensor
    targets: Targets
    read: tuple[Rows, NDArray[np.float64]]
    labelled: tuple[Rows, NDArray[np.float64]] | None = None

    def draw(self, rng: np.random.Generator, count: int, share: float) -> Rows:
        """Rows of a batch, a share of them labelled ones."""
        others = 0 if self.labelled is None else round(share * count)
        drawn = [rng.choice(self.read[0], count - others, p=self.read[1])]
        if self.labelled is not None:
            drawn.append(rng.choice(self.labelled[0], others, p=self.labelled[1]))
        return np.concatenate(drawn)


def gather(
    config: ReadingStripConfig, inputs: ReadingInputs, rows: Rows, left_out: set[str]
) -> Examples:
    """Examples of some read rows, and of unread crossings where these are named.

    Args:
        config: says which.
        inputs: of read crossings.
        rows: of these, to learn from.
        left_out: photographs from which nothing is learned.

    Raises:
        InputFileError, WeightsError: see `load_data`, `label`.
    """
    targets = targets_of(inputs.table)
    read = rows, draw_weights(targets, rows)
    unread = config.unread
    if not unread.inputs:
        return Examples(inputs.strips, inputs.widths, targets, read)
    others = load_data(Data(unread.close_ups, unread.inputs, config.data.weights))
    labels = label(others, unread)
    usable = np.flatnonzero(labels.usable & ~others.table["group"].isin(left_out).to_numpy())
    print(f"{len(usable)} crossings that were not read, labelled by networks", flush=True)
    return Examples(
        torch.cat([inputs.strips, others.strips]),
        torch.cat([inputs.widths, others.widths]),
        joined(targets, labels),
        read,
        (len(inputs) + usable, labels.chances(usable)),
    )


def train(config: ReadingStripConfig, output: Path, *, resume: bool) -> None:
    """Train, and write `WEIGHTS` and, where a fold is left out, its predictions.

    Raises:
        ConfigError, InputFileError, WeightsError, ResumeError: see `load_data`, `gather`, `build`,
            `Trainer`.
    """
    settings = config.train
    inputs = load_data(config.data)
    rows, held = split_rows(inputs, config.data, inputs.followed.numpy())
    # A photograph is left out whole, whether its crossings were read or not.
    group = inputs.table["group"]
    examples = gather(config, inputs, rows, set(group) - set(group.iloc[rows]))
    trainer = Trainer(lambda: build(config.model), config, settings, output)

    def losses_of(network: ReadingStrip, step: int) -> dict[str, torch.Tensor]:
        rng = np.random.default_rng([settings.seed, step])
        drawn = examples.draw(rng, settings.batch, config.unread.share)
        at = torch.from_numpy(drawn)
        strips = normalize_strips(examples.strips[at])
        strips = augment(strips.flatten(0, 1), rng).view(strips.shape)
        noise = np.exp(rng.normal(0, _WIDTH_NOISE, (len(drawn), VESSELS))).astype(np.float32)
        noise[rng.random(len(drawn)) < _NO_ARTERY, 1] = 0
        widths = examples.widths[at] * torch.from_numpy(noise)
        logits = network(strips.to(trainer.device), widths.to(trainer.device))
        return reading_loss(logits, TargetTensors.of(examples.targets, drawn, trainer.device))

    def predict(network: ReadingStrip, which: Rows) -> NDArray[np.float64]:
        reader = StripReader(network)
        parts = [torch.from_numpy(which[i : i + 64]) for i in range(0, len(which), 64)]
        return np.concatenate([reader.read(inputs.strips[p], inputs.widths[p]) for p in parts])

    def save(network: ReadingStrip) -> None:
        save_strip_reader(network, output / WEIGHTS)

    fit(trainer, inputs, len(rows), held, losses_of, predict, save, resume=resume)
