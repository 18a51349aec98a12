"""Training of the close-up network: a map that follows the edges the picture shows.

The close-ups are cut by datasets/cut_close_ups.py: labels are squeezed and faded with their
photographs, so that a map which smooths a narrowing away is wrong.
"""

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import numpy as np
import torch
import torch.nn.functional as F

from av_grading.close_ups.cut import SCALE, to_inputs
from av_grading.close_ups.fine_map import CloseUp, save_close_up
from av_grading.close_ups.load import CloseUps, load_close_ups
from av_grading.config import ConfigError, required
from av_grading.models.close_up_unet import CloseUpNet
from av_grading.models.registry import close_up_maps, create_model
from av_grading.training.trainer import Figures, Trainer, TrainerSettings

WEIGHTS = "close_up_map.safetensors"
"""What is written."""
NEAR = 20.0
"""Pixels count more within this distance of the crossing (standard deviation, px)."""
NEAR_WEIGHT = 8.0
"""How much more: what tells a grade is the vein's wall over a few px beside the artery."""


@dataclass(frozen=True)
class Data:
    """What is read: folders of datasets/cut_close_ups.py.

    Attributes:
        train: close-ups to learn from.
        val: of other photographs, to report on.
        held: how many of these reports are of; crossings stay whole.
    """

    train: str = ""
    val: str = ""
    held: int = 300


@dataclass(frozen=True)
class Model:
    """The architecture.

    Attributes:
        architecture: one of `close_up_maps`.
        widths: channels of the levels, the finest first; multiples of 8.
    """

    architecture: str = "close_up_unet"
    widths: tuple[int, ...] = (32, 64, 96, 128)

    def __post_init__(self) -> None:
        if self.architecture not in close_up_maps():
            known = ", ".join(close_up_maps())
            raise ConfigError(f"architecture: expected one of {known}, found {self.architecture!r}")

    def build(self) -> CloseUpNet:
        """The network, with random weights."""
        return cast(CloseUpNet, create_model(self.architecture, widths=self.widths))


@dataclass(frozen=True)
class Augment:
    """How close-ups are seen.

    Attributes:
        crop: side of what is seen of a close-up (px); in use it is all of it.
        zoom: seen up to this many times larger or smaller: a camera's scale is a guess.
        known: share of close-ups whose coarse map is seen: patches alone have none.
    """

    crop: int = 112
    zoom: float = 1.25
    known: float = 0.65


@dataclass(frozen=True)
class CloseUpMapConfig:
    """All settings."""

    data: Data = field(default_factory=Data)
    model: Model = field(default_factory=Model)
    train: TrainerSettings = field(default_factory=lambda: TrainerSettings(lr=2e-3))
    augment: Augment = field(default_factory=Augment)


CONFIG = CloseUpMapConfig()


def batch_of(
    data: CloseUps, rows: np.ndarray, rng: np.random.Generator, settings: Augment
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Augmented inputs (B, 6, P, P), shares (B, 4, P, P) and weights (B, P, P)."""
    index = torch.as_tensor(rows)
    crop, most = settings.crop, math.log(settings.zoom)
    zoom = math.exp(rng.uniform(-most, most))
    stored = data.patches.shape[-1]
    side = min(stored, SCALE * round(crop / zoom / SCALE))
    coarse_side = stored // SCALE
    stores: tuple[list[torch.Tensor], ...] = ([], [], [], [])
    for i, center in zip(index.tolist(), data.centers()[index].tolist(), strict=True):
        # Whole coarse px, so that both maps are cut at the same place.
        left, top = (_start(c, side, coarse_side, rng) for c in center)
        window = slice(top, top + side), slice(left, left + side)
        small = tuple(slice(s.start // SCALE, s.stop // SCALE) for s in window)
        turns, flip = int(rng.integers(4)), bool(rng.integers(2))
        place = torch.zeros(1, side, side)
        x, y = center[0] - left, center[1] - top
        grid = torch.arange(side, dtype=torch.float32)
        place[0] = torch.exp(-((grid - x)[None] ** 2 + (grid - y)[:, None] ** 2) / (2 * NEAR**2))
        found = (
            data.patches[i][(slice(None), *window)],
            data.labels[i][(slice(None), *window)],
            data.coarse[i][(slice(None), *small)],
            place,
        )
        turned = [torch.rot90(f, turns, (1, 2)) for f in found]
        turned = [f.flip(2) if flip else f for f in turned]
        for store, f in zip(stores, turned, strict=True):
            store.append(f)
    patches, labels, coarse, places = stores
    size = (crop, crop)
    image = F.interpolate(torch.stack(patches).float(), size=size, mode="bilinear", antialias=True)
    share = F.interpolate(torch.stack(labels).float() / 255, size=size, mode="bilinear")
    near = F.interpolate(torch.stack(places), size=size, mode="bilinear")[:, 0]
    known = torch.from_numpy((rng.random(len(rows)) < settings.known).astype(np.float32))
    return (
        to_inputs(_as_cameras_do(image, rng), torch.stack(coarse), known),
        share,
        (1 + NEAR_WEIGHT * near) * (1 - share[:, 3]),
    )


def _start(center: float, side: int, coarse_side: int, rng: np.random.Generator) -> int:
    """Where a window of `side` px starts that has the crossing well inside, in whole coarse px."""
    last = coarse_side - side // SCALE
    low = max(0, math.ceil((center - 0.75 * side) / SCALE))
    high = min(last, math.floor((center - 0.25 * side) / SCALE))
    return SCALE * int(rng.integers(min(low, last), max(high, min(low, last)) + 1))


def _as_cameras_do(images: torch.Tensor, rng: np.random.Generator) -> torch.Tensor:
    """Change light, colour, sharpness and grain of images (B, 3, P, P), 0-255."""
    count = len(images)
    gain = torch.from_numpy(rng.uniform(0.75, 1.3, (count, 3, 1, 1)).astype(np.float32))
    gamma = torch.from_numpy(rng.uniform(0.75, 1.33, (count, 1, 1, 1)).astype(np.float32))
    changed = 255 * ((images.clamp(0) / 255) ** gamma * gain).clamp(0, 1)
    sigma = float(rng.uniform(0, 1.6)) if rng.random() < 0.4 else 0.0
    if sigma > 0.3:
        reach = max(1, math.ceil(2.5 * sigma))
        x = torch.arange(-reach, reach + 1, dtype=torch.float32)
        kernel = torch.exp(-(x**2) / (2 * sigma**2))
        kernel = (kernel / kernel.sum()).view(1, 1, -1).expand(3, 1, -1)
        padded = F.pad(changed, (reach,) * 4, mode="reflect")
        changed = F.conv2d(
            F.conv2d(padded, kernel[:, :, None], groups=3), kernel[..., None], groups=3
        )
    grain = float(rng.uniform(0, 6))
    noise = rng.standard_normal(changed.shape, np.float32)
    return (changed + grain * torch.from_numpy(noise)) * (changed.amax(1, keepdim=True) > 8)


def map_loss(logits: torch.Tensor, share: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """Cross-entropy with shares of labels, and Dice of arteries and veins, a scalar.

    Args:
        logits: (B, 4, P, P).
        share: of artery, vein, overlap (and unknown), (B, 4, P, P), 0-1.
        weight: of pixels, (B, P, P).
    """
    kinds = share[:, :3]
    target = torch.cat([(1 - kinds.sum(1, keepdim=True)).clamp(min=0), kinds], dim=1)
    entropy = -(target * logits.log_softmax(dim=1)).sum(dim=1)
    loss = (entropy * weight).sum() / weight.sum()
    predicted = logits.softmax(dim=1)
    for kind in (1, 2):
        p, t = predicted[:, kind] + predicted[:, 3], target[:, kind] + target[:, 3]
        both, total = (weight * p * t).sum((1, 2)), (weight * (p + t)).sum((1, 2))
        loss = loss + 0.5 * (1 - (2 * both + 20) / (total + 20)).mean()
    return loss


@torch.inference_mode()
def validate(network: CloseUpNet, data: CloseUps) -> dict[str, float]:
    """How well maps of close-ups follow their labels.

    Returns:
        artery_dice, vein_dice near the crossing; width_follow: over nicked close-ups, correlation
        of what is left of the vein beside the crossing (share of that as it is) in the map and in
        the labels.
    """
    network.eval()
    device = next(network.parameters()).device
    side = data.patches.shape[-1]
    grid = torch.arange(side, dtype=torch.float32)
    dice: dict[str, list[float]] = {"artery": [], "vein": []}
    area = np.zeros((len(data), 2))
    for start in range(0, len(data), 16):
        part = slice(start, start + 16)
        inputs = to_inputs(data.patches[part], data.coarse[part]).to(device)
        predicted = network(inputs).softmax(dim=1).cpu()
        truth = data.labels[part].float() / 255
        center = data.centers()[part]
        away = (
            (grid - center[:, :1])[:, None] ** 2 + (grid - center[:, 1:])[:, :, None] ** 2
        ).sqrt()
        near = ((away < 15 * SCALE) & (truth[:, 3] < 0.5)).float()
        ring = ((away > 2.5 * SCALE) & (away < 9 * SCALE)).float()
        for name, kind in (("artery", 1), ("vein", 2)):
            p, t = predicted[:, kind] + predicted[:, 3], truth[:, kind - 1] + truth[:, 2]
            hard = (p > 0.5).float() * near
            label = (t > 0.5).float() * near
            total = (hard + label).sum((1, 2))
            found = 2 * (hard * label).sum((1, 2)) / total.clamp(min=1)
            dice[name] += found[total > 0].tolist()
        area[part] = torch.stack(
            [(predicted[:, 2] * ring).sum((1, 2)), (truth[:, 1] * ring).sum((1, 2))], dim=1
        ).numpy()
    table = data.table.assign(predicted=area[:, 0], truth=area[:, 1])
    plain = table[table["kind"] == "plain"].set_index(["group", "crossing"])[["predicted", "truth"]]
    nicked = table[table["kind"] == "nicked"].join(
        plain, on=["group", "crossing"], rsuffix="_plain"
    )
    nicked = nicked[nicked["predicted_plain"].notna()]
    left = np.log(
        nicked[["predicted", "truth"]].to_numpy().clip(1)
        / nicked[["predicted_plain", "truth_plain"]].to_numpy().clip(1)
    )
    return {
        "artery_dice": float(np.mean(dice["artery"])),
        "vein_dice": float(np.mean(dice["vein"])),
        "width_follow": float(np.corrcoef(left.T)[0, 1]) if len(left) > 2 else math.nan,
    }


def weights_of(data: CloseUps) -> np.ndarray:
    """How often each close-up is drawn: sets alike up to a factor of two, squeezed ones twice."""
    counts = data.table["set"].value_counts()
    weight = data.table["set"].map((1 / counts**0.5).to_dict()).to_numpy(float)
    weight = weight * np.where(data.table["kind"].isin(["nicked", "plain"]), 2.0, 1.0)
    return np.asarray(weight / weight.sum())


def train(config: CloseUpMapConfig, output: Path, *, resume: bool) -> None:
    """Train, and write `WEIGHTS`; raises as `load_close_ups` and `Trainer`."""
    settings = config.train
    data = load_close_ups(required(config.data.train, "data.train", "a folder of close-ups"))
    held = load_close_ups(required(config.data.val, "data.val", "a folder of close-ups"))
    few = _part(held, _whole_crossings(held, config.data.held))
    chances = weights_of(data)
    trainer = Trainer(config.model.build, config, settings, output)

    def losses_of(network: CloseUpNet, step: int) -> dict[str, torch.Tensor]:
        rng = np.random.default_rng([settings.seed, step])
        rows = rng.choice(len(data), settings.batch, p=chances)
        inputs, share, weight = (
            x.to(trainer.device) for x in batch_of(data, rows, rng, config.augment)
        )
        return {"loss": map_loss(network(inputs), share, weight)}

    def figures_of(network: CloseUpNet) -> Figures:
        return validate(network, few)

    def save(network: CloseUpNet) -> None:
        close_up = CloseUp(network, architecture=config.model.architecture)
        save_close_up(close_up, output / WEIGHTS)

    print(f"{len(data)} close-ups, {len(few)} held back", flush=True)
    trainer.fit(losses_of, figures_of, save, resume=resume)


def _whole_crossings(data: CloseUps, count: int) -> np.ndarray:
    """Rows of some crossings, each with all of its close-ups, the same whenever it is asked."""
    names = data.table[["group", "crossing", "x_px"]].astype(str)
    crossing = names["group"] + names["crossing"].where(
        data.table["crossing"].notna(), names["x_px"]
    )
    codes = crossing.factorize()[0]
    order = np.random.default_rng(0).permutation(codes.max() + 1)
    return np.argsort(order[codes], kind="stable")[:count]


def _part(data: CloseUps, rows: np.ndarray) -> CloseUps:
    index = torch.as_tensor(np.sort(rows))
    table = data.table.iloc[np.sort(rows)].reset_index(drop=True)
    return CloseUps(data.patches[index], data.labels[index], data.coarse[index], table)
