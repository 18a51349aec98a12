"""Train a network step by step: what every training here but the grader's shares.

A training gives a network, the loss of a step, figures of held-out data and what writes its weights
file; everything else is done here: AdamW with a warm-up and a cosine, the moving average of the
weights, which is what is validated and kept, checkpoints to go on from, progress and history.json.
"""

import copy
import io
import json
import math
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import torch
import yaml
from torch import nn
from tqdm import tqdm

from av_grading.command_line.progress import progress
from av_grading.config import ConfigError
from av_grading.formats.config_file import dump_config, flat
from av_grading.formats.files import write_whole

Network = TypeVar("Network", bound=nn.Module)
Figures = dict[str, float]
LAST = "last.pt"
"""Checkpoint in a training's folder."""
MAX_GRADIENT = 5.0
"""Norm to which gradients are clipped."""
DEVICES = ("auto", "cpu", "cuda")
PRECISIONS = ("float32", "bfloat16")
FREE = ("train.device",)
"""Settings that may be others when a training goes on."""


class ResumeError(ValueError):
    """A checkpoint that this training cannot go on from; names the file and what differs."""


@dataclass(frozen=True)
class TrainerSettings:
    """Section `train` of a training's config.

    Attributes:
        steps: of the whole training, after which the learning rate is 0.
        batch: examples a step.
        lr: highest learning rate of AdamW.
        warmup: steps until it is reached.
        weight_decay: of AdamW.
        average: share of the weights' moving average that is kept at each step.
        validate_every: steps between two validations, each with a checkpoint.
        seed: of everything that is drawn.
        device: "cpu", "cuda", or "auto" for CUDA where there is one.
        precision: of convolutions and matrix products, "float32" or "bfloat16"; the latter takes
            two thirds of the time on a processor that has instructions for it.
    """

    steps: int = 3000
    batch: int = 8
    lr: float = 1e-3
    warmup: int = 100
    weight_decay: float = 0.02
    average: float = 0.995
    validate_every: int = 200
    seed: int = 0
    device: str = "auto"
    precision: str = "float32"

    def __post_init__(self) -> None:
        for name in ("steps", "batch", "warmup", "validate_every"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name}: expected at least 1, found {getattr(self, name)}")
        if self.device not in DEVICES:
            raise ConfigError(f"device: expected one of {DEVICES}, found {self.device!r}")
        if self.precision not in PRECISIONS:
            raise ConfigError(f"precision: expected one of {PRECISIONS}, found {self.precision!r}")


class Trainer(Generic[Network]):
    """A network on its way.

    Attributes:
        network: that learns, on its device.
        average: the moving average of its weights, in evaluation mode.
        device: of both.
        step: how many steps are done.
        history: mean training losses and figures of every validation.
    """

    def __init__(
        self, build: Callable[[], Network], config: object, settings: TrainerSettings, output: Path
    ) -> None:
        """
        Args:
            build: makes the network with random weights.
            config: all settings of the training, which a checkpoint must share.
            settings: those of the section `train`.
            output: folder of the checkpoint, history.json and config.yaml.

        Raises:
            ConfigError: CUDA, where torch finds no GPU.
        """
        self.settings, self.output, self.config = settings, output, dump_config(config)
        self.device = find_device(settings.device)
        torch.manual_seed(settings.seed)
        self.network = build().to(self.device)
        self.average = copy.deepcopy(self.network).requires_grad_(False).eval()
        self.optimizer = torch.optim.AdamW(
            [p for p in self.network.parameters() if p.requires_grad],
            settings.lr,
            weight_decay=settings.weight_decay,
        )
        self.step = 0
        self.history: list[Figures] = []

    def fit(
        self,
        losses_of: Callable[[Network, int], Mapping[str, torch.Tensor]],
        validate: Callable[[Network], Figures],
        save: Callable[[Network], None],
        *,
        resume: bool = False,
    ) -> None:
        """Train from the first step, or from the checkpoint, to the last.

        Args:
            losses_of: of the network in training mode and the step's number, from 0: "loss", which
                is made smaller, and others to be told. What it draws at random depends on the seed
                and the step alone; torch's own generator is seeded for each step.
            validate: figures of the averaged network.
            save: writes the averaged network's weights file.
            resume: go on from the folder's checkpoint, if there is one.

        Raises:
            ResumeError: the checkpoint is unreadable, or of other settings.
            ValueError: the loss is no longer a number.
            OSError: a file cannot be written.
        """
        settings = self.settings
        half = settings.precision == "bfloat16"
        if resume and (self.output / LAST).is_file():
            self._restore(self.output / LAST)
        write_whole(self.output / "config.yaml", self.config)
        first, began = self.step, time.monotonic()
        sums: Figures = {}
        count = 0  # steps that `sums` is of: the last validation may come after fewer
        steps = range(first, settings.steps)
        for step in progress(steps, self.output.name, "step", settings.steps, done=first):
            self.network.train()
            torch.manual_seed(settings.seed * 1_000_003 + step)  # dropout's draws
            with torch.autocast(self.device.type, torch.bfloat16, enabled=half):
                losses = losses_of(self.network, step)
            self._learn(losses["loss"], step)
            sums |= {k: sums.get(k, 0.0) + v.item() for k, v in losses.items()}
            count += 1
            if not math.isfinite(sums["loss"]):
                raise ValueError(f"step {step + 1}: expected a finite loss, found {sums['loss']}")
            self.step = step + 1
            if self.step % settings.validate_every == 0 or self.step == settings.steps:
                means = {f"training_{k}": v / count for k, v in sums.items()}
                figures = means | validate(self.average)
                self.history.append({"step": self.step, **figures})
                _tell(self.step, figures, (time.monotonic() - began) / (self.step - first))
                sums, count = {}, 0
                self._keep(save)
        if first == settings.steps:  # nothing was left to do
            self._keep(save)

    def _learn(self, loss: torch.Tensor, step: int) -> None:
        """One step, the first of which is number 0."""
        for group in self.optimizer.param_groups:
            group["lr"] = self.settings.lr * learning_rate(step, self.settings)
        self.optimizer.zero_grad()
        torch.autograd.backward(loss)
        nn.utils.clip_grad_norm_(self.network.parameters(), MAX_GRADIENT)
        self.optimizer.step()
        follow(self.average, self.network, self.settings.average, step)

    def _keep(self, save: Callable[[Network], None]) -> None:
        content = {
            "config": self.config,
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "step": self.step,
            "history": self.history,
        }
        write_checkpoint(self.output / LAST, content)
        save(self.average)
        write_whole(self.output / "history.json", json.dumps(self.history, indent=1))

    def _restore(self, path: Path) -> None:
        content = read_checkpoint(path, self.config)
        self.network.load_state_dict(content["network"])
        self.average.load_state_dict(content["average"])
        self.optimizer.load_state_dict(content["optimizer"])
        self.step, self.history = int(content["step"]), list(content["history"])


def learning_rate(step: int, settings: TrainerSettings) -> float:
    """Share of the highest learning rate: a linear warm-up under a cosine to 0."""
    warm = min(1.0, (step + 1) / settings.warmup)
    return warm * 0.5 * (1 + math.cos(math.pi * step / settings.steps))


@torch.no_grad()
def follow(average: nn.Module, network: nn.Module, decay: float, step: int) -> None:
    """Let an average follow a network by one step, in place; the first steps weigh more, so that
    it soon forgets where it began.

    Args:
        average: another of the same architecture.
        network: that has learned.
        decay: share of the average that is kept, once it has seen enough steps.
        step: of the training, from 0.
    """
    kept = min(decay, (1 + step) / (10 + step))
    new = network.state_dict()
    for name, own in average.state_dict().items():
        if own.is_floating_point():
            own.lerp_(new[name], 1 - kept)
        else:
            own.copy_(new[name])


def find_device(name: str) -> torch.device:
    """The device that a setting means here.

    Args:
        name: one of `DEVICES`.

    Raises:
        ConfigError: CUDA, where torch finds no GPU.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name == "cuda" and not torch.cuda.is_available():
        raise ConfigError("train.device: expected a GPU for cuda, torch finds none")
    return torch.device(name)


def write_checkpoint(path: Path, content: Mapping[str, Any]) -> None:
    """Write a checkpoint whole or not at all.

    Args:
        path: of the file.
        content: tensors and plain values; "config" is the settings' YAML.

    Raises:
        OSError: it cannot be written.
    """
    buffer = io.BytesIO()
    torch.save(dict(content), buffer)
    write_whole(path, buffer.getvalue())


def read_checkpoint(path: Path, config: str) -> dict[str, Any]:
    """Read a file of `write_checkpoint`.

    Args:
        path: of the file.
        config: settings that it must share but for `FREE`, as YAML.

    Raises:
        ResumeError: it is unreadable, or of other settings.
    """
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises what its parser trips over
        raise ResumeError(f"{path}: not a checkpoint of tensors ({error})") from error
    if not isinstance(content, dict) or not isinstance(content.get("config"), str):
        raise ResumeError(f"{path}: expected a checkpoint with its settings, found none")
    saved, own = flat(yaml.safe_load(content["config"])), flat(yaml.safe_load(config))
    differ = [
        f"{key}: found {saved.get(key)!r}, expected {own.get(key)!r}"
        for key in sorted({*saved, *own})
        if key not in FREE and saved.get(key) != own.get(key)
    ]
    if differ:
        raise ResumeError(
            f"{path}: trained with other settings; choose another output folder, or these "
            f"settings: {'; '.join(differ)}"
        )
    return content


def _tell(step: int, figures: Figures, seconds: float) -> None:
    text = "  ".join(f"{k} {v:.3f}" for k, v in figures.items())
    line = f"step {step}  {text}  {seconds:.2f} s a step"
    if sys.stderr.isatty():
        tqdm.write(line)  # above the bar
    else:
        print(line, flush=True)
