"""The close-up network without its finest level, where half of its time goes: what is left works on
squares of 4 px for 2, and learns to answer as the whole network does, from close-ups without their
labels (Hinton 2015, "Distilling the Knowledge in a Neural Network", https://arxiv.org/abs/1503.02531).
"""

import copy
from dataclasses import dataclass, field
from pathlib import Path

import torch

from av_grading.close_ups.fine_map import CloseUp, load_close_up, save_close_up
from av_grading.close_ups.load import CloseUps, load_close_ups
from av_grading.config import required
from av_grading.models.close_up_unet import CloseUpNet
from av_grading.models.low_rank import full_ranks
from av_grading.training.close_up_map import WEIGHTS, Augment, Data
from av_grading.training.close_up_ranks import ANSWERS, Model, inputs_of_step, learn_answers
from av_grading.training.trainer import Trainer, TrainerSettings


@dataclass(frozen=True)
class CloseUpSquaresConfig:
    """All settings; `model.weights` is the whole network."""

    data: Data = field(default_factory=Data)
    model: Model = field(default_factory=Model)
    train: TrainerSettings = field(
        default_factory=lambda: TrainerSettings(
            steps=1600, lr=1.5e-3, warmup=100, weight_decay=0.0, average=0.995, validate_every=250
        )
    )
    augment: Augment = field(default_factory=lambda: Augment(crop=192))


CONFIG = CloseUpSquaresConfig()


def without_finest_level(network: CloseUpNet) -> CloseUpNet:
    """A network of the deeper levels of another one, which keep their weights, as plain
    convolutions where they were of low rank; the first convolution and the map's own layer begin
    at random.

    Raises:
        ValueError: there is no deeper level.
    """
    if len(network.widths) < 2:
        raise ValueError(f"expected two levels at least, found widths {network.widths}")
    plain = CloseUpNet(network.widths, network.square)
    plain.load_state_dict(full_ranks(network.state_dict()))
    network = plain
    found = CloseUpNet(network.widths[1:], 2 * network.square)
    for own, theirs in zip(found.down[1:], network.down[2:], strict=True):
        own.load_state_dict(theirs.state_dict())
    for own, theirs in zip(found.up, network.up[1:], strict=True):
        own.load_state_dict(theirs.state_dict())
    # The first convolution sees other inputs, what follows it the same channels.
    first, before = found.down[0].children(), network.down[1].children()
    for own, theirs in list(zip(first, before, strict=True))[1:]:
        own.load_state_dict(theirs.state_dict())
    return found.to(memory_format=torch.channels_last)


def train(config: CloseUpSquaresConfig, output: Path, *, resume: bool) -> None:
    """Train, and write `WEIGHTS` without a reading head: it is fitted anew, to other features.

    Raises:
        InputFileError, WeightsError, ResumeError: see `load_close_ups`, `load_close_up`, `Trainer`.
    """
    settings = config.train
    data = load_close_ups(required(config.data.train, "data.train", "a folder of close-ups"))
    held = load_close_ups(required(config.data.val, "data.val", "a folder of close-ups"))
    weights = required(config.model.weights, "model.weights", "a file of a close-up network")
    before = load_close_up(Path(weights), head=False)
    teacher = before.network
    network = without_finest_level(teacher)
    trainer = Trainer(lambda: copy.deepcopy(network), config, settings, output)

    def inputs_of(step: int, close_ups: CloseUps = data) -> torch.Tensor:
        return inputs_of_step(close_ups, step, settings, config.augment)

    def save(own: CloseUpNet) -> None:
        save_close_up(CloseUp(own, None, before.architecture), output / WEIGHTS)

    # The finest features are others, at half as many places.
    learn_answers(trainer, teacher, ANSWERS[1:], inputs_of, held, save, resume=resume)
