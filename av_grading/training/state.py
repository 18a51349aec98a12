"""Everything that a training needs to go on where it stopped."""

import copy
import math
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import nn

from av_grading.config import Config
from av_grading.training.trainer import follow, read_checkpoint, write_checkpoint


@dataclass
class Progress:
    """Where a training stands, beside the weights.

    Attributes:
        epoch: the next one.
        best_qwk, best_epoch: on the held-out patches.
        history: figures of every epoch.
    """

    epoch: int = 0
    best_qwk: float = -math.inf
    best_epoch: int = -1
    history: list[dict[str, float]] = field(default_factory=list)


class TrainingState:
    """Model, teacher (the moving average of its weights), optimiser, the best weights so far, and
    the progress."""

    def __init__(self, config: Config, model: nn.Module) -> None:
        """
        Args:
            config: settings that a checkpoint must share.
            model: the student, on its device.
        """
        self.config = config
        self.model = model
        self.teacher = copy.deepcopy(model).requires_grad_(False).eval()
        self.best = copy.deepcopy(model.state_dict())
        self.optimizer = torch.optim.AdamW(
            [p for p in model.parameters() if p.requires_grad],
            lr=config.train.lr,
            weight_decay=config.train.weight_decay,
            fused=True,  # one pass over the weights: a quarter of the time on a CPU
        )
        self.progress = Progress()

    def follow(self, step: int) -> None:
        """Let the teacher follow the student by one step.

        Args:
            step: of the training, from 0.
        """
        follow(self.teacher, self.model, self.config.train.average, step)

    def finish_epoch(self, figures: dict[str, float]) -> None:
        """Note an epoch's figures, and the teacher's weights if their `qwk` is the best so far."""
        epoch = self.progress.epoch
        self.progress.history.append({"epoch": epoch, **figures})
        if figures["qwk"] > self.progress.best_qwk:
            self.progress.best_qwk, self.progress.best_epoch = figures["qwk"], epoch
            self.best = copy.deepcopy(self.teacher.state_dict())
        self.progress.epoch = epoch + 1

    def save(self, path: Path) -> None:
        """Write a checkpoint, whole or not at all."""
        content = {
            "config": self.config.dump(),
            "model": self.model.state_dict(),
            "teacher": self.teacher.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "best": self.best,
            "progress": vars(self.progress),
        }
        write_checkpoint(path, content)

    def restore(self, path: Path) -> None:
        """Go on from a checkpoint.

        Raises:
            ResumeError: it is unreadable, or of other settings.
        """
        content = read_checkpoint(path, self.config.dump())
        self.model.load_state_dict(content["model"])
        self.teacher.load_state_dict(content["teacher"])
        self.optimizer.load_state_dict(content["optimizer"])
        self.best = content["best"]
        self.progress = Progress(**content["progress"])
