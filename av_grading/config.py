"""Every setting of a grader's training: YAML with dotted overrides, unknown keys refused."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

BASE = "_BASE_"
"""Key of the file, relative to this one, whose settings a YAML file changes."""


class ConfigError(ValueError):
    """A setting that is not there or does not fit; names file and key."""


@dataclass(frozen=True)
class Data:
    """What is read.

    Attributes:
        manifest: graded patches.
        unlabelled: patches for the semi-supervised step; empty for none.
        extra: graded patches of other photographs to learn from alone; empty for none.
        crop: side of what the model sees of a patch, cut after augmentation (px).
        folds: of cross-validation, by group.
        inner: share of a fold's training groups held out to stop by and to calibrate with.
    """

    manifest: str = ""
    unlabelled: str = ""
    extra: str = ""
    crop: int = 64
    folds: int = 5
    inner: float = 0.2


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
        level: turn patch and map so that the vein runs level, and see their middle alone: 1 / √2 of
            `data.crop`, to the next multiple of 16. Needs a stream of maps.
        weights: encoder to start from (timm's names); empty for random weights.
        start: trained grader of the same architecture to go on from; empty for none.
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
    level: bool = False
    weights: str = ""
    start: str = ""
    frozen_stages: int = 0


@dataclass(frozen=True)
class Train:
    """How it is trained.

    Attributes:
        loss: "ce", "ce_qwk" or "corn".
        widths: weight of the loss of the vein's widths, where the manifest has them (columns
            `ratio_first`, `ratio_second`, as simulated nicking has); 0: learn grades alone.
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
    widths: float = 0.0
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
        """YAML that `load_config` reads."""
        return yaml.safe_dump(dataclasses.asdict(self), sort_keys=False)


def load_config(path: Path | None, overrides: Sequence[str] = ()) -> Config:
    """Read a YAML file over its base or the defaults, then `section.key=value` overrides.

    Raises:
        ConfigError: unreadable, an unknown key, a value of another type, or bases that go round;
            names file and key.
    """
    config = Config() if path is None else _read(path, ())
    for text in overrides:
        name, sign, value = text.partition("=")
        section, dot, key = name.partition(".")
        if not sign or not dot:
            raise ConfigError(f"override: expected section.key=value, found {text!r}")
        config = _merge(config, {section: {key: yaml.safe_load(value)}}, "override")
    return config


def load_config_text(text: str, where: str, *, start_weights: bool = True) -> Config:
    """Read YAML over the defaults; it has no base.

    Args:
        text: the YAML.
        where: what messages call it.
        start_weights: keep `model.weights` and `model.start`; a trained model needs none to
            start from.

    Raises:
        ConfigError: see `load_config`.
    """
    config = _merge(Config(), _parse(text, where), where)
    if not start_weights:
        model = dataclasses.replace(config.model, weights="", start="")
        config = dataclasses.replace(config, model=model)
    return config


def _read(path: Path, derived: tuple[Path, ...]) -> Config:
    """A file over its base or the defaults; `derived` are the files that it is a base of."""
    if path.resolve() in derived:
        raise ConfigError(f"{path}: {BASE}: it is its own base")
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not a readable file: {error}") from error
    content = _parse(text, str(path))
    base = content.pop(BASE, None)
    if base is None:
        return _merge(Config(), content, str(path))
    if not isinstance(base, str):
        raise ConfigError(f"{path}: {BASE}: expected a file name, found {base!r}")
    config = _read(path.parent / base, (*derived, path.resolve()))
    return _merge(config, content, str(path))


def _parse(text: str, where: str) -> dict[str, Any]:
    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ConfigError(f"{where}: not readable as YAML: {error}") from error
    if not isinstance(content, dict):
        raise ConfigError(f"{where}: expected sections with keys, found {type(content).__name__}")
    return content


def _merge(config: Config, content: dict[str, Any], where: str) -> Config:
    sections: dict[str, Any] = {}
    known = {f.name for f in dataclasses.fields(config)}
    for section, values in content.items():
        if section not in known:
            raise ConfigError(f"{where}: unknown section {section!r}, there are {sorted(known)}")
        if not isinstance(values, dict):
            raise ConfigError(f"{where}: {section}: expected keys with values, found {values!r}")
        old = getattr(config, section)
        changes = {k: _fit(old, k, v, f"{where}: {section}.{k}") for k, v in values.items()}
        sections[section] = dataclasses.replace(old, **changes)
    return dataclasses.replace(config, **sections)


def _fit(section: Any, key: str, value: Any, where: str) -> Any:
    """The value as the section's own type."""
    if not hasattr(section, key):
        names = sorted(f.name for f in dataclasses.fields(section))
        raise ConfigError(f"{where}: unknown key, there are {', '.join(names)}")
    kind = type(getattr(section, key))
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if kind is float and isinstance(value, str):  # YAML reads 1e-3 as a word
        try:
            return float(value)
        except ValueError:
            pass
    if kind is str and value is None:
        return ""
    if type(value) is not kind:
        raise ConfigError(f"{where}: expected {kind.__name__}, found {value!r}")
    return value
