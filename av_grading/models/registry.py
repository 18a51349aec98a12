"""Every network of this package by its name; importing this module imports no torch.

Another network is a file here, a file in `training/` and a row of `ARCHITECTURES`: weights files,
`av-nicking train`, `av-nicking info` and `create_model` read this table.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, cast

if TYPE_CHECKING:
    from torch import nn

WEIGHTS = Path(__file__).parents[1] / "weights"
"""Folder of the weights that are shipped."""
DEFAULT_GRADER = WEIGHTS / "reading_grader_r18.safetensors"
"""The two-stream grader that learned from machine readings of real crossings."""
DEFAULT_GRADERS = (DEFAULT_GRADER,)
"""That screening asks."""
SIMULATED_GRADER = WEIGHTS / "nicking_grader_r18.safetensors"
"""The grader that learned from simulated nicking on labelled maps."""
FINE_GRADER = WEIGHTS / "nicking_grader_fine_r18.safetensors"
"""The grader that went on from there on fine maps, from which `DEFAULT_GRADER` starts."""
DEFAULT_CLOSE_UP = WEIGHTS / "close_up_map.safetensors"
"""Fine maps of close-ups, with a reading head."""
DEFAULT_SIGN_STRIP = WEIGHTS / "sign_strip.safetensors"
FORMER_NARROWING = WEIGHTS / "vein_narrowing.safetensors"
"""What is left of a vein's width, learned from simulation."""
DEFAULT_READING_STRIP = WEIGHTS / "reading_strip.safetensors"
"""What a straightened vein is read as, learned from machine readings of real crossings."""


class Training(NamedTuple):
    """How networks are trained.

    `module` has `CONFIG`, the default settings (a dataclass of sections), and
    `train(config, output, *, resume)`; `config` is a file of `configs/grading`.
    """

    name: str
    module: str
    config: str


def _training(name: str) -> Training:
    """A training whose module and config bear its name."""
    return Training(name, f"av_grading.training.{name}", f"{name}.yaml")


_GRADER = Training("grader", "av_grading.training.train_folds", "cpu/two_stream.yaml")


@dataclass(frozen=True)
class Architecture:
    """What is to be known of a network before it is built.

    Attributes:
        name: in weights files and in `create_model`.
        target: "module:callable" that builds it from its settings.
        takes: what it is given.
        gives: what it answers.
        training: how it is trained.
        weights: files that are shipped.
    """

    name: str
    target: str
    takes: str
    gives: str
    training: Training
    weights: tuple[Path, ...] = ()


_MODELS = "av_grading.models"
ARCHITECTURES = {
    a.name: a
    for a in (
        Architecture(
            "close_up_unet",
            f"{_MODELS}.close_up_unet:CloseUpNet",
            "close-up and coarse map, (B, 6, P, P)",
            "logits of background, artery, vein and overlap, (B, 4, P, P)",
            _training("close_up_map"),
            (DEFAULT_CLOSE_UP,),
        ),
        Architecture(
            "reading_head",
            f"{_MODELS}.reading_head:ReadingHead.untrained",
            "features of crossings, (N, F)",
            "probabilities: clear, artery above, grade at least 1, 2, 3, (N, 5)",
            _training("reading_head"),
            (DEFAULT_CLOSE_UP,),
        ),
        Architecture(
            "sign_strip",
            f"{_MODELS}.sign_strip:SignStrip",
            "straightened veins, (B, 6, H, W), and their widths, (B,)",
            "logits of what is read on either side, (B, 2, 3, bins)",
            _training("sign_strip"),
            (DEFAULT_SIGN_STRIP,),
        ),
        Architecture(
            "reading_strip",
            f"{_MODELS}.reading_strip:ReadingStrip",
            "straightened veins, (B, 6, H, W), and their widths, (B,)",
            "logits of grade, clear, bent, artery above and both sides, (B, 15)",
            _training("reading_strip"),
            (DEFAULT_READING_STRIP,),
        ),
        Architecture(
            "one_stream",
            f"{_MODELS}.build:one_stream",
            "patches and maps, each (B, 3, P, P); one of them is read",
            "logits of the grades 0-3, (B, outputs)",
            _GRADER,
        ),
        Architecture(
            "two_stream",
            f"{_MODELS}.build:two_stream",
            "patches and maps, each (B, 3, P, P)",
            "logits of the grades 0-3, (B, outputs)",
            _GRADER,
            (DEFAULT_GRADER, SIMULATED_GRADER, FINE_GRADER),
        ),
    )
}
"""Networks by name."""
TRAININGS = {a.training.name: a.training for a in ARCHITECTURES.values()}
TRAININGS |= {
    name: _training(name) for name in ("close_up_squares", "close_up_ranks", "reading_grader")
}
"""Trainings by name."""


def close_up_maps() -> tuple[str, ...]:
    """Networks that give fine maps of close-ups, by name. Each is built with `widths`, which it
    keeps, and has `extract` and `read_map` as `CloseUpNet` has them.

    >>> close_up_maps()
    ('close_up_unet',)
    """
    return tuple(a.name for a in ARCHITECTURES.values() if a.training.name == "close_up_map")


def create_model(
    name: str, *, ranks: Mapping[str, int] | None = None, **settings: object
) -> "nn.Module":
    """A network with random weights.

    Args:
        name: of `ARCHITECTURES`.
        ranks: of convolutions of low rank by name, see `low_rank`.
        settings: what its constructor takes, such as `widths=(32, 64, 96, 128)`.

    Raises:
        ValueError: an unknown name or value.
        TypeError: an unknown setting.
    """
    if name not in ARCHITECTURES:
        raise ValueError(f"architecture: expected one of {[*ARCHITECTURES]}, found {name!r}")
    module, _, attribute = ARCHITECTURES[name].target.partition(":")
    build = cast("Callable[..., nn.Module]", attrgetter(attribute)(import_module(module)))
    network = build(**settings)
    if ranks:
        from av_grading.models.low_rank import lower_ranks

        lower_ranks(network, ranks)
    return network
