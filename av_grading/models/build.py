"""Models from settings."""

from pathlib import Path
from typing import Any

from torch import nn

from av_grading.config import KINDS, Config, Model
from av_grading.models.encoder import (
    Loaded,
    adapt_to_maps,
    build_encoder,
    freeze_stages,
    load_encoder,
)
from av_grading.models.one_stream import OneStream
from av_grading.models.two_stream import TwoStream
from av_grading.training.losses import outputs_of


def build_grader(config: Config) -> nn.Module:
    """The model of a config, with the outputs that its loss needs.

    Raises:
        ValueError, WeightsError: see `build_model`.
    """
    train = config.train
    outputs = outputs_of(train.loss, train.width_loss_weight > 0, train.readings)
    return build_model(config.model, outputs)[0]


def one_stream(
    loss: str = "ce_qwk", widths: bool = False, readings: bool = False, **settings: Any
) -> nn.Module:
    """A grader of one stream with random weights.

    Args:
        loss: that it is trained with, one of `LOSSES`.
        widths: whether it learns the vein's widths as well.
        readings: whether it learns what readings say.
        settings: fields of `config.Model`.

    Raises:
        TypeError: an unknown setting.
        ValueError: see `build_model`.
    """
    outputs = outputs_of(loss, widths, readings)
    return build_model(Model(kind="one_stream", **settings), outputs)[0]


def two_stream(
    loss: str = "ce_qwk", widths: bool = False, readings: bool = False, **settings: Any
) -> nn.Module:
    """A grader of two streams; arguments and errors as `one_stream`."""
    outputs = outputs_of(loss, widths, readings)
    return build_model(Model(kind="two_stream", **settings), outputs)[0]


def build_model(settings: Model, outputs: int) -> tuple[nn.Module, Loaded | None]:
    """The model, and what was taken from the weights file if one is named.

    Args:
        settings: the architecture.
        outputs: logits, see `losses.outputs_of`.

    Raises:
        ValueError: a setting is unknown.
        WeightsError: the weights cannot be read or do not fit.
    """
    if settings.kind not in KINDS:
        raise ValueError(f"model.kind: expected one of {KINDS}, found {settings.kind!r}")
    loaded = None

    def encoder(of_maps: bool) -> nn.Module:
        nonlocal loaded
        made = build_encoder(
            settings.depth,
            se=settings.se,
            norm=settings.norm,
            stride=settings.stride,
            stages=settings.stages,
        )
        if settings.weights:
            loaded = load_encoder(made, Path(settings.weights))
        if of_maps:
            adapt_to_maps(made)
        freeze_stages(made, settings.frozen_stages)
        return made

    if settings.kind == "one_stream":
        stream = encoder(settings.stream == "av_map")
        model: nn.Module = OneStream(
            stream,
            _channels(stream),
            outputs,
            stream=settings.stream,
            dropout=settings.dropout,
            align_vein=settings.align_vein,
        )
        return model, loaded
    photograph, av_map = encoder(False), encoder(True)
    model = TwoStream(
        photograph,
        av_map,
        _channels(photograph),
        outputs,
        pooling=settings.pooling,
        rank=settings.rank,
        dropout=settings.dropout,
        align_vein=settings.align_vein,
    )
    return model, loaded


def _channels(encoder: nn.Module) -> int:
    return int(encoder.num_features)  # type: ignore[arg-type]
