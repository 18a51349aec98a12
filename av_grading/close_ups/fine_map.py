"""A trained close-up network: what applies it, and the one file that holds it."""

import copy
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray

from av_grading.close_ups.cut import to_inputs
from av_grading.models.close_up_unet import CloseUpNet
from av_grading.models.reading_head import ReadingHead, all_features, head_answers, pool
from av_grading.models.reading_outputs import Answers
from av_grading.models.registry import DEFAULT_CLOSE_UP, close_up_maps
from av_grading.models.weights_file import WeightsError, build, read_model, save_model
from av_grading.vessels.center import refine_center
from av_grading.vessels.crossing_vessels import CrossingVessels

BATCH = 8
"""Close-ups at once: more are no faster on a CPU, and take memory."""
GPU_BATCH = 64
HEAD = "head."
"""What the names of the reading head's tensors begin with, where a file has one."""


@dataclass(frozen=True)
class Look:
    """N crossings close up.

    Attributes:
        shares: probabilities of background, artery, vein and overlap, (N, 4, P, P).
        middles: the crossings, (N, 2), x and y (px of the close-up).
        pooled: what the network sees there, for its reading head, (N, F).
    """

    shares: NDArray[np.float32]
    middles: NDArray[np.float64]
    pooled: torch.Tensor


@dataclass(frozen=True)
class CloseUp:
    """A trained network.

    Attributes:
        network: in evaluation mode.
        head: what tells which vessel lies above, and whether readers would grade; None before
            it is trained.
        architecture: the network's name in the registry, one of `close_up_maps`.
    """

    network: CloseUpNet
    head: ReadingHead | None = None
    architecture: str = "close_up_unet"

    @torch.inference_mode()
    def look(
        self, patches: torch.Tensor, coarse: torch.Tensor | None = None, batch: int | None = None
    ) -> Look:
        """Fine maps of close-ups.

        Args:
            patches: RGB, (N, 3, P, P), 0-255, uint8, four px a DRIVE px; P a multiple of 16.
            coarse: the detector's map, (N, 2, P / 4, P / 4), 0-255; None where there is none.
            batch: close-ups at once; by default `BATCH`, on a GPU `GPU_BATCH`.
        """
        known = next(self.network.parameters())
        device = known.device
        batch = batch or (BATCH if device.type == "cpu" else GPU_BATCH)
        shares, middles, pooled = [], [], []
        for start in range(0, len(patches), batch):
            part = slice(start, start + batch)
            inputs = to_inputs(patches[part], None if coarse is None else coarse[part])
            inputs = inputs.to(device, known.dtype, memory_format=torch.channels_last)
            fine, deep = self.network.extract(inputs)
            share = self.network.read_map(fine).float().softmax(dim=1)
            found = share.cpu().numpy()
            middle = np.array([refine_center(s) for s in found])
            at = torch.from_numpy(middle).to(share)
            pooled.append(pool(fine.float(), deep.float(), share, at).cpu())
            shares.append(found)
            middles.append(middle)
        return Look(np.concatenate(shares), np.concatenate(middles), torch.cat(pooled))

    def in_bfloat16(self) -> "CloseUp":
        """The same with a network in bfloat16, for processors that have instructions for it: half
        the time of float32. Probabilities and what is pooled are made of it in float32."""
        return replace(self, network=copy.deepcopy(self.network).to(torch.bfloat16))

    def read(self, look: Look, vessels: Sequence[CrossingVessels]) -> Answers:
        """What the reading head says of crossings.

        Raises:
            WeightsError: the head was not trained.
        """
        if self.head is None:
            raise WeightsError("expected weights with a reading head, found a map network alone")
        answers = self.head(all_features(look.pooled, vessels))
        return head_answers(np.asarray(answers.double().numpy()))


def save_close_up(close_up: CloseUp, path: Path) -> None:
    """Write weights, those of the reading head in float32; raises as `save_model`."""
    state = dict(close_up.network.state_dict())
    if close_up.head is not None:
        state |= {HEAD + name: x.float() for name, x in close_up.head.state_dict().items()}
    settings = {"widths": close_up.network.widths, "square": close_up.network.square}
    save_model(path, close_up.architecture, settings, state, exact=(HEAD,))


def load_close_up(
    path: Path = DEFAULT_CLOSE_UP, device: str = "cpu", *, head: bool = True
) -> CloseUp:
    """Read a file written by `save_close_up`.

    Args:
        path: of the file.
        device: of torch.
        head: read its head too; maps alone need none.

    Raises:
        WeightsError: missing, damaged or of another kind; names the file.
    """
    file = read_model(path, *close_up_maps())
    own = {k.removeprefix(HEAD): v for k, v in file.state.items() if k.startswith(HEAD)}
    rest = {k: v for k, v in file.state.items() if not k.startswith(HEAD)}
    network = cast(CloseUpNet, build(file, rest))
    try:
        read = ReadingHead(**own).eval() if own and head else None
    except TypeError as error:
        raise WeightsError(f"{path}: a reading head of another architecture: {error}") from error
    # Channels last: a quarter of the time less on a CPU.
    network = network.to(device).to(memory_format=torch.channels_last)
    return CloseUp(network, read, file.architecture)
