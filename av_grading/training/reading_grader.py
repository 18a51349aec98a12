"""Training of the two-stream grader on readings of real crossings."""

import math
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import nn

from av_grading.close_ups.reading_inputs import ReadingInputs
from av_grading.close_ups.readings import targets_of
from av_grading.config import Config, Model, Train
from av_grading.config import Data as GraderData
from av_grading.data.patch_set import PatchSet
from av_grading.data.transforms import MEAN, SPREAD
from av_grading.grader import FLIPS, Grader, Rows, predict_logits, save_grader
from av_grading.models.build import build_grader
from av_grading.models.reading_outputs import probabilities_of_outputs
from av_grading.models.registry import FINE_GRADER
from av_grading.training.init_from import start_from
from av_grading.training.low_rank import Ranks, lowered, measured_responses
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

WEIGHTS = "reading_grader.safetensors"
"""What is written."""
MEASURED = 300
"""Patches from which the directions of low ranks are taken, about."""


@dataclass(frozen=True)
class PatchData(Data):
    """What is read, as `readings.Data`.

    Attributes:
        crop: side of what the model sees of a patch (px).
    """

    crop: int = 90


@dataclass(frozen=True)
class ReadingGraderConfig:
    """All settings.

    Attributes:
        data: readings.
        model: the grader, and from which it goes on; without `init_from` the shipped fine one.
        ranks: of what is written, 1 for convolutions as they are; the checkpoint stays whole.
        train: how.
    """

    data: PatchData = field(default_factory=PatchData)
    ranks: Ranks = field(default_factory=Ranks)
    model: Model = field(
        default_factory=lambda: Model(stages=3, align_vein=True, pooling="both", dropout=0.3)
    )
    train: TrainerSettings = field(
        default_factory=lambda: TrainerSettings(
            steps=320,
            batch=32,
            lr=4e-4,
            warmup=40,
            weight_decay=0.05,
            average=0.985,
            validate_every=160,
        )
    )


CONFIG = ReadingGraderConfig()


def grader_config(config: ReadingGraderConfig) -> Config:
    """The settings of the grader that is written."""
    return Config(
        data=GraderData(crop=config.data.crop), model=config.model, train=Train(readings=True)
    )


def augment(
    patches: torch.Tensor, maps: torch.Tensor, rng: np.random.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """Patches and maps, each (B, 3, P, P), 0-1, as other cameras would show them: turned, mirrored,
    nearer, farther, off the middle; patches with other light, contrast, colour, blur and grain."""
    count, side = len(patches), patches.shape[-1]

    def normal(scale: float, *shape: int) -> torch.Tensor:
        return torch.from_numpy(rng.normal(0, scale, (count, *shape)).astype(np.float32))

    turn = torch.from_numpy(rng.uniform(-math.pi, math.pi, count).astype(np.float32))
    zoom = torch.exp(normal(0.1))
    mirror = torch.from_numpy(np.where(rng.random(count) < 0.5, -1, 1).astype(np.float32))
    cos, sin = torch.cos(turn) * zoom, torch.sin(turn) * zoom
    rows = [cos * mirror, -sin, normal(0.03), sin * mirror, cos, normal(0.03)]
    grid = F.affine_grid(
        torch.stack(rows, dim=1).view(-1, 2, 3), [count, 6, side, side], align_corners=False
    )
    both = torch.cat([patches, maps], dim=1)
    seen = F.grid_sample(both, grid, align_corners=False, padding_mode="border")
    pixels, kinds = seen[:, :3], seen[:, 3:]
    mean = pixels.mean((2, 3), keepdim=True)
    pixels = (pixels - mean) * torch.exp(normal(0.2, 1, 1, 1))
    pixels = pixels + mean * torch.exp(normal(0.12, 3, 1, 1)) + normal(0.04, 1, 1, 1)
    grey = pixels.mean(1, keepdim=True)
    pixels = grey + (pixels - grey) * torch.exp(normal(0.25, 1, 1, 1))
    if rng.random() < 0.3:
        pixels = F.avg_pool2d(F.pad(pixels, (1, 1, 1, 1), mode="replicate"), 3, 1)
    grain = torch.from_numpy(rng.uniform(0, 0.02, (count, 1, 1, 1)).astype(np.float32))
    noise = torch.from_numpy(rng.standard_normal(pixels.shape, np.float32))
    return (pixels + grain * noise).clamp(0, 1), kinds


def _cropped(
    patches: torch.Tensor, maps: torch.Tensor, crop: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """Middles of patches and maps, 0-1, as a grader takes them."""
    start = (patches.shape[-1] - crop) // 2
    window = slice(start, start + crop)
    return (patches[..., window, window] - MEAN) / SPREAD, maps[..., window, window]


@torch.inference_mode()
def read_patches(
    model: nn.Module, patches: torch.Tensor, maps: torch.Tensor, crop: int
) -> NDArray[np.float64]:
    """Probabilities (N, OUTPUTS) of patches (N, 3, P, P) and maps, 0-255: the mean over flips."""
    device = next(model.parameters()).device
    found = []
    for start in range(0, len(patches), 32):
        part = slice(start, start + 32)
        inputs = _cropped(patches[part].float() / 255, maps[part].float() / 255, crop)
        views = [model(*(x.flip(axes).to(device) for x in inputs)) for axes in FLIPS]
        found.append(torch.stack([probabilities_of_outputs(v.float()) for v in views]).mean(dim=0))
    return np.asarray(torch.cat(found).cpu().double().numpy())


@torch.no_grad()
def of_low_rank(
    model: nn.Module, inputs: ReadingInputs, rows: Rows, crop: int, keep: float
) -> nn.Module:
    """A trained grader in a fraction of its time, see `low_rank.lowered`: its mean logits are those
    of the grader that it is made of.

    Args:
        model: the grader's network; stays as it is.
        inputs: patches and maps.
        rows: of those that it has learned from.
        crop: side of what it sees of a patch (px).
        keep: share of the variance of each convolution's answers; 1 for the network itself.
    """
    if keep == 1:
        return model
    some = np.asarray(rows)[:: max(1, len(rows) // MEASURED)]
    data = PatchSet(inputs.patches, inputs.maps, torch.full((len(inputs),), -1), [])

    def logits_of(network: nn.Module) -> torch.Tensor:
        return predict_logits(network, data, some, crop, FLIPS)

    with measured_responses(model) as responses:
        before = logits_of(model)
    low = lowered(model, responses, keep)
    # What is left out adds up from one convolution to the next, to the same side in all patches.
    *_, last = (part for part in low.modules() if isinstance(part, nn.Linear))
    last.bias.add_((before - logits_of(low)).mean(dim=0).to(last.bias))
    return low


def train(config: ReadingGraderConfig, output: Path, *, resume: bool) -> None:
    """Train, and write `WEIGHTS` and, where a fold is left out, its predictions.

    Raises:
        ConfigError, InputFileError, WeightsError, ResumeError: see `load_data`, `start_from`,
            `Trainer`.
    """
    settings = config.train
    inputs = load_data(config.data)
    targets = targets_of(inputs.table)
    rows, held = split_rows(inputs, config.data, np.ones(len(inputs), bool))
    weights = draw_weights(targets, rows)
    graders = grader_config(config)

    def build() -> nn.Module:
        model = build_grader(graders)
        start_from(model, graders, Path(config.model.init_from or FINE_GRADER))
        return model

    trainer = Trainer(build, config, settings, output)

    def losses_of(model: nn.Module, step: int) -> dict[str, torch.Tensor]:
        rng = np.random.default_rng([settings.seed, step])
        drawn = rng.choice(rows, settings.batch, p=weights, replace=False)
        at = torch.from_numpy(drawn)
        given = inputs.patches[at].float() / 255, inputs.maps[at].float() / 255
        patches, maps = _cropped(*augment(*given, rng), config.data.crop)
        logits = model(patches.to(trainer.device), maps.to(trainer.device))
        return reading_loss(logits, TargetTensors.of(targets, drawn, trainer.device))

    def predict(model: nn.Module, which: Rows) -> NDArray[np.float64]:
        at = torch.from_numpy(which)
        return read_patches(model, inputs.patches[at], inputs.maps[at], config.data.crop)

    def save(model: nn.Module) -> None:
        low = of_low_rank(model, inputs, rows, config.data.crop, config.ranks.keep)
        save_grader(Grader(low, graders), output / WEIGHTS)

    fit(trainer, inputs, len(rows), held, losses_of, predict, save, resume=resume)
