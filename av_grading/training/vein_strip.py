"""Training of the vein strip network on simulated nicking: what is left of a vein's width.

The close-ups are cut by datasets/cut_close_ups.py and seen as in use: through the fine map, along
the vein that is found in it. Strips are kept in the output folder and read when they are there.
"""

import math
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from scipy.stats import spearmanr
from sklearn.metrics import cohen_kappa_score, roc_auc_score

from av_grading.close_ups.fine_map import load_close_up
from av_grading.close_ups.strips import Strips, cut_strips
from av_grading.config import required
from av_grading.models.registry import DEFAULT_CLOSE_UP
from av_grading.models.vein_strip import (
    EDGES,
    Narrowing,
    NarrowingNet,
    normalize,
    save_narrowing,
)
from av_grading.training.trainer import Figures, Trainer, TrainerSettings
from av_grading.vessels.straighten import ALONG, COLUMNS

BLUR = 0.03
"""Standard deviation of a truth's ratio: no label's edge is surer than that."""
STRETCH_ALONG, STRETCH_ACROSS = 0.12, 0.2
"""Strips are seen up to so much longer or shorter, wider or narrower: cameras' scales are guesses,
and a vein's own width is measured beside a narrowing."""
SHIFT_ALONG = 1.5
"""How far the crossing lies off the strip's middle (standard deviation, DRIVE px)."""
SHIFT_ACROSS = 0.12
"""How far the centreline lies off the vein's (standard deviation, in its widths)."""
NO_MAP, NO_PIXELS = 0.25, 0.1
"""Shares of strips whose map, or pixels, are hidden: each has to be read by itself too."""
GRAIN = 0.25
"""Most grain that is added, in standard deviations of a strip."""
WEIGHTS = "vein_strip.safetensors"
"""What is written."""


@dataclass(frozen=True)
class Data:
    """What is read.

    Attributes:
        train: folder of close-ups to learn from.
        val: of other photographs, to report on.
        weights: of the close-up network; empty for the shipped one.
    """

    train: str = ""
    val: str = ""
    weights: str = ""


@dataclass(frozen=True)
class Model:
    """The architecture.

    Attributes:
        widths: channels of the levels, the finest first; multiples of 8.
    """

    widths: tuple[int, ...] = (24, 48, 64)


def _default_training() -> TrainerSettings:
    return TrainerSettings(
        steps=6000,
        batch=64,
        lr=1e-3,
        warmup=200,
        weight_decay=0.05,
        average=0.999,
        validate_every=500,
    )


@dataclass(frozen=True)
class VeinStripConfig:
    """All settings."""

    data: Data = field(default_factory=Data)
    model: Model = field(default_factory=Model)
    train: TrainerSettings = field(default_factory=_default_training)


CONFIG = VeinStripConfig()


def augment(strips: torch.Tensor, rng: np.random.Generator) -> torch.Tensor:
    """Strips of `normalize` as other cameras, lines and scales would give them."""
    count = len(strips)

    def normal(scale: float) -> torch.Tensor:
        return torch.from_numpy(rng.normal(0, scale, count).astype(np.float32))

    affine = torch.zeros(count, 2, 3)
    affine[:, 0, 0] = torch.exp(normal(STRETCH_ALONG / 2))
    affine[:, 1, 1] = torch.exp(normal(STRETCH_ACROSS / 2))
    affine[:, 0, 2] = normal(2 * SHIFT_ALONG / (COLUMNS * ALONG))
    affine[:, 1, 2] = normal(SHIFT_ACROSS / 2)
    affine[:, 1, 0] = normal(0.05)
    upside = torch.from_numpy(rng.random(count) < 0.5)
    affine[upside, 1] = -affine[upside, 1]
    grid = F.affine_grid(affine, list(strips.shape), align_corners=False)
    seen = F.grid_sample(strips, grid, padding_mode="border", align_corners=False)
    grain = torch.from_numpy(rng.uniform(0, GRAIN, (count, 1, 1, 1)).astype(np.float32))
    noise = torch.from_numpy(rng.standard_normal(seen[:, :3].shape, np.float32))
    pixels, shares = seen[:, :3] + grain * noise, seen[:, 3:]
    hidden = torch.from_numpy(rng.random(count).astype(np.float32)).view(-1, 1, 1, 1)
    shares = torch.where(hidden < NO_MAP, torch.zeros_like(shares), shares)
    pixels = torch.where(hidden > 1 - NO_PIXELS, torch.zeros_like(pixels), pixels)
    return torch.cat([pixels, shares], dim=1)


def truth_of(ratios: torch.Tensor) -> torch.Tensor:
    """Probabilities of the bins, (..., bins), of known ratios."""
    edges = torch.tensor([-math.inf, *EDGES, math.inf])
    below: torch.Tensor = torch.special.ndtr((edges - ratios[..., None]) / BLUR)
    return below.diff(dim=-1)


@torch.inference_mode()
def validate(network: NarrowingNet, held: Strips) -> tuple[dict[str, float], Narrowing]:
    """Figures over held-out strips, each as it is and nicked, and what was read there."""
    network.eval()
    device, widths = next(network.parameters()).device, held.widths()
    shares = [
        network(held.strips[i : i + 64].to(device), widths[i : i + 64].to(device)).softmax(dim=2)
        for i in range(0, len(held), 64)
    ]
    found = Narrowing(torch.cat(shares).cpu().double().numpy())
    grades = held.table["grade"].to_numpy(int)
    nicked = (held.table["kind"] == "nicked").to_numpy()
    probabilities = found.probabilities()
    truth, ratios = held.ratios.min(dim=1).values.numpy(), found.ratios.min(axis=1)
    logs = np.log(np.clip(found.shares, 1e-6, 1))
    return {
        "loss": float(-(truth_of(held.ratios).numpy() * logs).sum(axis=2).mean()),
        "qwk": float(
            cohen_kappa_score(
                grades[nicked],
                np.rint(probabilities @ np.arange(4))[nicked],
                weights="quadratic",
            )
        ),
        "auc_grade2": float(
            roc_auc_score(grades[nicked] >= 2, probabilities[nicked, 2:].sum(axis=1))
        ),
        "ratio_spearman": float(spearmanr(truth[nicked], ratios[nicked])[0]),
    }, found


def train(config: VeinStripConfig, output: Path, *, resume: bool) -> None:
    """Cut strips, train, and write `WEIGHTS`; raises as `cut_strips` and `Trainer`."""
    settings = config.train
    folders = [
        required(path, f"data.{name}", "a folder of close-ups")
        for name, path in (("train", config.data.train), ("val", config.data.val))
    ]
    close_up = load_close_up(Path(config.data.weights or DEFAULT_CLOSE_UP), head=False)
    data = cut_strips(close_up, folders[0], output / "train.safetensors")
    held = cut_strips(close_up, folders[1], output / "val.safetensors")
    truth, widths = truth_of(data.ratios), data.widths()
    trainer = Trainer(lambda: NarrowingNet(config.model.widths), config, settings, output)

    def losses_of(network: NarrowingNet, step: int) -> dict[str, torch.Tensor]:
        rng = np.random.default_rng([settings.seed, step])
        rows = torch.from_numpy(rng.integers(0, len(data), settings.batch))
        strips = augment(normalize(data.strips[rows]), rng)
        inputs, wide, wanted = (x.to(trainer.device) for x in (strips, widths[rows], truth[rows]))
        logits = network.read(inputs, wide).log_softmax(dim=2)
        return {"loss": -(wanted * logits).sum(dim=2).mean()}

    def figures_of(network: NarrowingNet) -> Figures:
        return validate(network, held)[0]

    def save(network: NarrowingNet) -> None:
        save_narrowing(network, output / WEIGHTS)

    print(f"{len(data)} strips, {len(held)} held back", flush=True)
    trainer.fit(losses_of, figures_of, save, resume=resume)
