"""Attribution maps by Captum, one for each stream.

Grad-CAM: Selvaraju 2017, https://arxiv.org/abs/1610.02391. Integrated gradients: Sundararajan 2017,
https://arxiv.org/abs/1703.01365. Occlusion: Zeiler 2014, https://arxiv.org/abs/1311.2901.
"""

from dataclasses import dataclass

import numpy as np
import torch
from captum.attr import IntegratedGradients, LayerAttribution, LayerGradCam, Occlusion
from numpy.typing import NDArray
from tqdm import tqdm

from av_grading.attribution.options import METHOD
from av_grading.attribution.options import METHODS as METHODS
from av_grading.attribution.reference import without_vessels
from av_grading.attribution.scored import Inputs, Scored
from av_grading.data.patch_set import PatchSet
from av_grading.data.transforms import to_inputs
from av_grading.models.align_vein import turn, vein_angles

STEPS = 32
"""Of integrated gradients."""
WINDOW, STRIDE = 3 / 16, 1 / 8
"""Of the occluding square, as shares of the side."""

Maps = NDArray[np.float32]


@dataclass(frozen=True)
class Attribution:
    """Where some patches' scores come from.

    Attributes:
        maps: stream → (N, H, H), positive where a pixel raises the score.
        delta: (N,), how far integrated gradients are from adding up to the score's difference
            from the reference; None for the other methods.
    """

    maps: dict[str, Maps]
    delta: Maps | None = None

    def positive(self, stream: str) -> Maps:
        """What raises the score, each map's sum 1, or 0 where nothing does: (N, H, H)."""
        return _scaled(self.maps[stream].clip(min=0))

    def combined(self) -> Maps:
        """Mean of the streams' `positive` maps: (N, H, H)."""
        each = [self.positive(name) for name in self.maps]
        return np.asarray(np.mean(each, axis=0), np.float32)

    def signed(self) -> Maps:
        """Mean of the streams' maps with what lowers the score below 0, each map's absolute sum 1,
        or 0 where it is empty: (N, H, H)."""
        return np.asarray(
            np.mean([_scaled(maps) for maps in self.maps.values()], axis=0), np.float32
        )


def _scaled(maps: Maps) -> Maps:
    """Maps (N, H, H), the absolute values of each summing to 1, or 0 where it is empty."""
    total = np.abs(maps).sum(axis=(1, 2), keepdims=True)
    return np.asarray(maps / np.where(total > 0, total, 1), np.float32)


def attribute(
    scored: Scored,
    data: PatchSet,
    targets: torch.Tensor,
    *,
    crop: int,
    method: str = METHOD,
    batch: int = 32,
    title: str | None = None,
) -> Attribution:
    """Attribution maps of all patches of a set, at the size that the grader sees.

    Args:
        scored: the grader.
        data: patches of at least `crop` px.
        targets: (N,), see `choose_targets`.
        crop: side that the grader sees (px).
        method: one of `METHODS`.
        batch: patches at a time.
        title: of a progress bar; none without it.

    Raises:
        ValueError: unknown method, or the patches are smaller than the crop.
    """
    if method not in METHODS:
        raise ValueError(f"method: expected one of {', '.join(METHODS)}, found {method!r}")
    explain = {"gradcam": _gradcam, "integrated_gradients": _integrated, "occlusion": _occluded}
    found: list[list[torch.Tensor]] = []
    deltas = []
    hidden = None if title else True
    for start in tqdm(range(0, len(data), batch), title, disable=hidden, unit="batch"):
        part = slice(start, start + batch)
        inputs = scored.pick(to_inputs(data.patches[part], data.maps[part], crop))
        maps, delta = explain[method](scored, inputs, targets[part].to(scored.device))
        found.append(maps)
        deltas.append(delta)
    each = [torch.cat(maps).numpy() for maps in zip(*found, strict=True)]
    known = [d for d in deltas if d is not None]
    total = torch.cat(known).numpy() if known else None
    return Attribution(dict(zip(scored.streams, each, strict=True)), total)


Explained = tuple[list[torch.Tensor], torch.Tensor | None]


def _gradcam(scored: Scored, inputs: Inputs, targets: torch.Tensor) -> Explained:
    maps = []
    side = inputs[0].shape[-1]
    seen = scored.seen_side(side)
    for stream in scored.streams:
        method = LayerGradCam(scored, scored.last_stage(stream))
        cells = method.attribute(inputs, target=targets, relu_attributions=True)
        full = LayerAttribution.interpolate(cells, (seen, seen), interpolate_mode="bilinear")
        full = full.detach().float()
        if scored.align_vein:  # back to where the pixels were; the map is the last input
            full = turn(full, -vein_angles(inputs[-1]), side)
        maps.append(full[:, 0].cpu())
    return maps, None


def _integrated(scored: Scored, inputs: Inputs, targets: torch.Tensor) -> Explained:
    found, delta = IntegratedGradients(scored).attribute(
        inputs,
        baselines=without_vessels(inputs, scored.streams),
        target=targets,
        n_steps=STEPS,
        internal_batch_size=max(64, len(targets)),
        return_convergence_delta=True,
    )
    return _sum_channels(found), delta.detach().float().cpu()


def _occluded(scored: Scored, inputs: Inputs, targets: torch.Tensor) -> Explained:
    side = inputs[0].shape[-1]
    window, stride = max(1, round(WINDOW * side)), max(1, round(STRIDE * side))
    with torch.no_grad():
        found = Occlusion(scored).attribute(
            inputs,
            sliding_window_shapes=((3, window, window),) * len(inputs),
            strides=((3, stride, stride),) * len(inputs),
            baselines=without_vessels(inputs, scored.streams),
            target=targets,
        )
    return _sum_channels(found), None


def _sum_channels(found: Inputs) -> list[torch.Tensor]:
    return [x.sum(dim=1).detach().float().cpu() for x in found]
