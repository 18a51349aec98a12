"""Train one grader: a loop to be read from top to bottom.

It shares checkpoints, the moving average and the choice of a device with `trainer.py`, not its
loop: a grader trains by epochs, stops by the best QWK, teaches itself on unlabelled patches and is
calibrated at the end, and published figures rest on the order of its random draws.
"""

import math
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.utils.tensorboard import SummaryWriter
from tqdm import tqdm

from av_grading.config import Config
from av_grading.data.patch_set import PatchSet
from av_grading.data.sampling import balanced_order, plain_order
from av_grading.data.semi_supervised import gentle, pseudo_label_loss, strong
from av_grading.data.transforms import Batch, PairedAugmentation, training_batch
from av_grading.evaluation.calibration import fit_temperature
from av_grading.evaluation.metrics import grade_scores
from av_grading.grader import FLIPS, Grader, Rows, device_of, predict_logits
from av_grading.models.build import build_grader
from av_grading.training.init_from import start_from
from av_grading.training.losses import grade_loss, probabilities_of, width_loss
from av_grading.training.state import TrainingState
from av_grading.training.trainer import LAST as LAST
from av_grading.training.trainer import MAX_GRADIENT


@dataclass(frozen=True)
class Split:
    """Which patches a training uses, as rows of its sets.

    Attributes:
        train: to learn from.
        stop: to choose the epoch and the temperature by.
        unlabelled: of the unlabelled set, for the semi-supervised step.
    """

    train: Rows
    stop: Rows
    unlabelled: Rows = field(default_factory=lambda: np.zeros(0, np.int64))


def train(
    config: Config,
    data: PatchSet,
    split: Split,
    output: Path,
    *,
    unlabelled: PatchSet | None = None,
    resume: bool = False,
) -> Grader:
    """Train with early stopping on the quadratic weighted kappa of the held-out patches.

    Args:
        config: all settings.
        data: graded patches.
        split: which of them to learn from and to stop by.
        output: folder for the checkpoint and TensorBoard's files.
        unlabelled: patches for the semi-supervised step.
        resume: go on from the folder's checkpoint, if there is one.

    Raises:
        ResumeError: the checkpoint is of other settings, or unreadable.
        ValueError, WeightsError: a setting is unknown, or weights do not fit.
    """
    settings, device = config.train, device_of(config)
    torch.manual_seed(settings.seed)
    model = build_grader(config)
    if config.model.init_from:
        start_from(model, config, Path(config.model.init_from))
    state = TrainingState(config, model.to(device))
    output.mkdir(parents=True, exist_ok=True)
    if resume and (output / LAST).is_file():
        state.restore(output / LAST)
    learn_unlabelled = None
    if unlabelled is not None and config.semi.weight > 0:
        learn_unlabelled = _unlabelled_step(config, state, unlabelled, split.unlabelled)
    grades = data.grades[torch.as_tensor(split.train)]
    weights = class_weights(grades) if settings.class_weights else None
    augment = PairedAugmentation(config.augment, settings.seed)
    steps = max(1, len(split.train) // settings.batch)
    with SummaryWriter(str(output)) as writer:
        for epoch in tqdm(
            range(state.progress.epoch, settings.epochs), output.name, disable=None, unit="epoch"
        ):
            if 0 <= state.progress.best_epoch < epoch - settings.patience:
                break
            # Dropout draws from torch's own state: the same in an epoch, resumed or not.
            torch.manual_seed(settings.seed * 1000 + epoch)
            model.train()
            order = _order(config, grades, steps * settings.batch, epoch)
            sums: dict[str, float] = {}
            for step in range(steps):
                for group in state.optimizer.param_groups:
                    group["lr"] = settings.lr * learning_rate(config, epoch + step / steps)
                rows = split.train[order[step * settings.batch : (step + 1) * settings.batch]]
                inputs = training_batch(data, rows, augment, epoch, config.data.crop)
                logits = _apply(model, inputs, config, device)
                truth = data.grades[torch.as_tensor(rows)].to(device)
                loss = grade_loss(logits, truth, settings.loss, weights)
                found = {"loss": loss.item()}
                if settings.width_loss_weight > 0 and data.widths is not None:
                    extra = width_loss(logits, data.widths[torch.as_tensor(rows)].to(device))
                    loss = loss + settings.width_loss_weight * extra
                    found["width_loss"] = extra.item()
                if learn_unlabelled is not None and epoch >= config.semi.start:
                    extra, share = learn_unlabelled(epoch, step)
                    loss = loss + config.semi.weight * extra
                    found |= {"unlabelled_loss": extra.item(), "pseudo_labelled": share}
                state.optimizer.zero_grad()
                torch.autograd.backward(loss)
                nn.utils.clip_grad_norm_(model.parameters(), MAX_GRADIENT)
                state.optimizer.step()
                state.follow(epoch * steps + step)
                sums = {k: sums.get(k, 0.0) + v / steps for k, v in found.items()}
            figures = sums | validate(state.teacher, data, split.stop, config)
            state.finish_epoch(figures)
            state.save(output / LAST)
            _report(writer, output.name, epoch, settings.epochs, figures)
    model.load_state_dict(state.best)
    held = predict_logits(model, data, split.stop, config.data.crop, FLIPS)
    temperature = fit_temperature(held, data.grades[torch.as_tensor(split.stop)], settings.loss)
    return Grader(model.eval(), config, temperature, state.progress.history)


def validate(model: nn.Module, data: PatchSet, rows: Rows, config: Config) -> dict[str, float]:
    """Loss, QWK and accuracy of some rows, unchanged and unflipped: a quarter of the time."""
    logits, kind = predict_logits(model, data, rows, config.data.crop), config.train.loss
    truth = data.grades[torch.as_tensor(rows)]
    scores = grade_scores(truth.double().numpy(), probabilities_of(logits, kind).double().numpy())
    loss = float(grade_loss(logits, truth, kind))
    return {"validation_loss": loss, "qwk": scores["qwk"], "accuracy": scores["accuracy"]}


def learning_rate(config: Config, epoch: float) -> float:
    """Share of the highest learning rate: a linear warm-up, then a cosine to 0."""
    settings = config.train
    if epoch < settings.warmup:
        return (epoch + 0.1) / (settings.warmup + 0.1)
    rest = max(settings.epochs - settings.warmup, 1)
    return 0.5 * (1 + math.cos(math.pi * min(1.0, (epoch - settings.warmup) / rest)))


def class_weights(grades: torch.Tensor) -> torch.Tensor:
    """Inverse shares of the grades, (4,); grades that are absent weigh one."""
    counts = torch.bincount(grades, minlength=4).float()
    weights = counts.sum() / (len(counts) * counts.clamp(min=1))
    return torch.where(counts > 0, weights, torch.ones_like(weights))


def _order(config: Config, grades: torch.Tensor, count: int, epoch: int) -> Rows:
    if config.train.balanced:
        return balanced_order(grades.tolist(), count, config.train.seed, epoch)
    return np.resize(plain_order(len(grades), config.train.seed, epoch), count)


def _apply(model: nn.Module, inputs: Batch, config: Config, device: torch.device) -> torch.Tensor:
    """Logits in float32, computed in mixed precision on a GPU where the settings ask for it."""
    mixed = config.train.amp and device.type == "cuda"
    with torch.autocast(device.type, dtype=torch.bfloat16, enabled=mixed):
        logits: torch.Tensor = model(*(x.to(device) for x in inputs))
    return logits.float()


def _unlabelled_step(
    config: Config, state: TrainingState, data: PatchSet, rows: Rows
) -> Callable[[int, int], tuple[torch.Tensor, float]]:
    """A function of epoch and step: loss of unlabelled patches, and the share that counted."""
    seed, kind, crop = config.train.seed, config.train.loss, config.data.crop
    device = device_of(config)
    weak = PairedAugmentation(gentle(config.augment), seed + 1)
    hard = PairedAugmentation(strong(config.augment), seed + 2)
    size = config.train.batch * config.semi.ratio

    def step_loss(epoch: int, step: int) -> tuple[torch.Tensor, float]:
        order = rows[plain_order(len(rows), seed + 1, epoch)]
        chosen = np.resize(np.roll(order, -step * size), size)
        with torch.no_grad():
            inputs = training_batch(data, chosen, weak, epoch, crop)
            targets = probabilities_of(_apply(state.teacher, inputs, config, device), kind)
        inputs = training_batch(data, chosen, hard, epoch, crop, copy=1)
        predictions = probabilities_of(_apply(state.model, inputs, config, device), kind)
        return pseudo_label_loss(predictions, targets, config.semi.threshold)

    return step_loss


def _report(
    writer: SummaryWriter, name: str, epoch: int, epochs: int, figures: dict[str, float]
) -> None:
    for key, value in figures.items():
        writer.add_scalar(key, value, epoch)
    if not sys.stderr.isatty():  # where tqdm is silent
        text = "  ".join(f"{k} {v:.3f}" for k, v in figures.items())
        print(f"{name} epoch {epoch + 1}/{epochs}  {text}", flush=True)
