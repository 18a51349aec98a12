"""Training of the sign strip on drawn nicking: what is left to see of a vein.

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

from av_grading.close_ups.fine_map import load_close_up
from av_grading.close_ups.strips import Strips, cut_strips
from av_grading.config import required
from av_grading.models.registry import DEFAULT_CLOSE_UP, FORMER_NARROWING
from av_grading.models.sign_strip import (
    EDGES,
    FORMER_NAME,
    NAME,
    SignReader,
    SignStrip,
    StripSigns,
    normalize,
    save_sign_reader,
)
from av_grading.models.weights_file import read_model
from av_grading.signs.strip_signs import READ
from av_grading.training.trainer import Figures, Trainer, TrainerSettings
from av_grading.vessels.straighten import ALONG, COLUMNS

BLUR = 0.04
"""Standard deviation of a truth: no label's edge is surer than that."""
STRETCH_ALONG, STRETCH_ACROSS = 0.12, 0.2
"""Strips are seen up to so much longer or shorter, wider or narrower: cameras' scales are guesses,
and a vein's own width is measured beside a narrowing."""
SHIFT_ALONG = 1.5
"""How far the crossing lies off the strip's middle (standard deviation, DRIVE px)."""
SHIFT_ACROSS = 0.12
"""How far the centreline lies off the vein's (standard deviation, in its widths)."""
WIDTH_NOISE = 0.1
"""A vein's own width is measured with about this relative error."""
NO_MAP, NO_PIXELS = 0.25, 0.1
"""Shares of strips whose map, or pixels, are hidden: each has to be read by itself too."""
GRAIN = 0.25
"""Most grain that is added, in standard deviations of a strip."""
WEIGHTS = "sign_strip.safetensors"
"""What is written."""


@dataclass(frozen=True)
class Data:
    """What is read.

    Attributes:
        train: folder of close-ups to learn from, with signs drawn as in patients.
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
        init_from: sign strip, or narrowing network of 0.2.0, to start from; empty for the shipped
            narrowing network, "random" for none.
    """

    widths: tuple[int, ...] = (24, 48, 64)
    init_from: str = ""


@dataclass(frozen=True)
class SignStripConfig:
    """All settings."""

    data: Data = field(default_factory=Data)
    model: Model = field(default_factory=Model)
    train: TrainerSettings = field(
        default_factory=lambda: TrainerSettings(
            steps=1200, batch=64, lr=1e-3, warmup=100, weight_decay=0.05, validate_every=200
        )
    )


CONFIG = SignStripConfig()


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


def truth_of(values: torch.Tensor) -> torch.Tensor:
    """Probabilities of the bins, (..., Q, bins), of known values (..., Q); 0 where they are NaN."""
    edges = torch.tensor([-math.inf, *EDGES, math.inf])
    below: torch.Tensor = torch.special.ndtr((edges - values[..., None]) / BLUR)
    return torch.nan_to_num(below.diff(dim=-1), 0.0)


def loss_of(logits: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
    """Mean cross-entropy of what is known."""
    each = -(wanted * logits.log_softmax(dim=-1)).sum()
    return each / wanted.sum().clamp(min=1)


def validate(network: SignStrip, held: Strips) -> dict[str, float]:
    """Rank correlations over held-out strips, read as in use."""
    reader, widths = SignReader(network.eval()), held.widths().tolist()
    parts = [slice(i, i + 64) for i in range(0, len(held), 64)]
    shares = [reader.read(list(held.strips[part].numpy()), widths[part]).shares for part in parts]
    found, truth = StripSigns(np.concatenate(shares)), held.truth.numpy()
    logs = torch.from_numpy(np.log(np.clip(found.shares, 1e-6, 1)))
    figures = {"loss": float(loss_of(logs, truth_of(held.truth).double()))}
    nicked = (held.table["kind"] == "nicked").to_numpy()
    for number, name in enumerate(READ):
        known = np.isfinite(truth[..., number]) & nicked[:, None]
        if known.sum() > 2:
            pair = truth[known, number], found.means[known, number]
            figures[f"{name}_spearman"] = float(spearmanr(*pair)[0])
    return figures


def build(settings: Model) -> SignStrip:
    """The network that training starts from.

    Raises:
        WeightsError: the file cannot be read, or is of another kind or other widths.
    """
    network = SignStrip(settings.widths)
    if settings.init_from != "random":
        file = read_model(Path(settings.init_from or FORMER_NARROWING), NAME, FORMER_NAME)
        network.start_from(file)
    return network


def train(config: SignStripConfig, output: Path, *, resume: bool) -> None:
    """Cut strips, train, and write `WEIGHTS`; raises as `cut_strips` and `Trainer`."""
    settings = config.train
    folders = [
        required(path, f"data.{name}", "a folder of close-ups")
        for name, path in (("train", config.data.train), ("val", config.data.val))
    ]
    close_up = load_close_up(Path(config.data.weights or DEFAULT_CLOSE_UP), head=False)
    data = cut_strips(close_up, folders[0], output / "train.safetensors")
    held = cut_strips(close_up, folders[1], output / "val.safetensors")
    truth, widths = truth_of(data.truth), data.widths()
    trainer = Trainer(lambda: build(config.model), config, settings, output)

    def losses_of(network: SignStrip, step: int) -> dict[str, torch.Tensor]:
        rng = np.random.default_rng([settings.seed, step])
        rows = torch.from_numpy(rng.integers(0, len(data), settings.batch))
        strips = augment(normalize(data.strips[rows]), rng)
        noise = torch.from_numpy(np.exp(rng.normal(0, WIDTH_NOISE, len(rows))).astype(np.float32))
        given = (strips, widths[rows] * noise, truth[rows])
        inputs, wide, wanted = (x.to(trainer.device) for x in given)
        return {"loss": loss_of(network.read(inputs, wide), wanted)}

    def figures_of(network: SignStrip) -> Figures:
        return validate(network, held)

    def save(network: SignStrip) -> None:
        save_sign_reader(network, output / WEIGHTS)

    print(f"{len(data)} strips, {len(held)} held back", flush=True)
    trainer.fit(losses_of, figures_of, save, resume=resume)
