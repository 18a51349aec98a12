"""Training of the narrowing network on simulated nicking."""

import argparse
import json
import math
import time

import numpy as np
import torch
import torch.nn.functional as F
from scipy.stats import spearmanr
from sklearn.metrics import cohen_kappa_score, roc_auc_score

from av_grading.close_ups.fine_map import load_close_up
from av_grading.close_ups.strips import Strips, cut_strips
from av_grading.formats.files import write_whole
from av_grading.models.vein_strip import (
    EDGES,
    Narrowing,
    NarrowingNet,
    normalize,
    save_narrowing,
)
from av_grading.training.averaged import AveragedTraining
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
DECAY = 0.999
WARM_UP = 200


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
    shares = [
        network(held.strips[i : i + 64], held.widths()[i : i + 64]).softmax(dim=2)
        for i in range(0, len(held), 64)
    ]
    found = Narrowing(torch.cat(shares).double().numpy())
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


def train(args: argparse.Namespace) -> None:
    """Cut strips, learn, and keep the average of the weights; raises as `cut_strips`."""
    close_up = load_close_up(args.weights)
    data = cut_strips(close_up, args.train, args.output / "train.safetensors")
    held = cut_strips(close_up, args.val, args.output / "val.safetensors")
    torch.manual_seed(args.seed)
    training = AveragedTraining(
        NarrowingNet(),
        NarrowingNet(),
        steps=args.steps,
        lr=args.lr,
        weight_decay=args.weight_decay,
        warm_up=WARM_UP,
        decay=DECAY,
    )
    network, average = training.network, training.average
    last = args.output / "last.pt"
    first = training.resume(last) if args.resume else 0
    print(f"{len(data)} strips, {len(held)} held back; from step {first}", flush=True)
    truth, widths, history = truth_of(data.ratios), data.widths(), []
    began, total = time.monotonic(), 0.0
    for step in range(first, args.steps):
        rng = np.random.default_rng([args.seed, step])
        rows = torch.from_numpy(rng.integers(0, len(data), args.batch))
        strips = augment(normalize(data.strips[rows]), rng)
        network.train()
        logits = network.read(strips, widths[rows]).log_softmax(dim=2)
        loss = -(truth[rows] * logits).sum(dim=2).mean()
        training.learn(loss, step)
        total += loss.item()
        if (step + 1) % args.report == 0 or step + 1 == args.steps:
            figures = validate(average, held)[0]
            seconds = (time.monotonic() - began) / (step + 1 - first)
            history.append({"step": step + 1, "training_loss": total / args.report, **figures})
            text = "  ".join(f"{k} {v:.3f}" for k, v in figures.items())
            mean_loss = total / args.report
            print(f"step {step + 1}  {mean_loss:.3f}  {text}  {seconds:.3f} s", flush=True)
            total = 0.0
            training.keep(last, step + 1)
            save_narrowing(average, args.output / "narrowing.safetensors")
    write_whole(args.output / "history.json", json.dumps(history, indent=1))
