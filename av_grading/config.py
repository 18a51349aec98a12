"""Every setting of a grader's training; `config_file.py` reads them."""

import dataclasses
from dataclasses import dataclass, field
from pathlib import Path

import yaml


class ConfigError(ValueError):
    """A setting that is not there or does not fit; names file and key."""


def required(value: str, key: str, what: str) -> Path:
    """The path that a setting names.

    Args:
        value: of the setting.
        key: its name.
        what: is expected there.

    Raises:
        ConfigError: it names none.
    """
    if not value:
        raise ConfigError(f"{key}: expected {what}, found none")
    return Path(value)


KINDS = ("two_stream", "one_stream")
STREAMS = ("photograph", "av_map")
DEPTHS = (18, 34, 50)
NORMS = ("group", "batch")
STAGES = 4
"""Of an encoder."""
POOLINGS = ("bilinear", "concat", "both")
LOSSES = ("ce", "ce_qwk", "corn")

ALLOWED: dict[str, tuple[str | int, ...]] = {
    "model.kind": KINDS,
    "model.stream": STREAMS,
    "model.depth": DEPTHS,
    "model.norm": NORMS,
    "model.stride": (8, 16, 32),
    "model.stages": tuple(range(1, STAGES + 1)),
    "model.pooling": POOLINGS,
    "model.frozen_stages": tuple(range(STAGES + 1)),
    "train.loss": LOSSES,
}
"""Values of the settings that are a choice. What is new here is built in models/ or losses.py."""

RENAMED = {
    "data.inner": "data.val_fraction",
    "model.level": "model.align_vein",
    "model.start": "model.init_from",
    "train.widths": "train.width_loss_weight",
}
"""Keys of earlier versions → their names now; the old ones are refused."""


@dataclass(frozen=True)
class Data:
    """What is read.

    Attributes:
        manifest: graded patches.
        unlabelled: patches for the semi-supervised step; empty for none.
        extra: graded patches of other photographs to learn from alone; empty for none.
        crop: side of what the model sees of a patch, cut after augmentation (px).
        folds: of cross-validation, by group.
        val_fraction: share of a fold's training groups held out to stop by and to calibrate with.
    """

    manifest: str = ""
    unlabelled: str = ""
    extra: str = ""
    crop: int = 64
    folds: int = 5
    val_fraction: float = 0.2


@dataclass(frozen=True)
class Model:
    """The architecture, see `models/build.py`.

    Attributes:
        kind: "two_stream" or "one_stream".
        stream: of a one-stream model: "photograph" or "av_map".
        depth: 18, 34 or 50.
        se: squeeze-and-excitation.
        norm: "group" or "batch".
        stride: of the fourth stage, 8, 16 or 32.
        stages: of the encoders' four; with 3 the last map has half the stride.
        pooling: of two streams: "bilinear", "concat" or "both".
        rank: of the bilinear pooling.
        dropout: before the classifier.
        align_vein: turn patch and map so that the vein runs level, and see their middle alone:
            1 / √2 of `data.crop`, to the next multiple of 16. Needs a stream of maps.
        weights: encoder to start from (timm's names); empty for random weights.
        init_from: trained grader of the same architecture to go on from; empty for none.
        frozen_stages: stages of the encoders that do not learn, 0-4.
    """

    kind: str = "two_stream"
    stream: str = "photograph"
    depth: int = 18
    se: bool = True
    norm: str = "group"
    stride: int = 32
    stages: int = 4
    pooling: str = "bilinear"
    rank: int = 64
    dropout: float = 0.2
    align_vein: bool = False
    weights: str = ""
    init_from: str = ""
    frozen_stages: int = 0


@dataclass(frozen=True)
class Train:
    """How it is trained.

    Attributes:
        loss: "ce", "ce_qwk" or "corn".
        width_loss_weight: weight of the loss of the vein's widths, where the manifest has them
            (columns `ratio_first`, `ratio_second`, as simulated nicking has); 0: grades alone.
        readings: outputs of `models/reading_outputs.py`, as trainings on readings need them.
        class_weights: weigh grades by how rare they are.
        balanced: draw grades equally often.
        epochs: at most.
        patience: epochs without a better validation QWK after which training stops.
        batch: patches a step.
        lr: highest learning rate of AdamW, after a warm-up and before a cosine.
        warmup: epochs until it is reached.
        weight_decay: of AdamW.
        average: share of the weights' moving average that is kept at each step. The average is
            what is evaluated and kept, and the teacher of the semi-supervised step.
        seed: of everything that is drawn.
        device: "cpu", "cuda", or "auto" for CUDA where there is one.
        amp: mixed precision on a GPU; a CPU computes in float32.
    """

    loss: str = "ce_qwk"
    width_loss_weight: float = 0.0
    readings: bool = False
    class_weights: bool = False
    balanced: bool = True
    epochs: int = 30
    patience: int = 10
    batch: int = 32
    lr: float = 5e-4
    warmup: int = 2
    weight_decay: float = 0.05
    average: float = 0.99
    seed: int = 0
    device: str = "auto"
    amp: bool = True


@dataclass(frozen=True)
class Augment:
    """Random changes of a training patch; geometry acts on patch and map alike, colour on the
    patch alone.

    Attributes:
        rotation: up to this many degrees either way.
        translate: up to this share of the side.
        zoom: between 1 - x and 1 + x.
        brightness, contrast, saturation: factors between 1 - x and 1 + x.
        hue: up to this share of the circle either way, 0-0.5.
        flip: mirror half of the patches.
        overlap: share of the patches whose overlap is called artery, which lies on top: detected
            maps know no overlap.
    """

    rotation: float = 180.0
    translate: float = 0.04
    zoom: float = 0.1
    brightness: float = 0.2
    contrast: float = 0.2
    saturation: float = 0.2
    hue: float = 0.02
    flip: bool = True
    overlap: float = 0.0


@dataclass(frozen=True)
class Semi:
    """The semi-supervised step: FixMatch (Sohn 2020) with a moving average as the teacher.

    Attributes:
        weight: of its loss; 0 turns it off.
        threshold: least confidence of the teacher for a pseudo-label to count.
        ratio: unlabelled patches a labelled one.
        start: epochs before it begins.
    """

    weight: float = 0.0
    threshold: float = 0.9
    ratio: int = 2
    start: int = 3


@dataclass(frozen=True)
class Config:
    """All of it."""

    data: Data = field(default_factory=Data)
    model: Model = field(default_factory=Model)
    train: Train = field(default_factory=Train)
    augment: Augment = field(default_factory=Augment)
    semi: Semi = field(default_factory=Semi)

    def dump(self) -> str:
        """YAML that `load_config_text` reads."""
        return yaml.safe_dump(dataclasses.asdict(self), sort_keys=False)


_BEFORE_TRAINING = ("kind", "weights", "init_from", "frozen_stages")
"""What a trained model needs no more: its name says the kind."""


def grader_settings(config: Config) -> dict[str, object]:
    """What `create_model` builds the grader of a config with, by the name `config.model.kind`."""
    model = dataclasses.asdict(config.model)
    return {
        "loss": config.train.loss,
        "widths": config.train.width_loss_weight > 0,
        "readings": config.train.readings,
        **{k: v for k, v in model.items() if k not in _BEFORE_TRAINING},
    }
