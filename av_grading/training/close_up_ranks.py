"""The close-up network in a fraction of its time: convolutions of low rank that learn to answer as
those of the trained network do, from close-ups without their labels."""

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import numpy as np
import torch

from av_grading.close_ups.cut import PIXELS
from av_grading.close_ups.fine_map import CloseUp, load_close_up, save_close_up
from av_grading.close_ups.load import CloseUps, load_close_ups
from av_grading.config import required
from av_grading.models.close_up_unet import CloseUpNet
from av_grading.models.low_rank import ranks_of
from av_grading.models.reading_head import ReadingHead, all_features
from av_grading.models.weights_file import WeightsError
from av_grading.training.close_up_map import WEIGHTS, Augment, Data, batch_of
from av_grading.training.low_rank import Ranks, lowered, measure
from av_grading.training.trainer import Figures, Trainer, TrainerSettings
from av_grading.vessels.crossing_vessels import crossing_vessels

MEASURED = 25
"""Batches from which the directions are taken."""
VALIDATED = 20
"""Batches of other photographs that validation is of."""
COMPARED = 400
"""Close-ups on which the reading head answers as before on average, at most."""
ANSWERS = ("fine", "deep", "logits")
"""Names of what `answers_of` gives."""
MAP_WEIGHT = 10.0
"""Of the map's divergence, beside the features' distances."""


@dataclass(frozen=True)
class Model:
    """What is made faster.

    Attributes:
        weights: file of a close-up network, whose reading head stays as it is.
    """

    weights: str = ""


@dataclass(frozen=True)
class CloseUpRanksConfig:
    """All settings."""

    data: Data = field(default_factory=Data)
    model: Model = field(default_factory=Model)
    ranks: Ranks = field(default_factory=Ranks)
    train: TrainerSettings = field(
        default_factory=lambda: TrainerSettings(
            steps=400, lr=4e-4, warmup=50, weight_decay=0.0, average=0.99, validate_every=100
        )
    )
    augment: Augment = field(default_factory=lambda: Augment(crop=192))


CONFIG = CloseUpRanksConfig()


def answers_of(network: CloseUpNet, inputs: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """Finest and coarsest features, and logits of the map, in float32."""
    fine, deep = network.extract(inputs)
    return fine.float(), deep.float(), network.read_map(fine).float()


def inputs_of_step(
    data: CloseUps, step: int, settings: TrainerSettings, seen: Augment
) -> torch.Tensor:
    """Close-ups that a training sees in a step, (B, 6, P, P)."""
    rng = np.random.default_rng([settings.seed, step])
    inputs, _, _ = batch_of(data, rng.choice(len(data), settings.batch), rng, seen)
    return inputs.contiguous(memory_format=torch.channels_last)


def distances(
    own: Sequence[torch.Tensor], before: Sequence[torch.Tensor]
) -> dict[str, torch.Tensor]:
    """How far answers of `answers_of`, or their last two, lie from those of another network: mean
    squares of features and of the logits as shares of their variance, and the map's divergence
    (Kullback-Leibler, nat a px)."""
    found = {}
    names = ANSWERS[-len(own) :]
    for name, mine, theirs in zip(names, own, before, strict=True):
        spread = theirs.var(dim=(0, 2, 3), keepdim=True)
        if name == "logits":
            spread = spread.mean()
        found[name] = ((mine - theirs).square() / (spread + 0.05 * spread.mean())).mean()
    wanted = before[-1].softmax(dim=1)
    log_share = wanted.clamp(min=1e-6).log() - own[-1].log_softmax(dim=1)
    found["divergence"] = (wanted * log_share).sum(dim=1).mean()
    return found


def learn_answers(
    trainer: Trainer[CloseUpNet],
    teacher: CloseUpNet,
    compared: Sequence[str],
    inputs_of: Callable[..., torch.Tensor],
    held: CloseUps,
    save: Callable[[CloseUpNet], None],
    *,
    resume: bool,
) -> None:
    """Train a network to answer as another one does.

    Args:
        trainer: of the network.
        teacher: the other one.
        compared: the last of `ANSWERS`, as many as both give in the same shape.
        inputs_of: step, and close-ups where they are not those to learn from → (B, 6, P, P).
        held: close-ups that figures are of.
        save, resume: as `Trainer.fit`.

    Raises:
        ResumeError, OSError: as `Trainer.fit`.
    """
    teacher.to(trainer.device)
    last = slice(-len(compared), None)

    def distances_of(own: CloseUpNet, inputs: torch.Tensor) -> dict[str, torch.Tensor]:
        inputs = inputs.to(trainer.device)
        with torch.no_grad():
            wanted = answers_of(teacher, inputs)[last]
        return distances(answers_of(own, inputs)[last], wanted)

    def losses_of(own: CloseUpNet, step: int) -> dict[str, torch.Tensor]:
        found = distances_of(own, inputs_of(step))
        loss = torch.stack([found[name] for name in compared]).sum()
        loss = loss + MAP_WEIGHT * found["divergence"]
        return {"loss": loss, "divergence": found["divergence"].detach()}

    @torch.no_grad()
    def validate(own: CloseUpNet) -> Figures:
        found = [distances_of(own, inputs_of(step, held)) for step in range(VALIDATED)]
        return {k: float(torch.stack([f[k] for f in found]).mean()) for k in found[0]}

    trainer.fit(losses_of, validate, save, resume=resume)


def features_of(network: CloseUpNet, patches: torch.Tensor, coarse: torch.Tensor) -> torch.Tensor:
    """What a reading head is given of close-ups, (N, F), each with the vessels of its own map.

    Args:
        network: of the close-ups.
        patches: RGB, (N, 3, P, P), 0-255.
        coarse: the detector's map, (N, 2, P / 4, P / 4), 0-255.
    """
    look = CloseUp(network).look(patches, coarse)
    vessels = [
        crossing_vessels(patch.permute(1, 2, 0).numpy(), shares, (float(x), float(y)))
        for patch, shares, (x, y) in zip(patches, look.shares, look.middles, strict=True)
    ]
    return all_features(look.pooled, vessels)


def same_on_average(head: ReadingHead, before: torch.Tensor, now: torch.Tensor) -> ReadingHead:
    """A reading head that answers to features of another network, (N, F), on average as it did to
    those that it was fitted to: small differences add up to the same side in all crossings."""
    answers = [
        head(features).clamp(1e-4, 1 - 1e-4).logit().mean(dim=0) for features in (before, now)
    ]
    return ReadingHead(head.mean, head.scale, head.weight, head.bias + answers[0] - answers[1])


def train(config: CloseUpRanksConfig, output: Path, *, resume: bool) -> None:
    """Train, and write `WEIGHTS` with the reading head of the network that is made faster.

    Raises:
        ValueError: `ranks.keep` is no share.
        InputFileError, WeightsError, ResumeError: see `load_close_ups`, `load_close_up`, `Trainer`.
    """
    settings = config.train
    data = load_close_ups(required(config.data.train, "data.train", "a folder of close-ups"))
    held = load_close_ups(required(config.data.val, "data.val", "a folder of close-ups"))
    weights = required(config.model.weights, "model.weights", "a file of a close-up network")
    before = load_close_up(Path(weights))
    teacher = before.network
    if ranks_of(teacher.state_dict()):
        raise WeightsError(f"{weights}: expected plain convolutions, found some of low rank")

    def inputs_of(step: int, close_ups: CloseUps = data) -> torch.Tensor:
        return inputs_of_step(close_ups, step, settings, config.augment)

    def see() -> None:
        for step in range(MEASURED):
            answers_of(teacher, inputs_of(settings.steps + step))

    network = lowered(teacher, measure(teacher, see), config.ranks.keep)

    def build() -> CloseUpNet:
        return cast(CloseUpNet, copy.deepcopy(network))

    trainer = Trainer(build, config, settings, output)
    rows = torch.linspace(0, len(data) - 1, min(len(data), COMPARED)).long()
    whole, around, _ = data.middles(PIXELS)
    seen = whole[rows], around[rows]
    features = None if before.head is None else features_of(teacher, *seen)

    def save(own: CloseUpNet) -> None:
        head = before.head
        if head is not None and features is not None:
            head = same_on_average(head, features, features_of(own, *seen))
        save_close_up(CloseUp(own, head, before.architecture), output / WEIGHTS)

    learn_answers(trainer, teacher, ANSWERS, inputs_of, held, save, resume=resume)
