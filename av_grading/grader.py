"""A trained grader: what applies it, and the one file that holds it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from av_grading.command_line.defaults import VIEWS as VIEWS
from av_grading.config import KINDS, Config, ConfigError, grader_settings
from av_grading.data.patch_set import PatchSet
from av_grading.data.transforms import to_inputs
from av_grading.formats.config_file import load_config_text
from av_grading.formats.grade_definition import GRADES
from av_grading.formats.labels import OVERLAP
from av_grading.models.bfloat16 import in_bfloat16
from av_grading.models.reading_outputs import Answers, probabilities_of_outputs
from av_grading.models.registry import DEFAULT_GRADER as DEFAULT_GRADER
from av_grading.models.weights_file import WeightsError, build, read_model, save_model
from av_grading.training.losses import probabilities_of
from av_grading.training.trainer import find_device

Rows = NDArray[np.int64]
Probabilities = NDArray[np.float64]
FLIPS: tuple[tuple[int, ...], ...] = ((), (2, 3), (2,), (3,))
"""Axes along which a patch and its map are flipped. A grade is the same on both sides of a mirror;
a network only nearly so, and the mean of its logits is nearer to the truth than any of them."""


@dataclass(frozen=True)
class Grader:
    """A trained model with what is needed to apply it.

    Attributes:
        model: in evaluation mode.
        config: that it was trained with.
        temperature: that its logits are divided by.
        history: figures of every epoch.
        views: how many flips of a patch its answer is the mean of, one of `VIEWS`.
    """

    model: nn.Module
    config: Config
    temperature: float = 1.0
    history: list[dict[str, float]] = field(default_factory=list)
    views: int = len(FLIPS)

    def predict(self, data: PatchSet, rows: Rows) -> NDArray[np.float64]:
        """Calibrated probabilities of the grades, (N, 4)."""
        flips = FLIPS[: self.views]
        logits = predict_logits(self.model, data, rows, self.config.data.crop, flips)
        found = probabilities_of(logits / self.temperature, self.config.train.loss)
        return np.asarray(found.double().numpy())

    @property
    def learned_from_readings(self) -> bool:
        """Whether it says of a crossing what readings say; see `read`."""
        return self.config.train.readings

    def read(self, data: PatchSet, rows: Rows) -> Answers:
        """What it says of crossings beside the grade.

        Which side of the vein is first is not known to it: `sides` are the worse and the better.

        Raises:
            ValueError: it did not learn from readings.
        """
        if not self.learned_from_readings:
            raise ValueError("expected a grader that learned from readings, found another")
        flips = FLIPS[: self.views]
        logits = predict_logits(self.model, data, rows, self.config.data.crop, flips)
        return Answers.of(np.asarray(probabilities_of_outputs(logits).double().numpy()))

    def grade(self, patches: NDArray[np.uint8], maps: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Calibrated probabilities of the grades of patches in memory.

        Args:
            patches: RGB, (N, P, P, 3), 0-255, each around a crossing; P at least
                `config.data.crop` px. One DRIVE px is as long as in those that it learned from:
                the shipped grader takes 96 px for 48 DRIVE px.
            maps: labels of the same pixels, (N, P, P): 0 background, 1 artery, 2 vein, 3 overlap.

        Returns:
            (N, 4): probabilities of the grades 0-3, rows sum to one.

        Raises:
            ValueError: other shapes, another type than uint8, labels beyond 3, or patches that are
                smaller than the crop.

        Examples:
            >>> from av_grading import load_grader
            >>> from av_grading.caliber.vein_phantom import draw_vein
            >>> phantom = draw_vein(np.random.default_rng(0), width=8.0, artery=6.0)
            >>> found = load_grader().grade(phantom.photograph[None], phantom.av_map[None])
            >>> found.shape, round(float(found.sum()), 3)
            ((1, 4), 1.0)
        """
        count, side = patches.shape[0], patches.shape[1] if patches.ndim > 1 else 0
        for name, pixels, shape in (
            ("patches", patches, (count, side, side, 3)),
            ("maps", maps, (count, side, side)),
        ):
            if pixels.shape != shape or pixels.dtype != np.uint8:
                raise ValueError(
                    f"{name}: expected {shape} of uint8, found {pixels.shape} of {pixels.dtype}"
                )
        if maps.max(initial=0) > OVERLAP:
            raise ValueError(f"maps: expected labels 0-{OVERLAP}, found {maps.max()}")
        data = PatchSet(
            torch.from_numpy(np.ascontiguousarray(patches.transpose(0, 3, 1, 2))),
            torch.from_numpy(np.ascontiguousarray(maps)),
            torch.full((count,), -1),
            [""] * count,
        )
        return self.predict(data, np.arange(count)) if count else np.zeros((0, len(GRADES)))

    def in_bfloat16(self) -> "Grader":
        """The same grader with encoders in bfloat16, for inference alone."""
        return replace(self, model=in_bfloat16(self.model))


def predict_members(graders: Mapping[str, Grader], data: PatchSet) -> dict[str, Probabilities]:
    """What each grader says of a whole set, (N, 4) by its name; see `decision.decide`."""
    rows = np.arange(len(data))
    return {name: grader.predict(data, rows) for name, grader in graders.items()}


def device_of(config: Config) -> torch.device:
    """The device that the settings mean here.

    Raises:
        ConfigError: CUDA, where torch finds no GPU.
    """
    return find_device(config.train.device)


@torch.inference_mode()
def predict_logits(
    model: nn.Module,
    data: PatchSet,
    rows: Rows,
    crop: int,
    flips: tuple[tuple[int, ...], ...] = ((),),
    batch: int = 32,
) -> torch.Tensor:
    """Logits (N, K) of patches, mean over flips, on the CPU in float32.

    Args:
        model: two streams or one.
        data: patches.
        rows: of the set.
        crop: side of the middle that the model sees (px of the patch).
        flips: axes of (N, 3, crop, crop) to flip along, for each view; as it is by default.
        batch: patches at once.
    """
    model.eval()
    device = next(model.parameters()).device
    found = []
    for start in range(0, len(rows), batch):
        part = torch.as_tensor(rows[start : start + batch])
        inputs = to_inputs(data.patches[part], data.maps[part], crop)
        views = [torch.cat([x.flip(axes) for axes in flips]).to(device) for x in inputs]
        found.append(model(*views).float().view(len(flips), len(part), -1).mean(dim=0).cpu())
    return torch.cat(found)


def save_grader(grader: Grader, path: Path) -> None:
    """Write weights with the config and temperature as metadata; raises as `save_model`."""
    config = grader.config
    save_model(
        path,
        config.model.kind,
        grader_settings(config),
        grader.model.state_dict(),
        {"config": config.dump(), "temperature": json.dumps(grader.temperature)},
    )


def load_grader(path: Path | str = DEFAULT_GRADER, device: str = "cpu") -> Grader:
    """Read a grader's file, as trainings write it; the shipped one by default.

    Args:
        path: a `.safetensors` file, which holds the config too.
        device: of torch, where the model works; what goes in and comes out is on the CPU.

    Raises:
        WeightsError: missing, damaged, of another kind, or its weights do not fit its config.
    """
    file = read_model(Path(path), *KINDS)
    try:
        text, temperature = file.metadata["config"], json.loads(file.metadata["temperature"])
        config = load_config_text(text, f"{path}: its config", initial_weights=False)
    except ConfigError as error:
        raise WeightsError(str(error)) from error
    except (KeyError, ValueError) as error:
        raise WeightsError(f"{path}: expected a grader's config, temperature ({error})") from error
    said = grader_settings(config)
    if config.model.kind != file.architecture or any(
        said.get(name) != value for name, value in file.settings.items()
    ):
        raise WeightsError(f"{path}: its config is of another architecture than its settings")
    return Grader(build(file).to(device), config, float(temperature))
