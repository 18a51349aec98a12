"""One stream: an (SE-)ResNet without a classifier, and weights to start from."""

from dataclasses import dataclass
from pathlib import Path
from typing import cast

import safetensors.torch
import torch
from torch import nn

from av_grading.config import DEPTHS, NORMS, STAGES, STREAMS
from av_grading.models.resnet import NORM_LAYERS, ResNet
from av_grading.models.weights_file import WeightsError

SE_KEY = ".se."


@dataclass(frozen=True)
class Loaded:
    """What was taken from a weights file.

    Attributes:
        taken: parameters that were filled.
        new: SE parameters that the file has not, left as they were.
        ignored: what the file has beyond the encoder (a classifier, stages that it has not).
    """

    taken: list[str]
    new: list[str]
    ignored: list[str]

    def __str__(self) -> str:
        return f"{len(self.taken)} loaded, {len(self.new)} new, {len(self.ignored)} ignored"


def build_encoder(
    depth: int, *, se: bool = True, norm: str = "group", stride: int = 32, stages: int = 4
) -> ResNet:
    """(B, 3, H, W) → (B, C, H / s, W / s), C = `encoder.num_features`.

    Args:
        depth: 18, 34 or 50.
        se: squeeze-and-excitation.
        norm: "group" or "batch".
        stride: of the fourth stage, s; dilated where it is less than 32.
        stages: how many of the four there are; without the last, s is half as large, and there
            is a quarter of the parameters.

    Raises:
        ValueError: unknown depth or norm, or stages that are not 1-4.
    """
    if depth not in DEPTHS:
        raise ValueError(f"depth: expected one of {DEPTHS}, found {depth}")
    if norm not in NORMS:
        raise ValueError(f"norm: expected one of {NORMS}, found {norm!r}")
    if not 1 <= stages <= STAGES:
        raise ValueError(f"stages: expected 1 to {STAGES}, found {stages}")
    encoder = ResNet(depth, se=se, norm=NORM_LAYERS[norm], stride=stride)
    encoder.keep(stages)
    return encoder


_PHOTOGRAPH = f"{STREAMS[0]}."
"""What the names of a grader's encoder of photographs begin with."""


def load_encoder(encoder: nn.Module, path: Path) -> Loaded:
    """Fill an encoder from timm's names, of an exported backbone or ImageNet weights of the user's,
    or from a two-stream grader's encoder of photographs.

    Raises:
        WeightsError: unreadable, or not all of the encoder's parameters are in it (those of
            squeeze-and-excitation alone may be missing), or of other shapes.
    """
    state = _read(path)
    grader = {k.removeprefix(_PHOTOGRAPH): v for k, v in state.items() if k.startswith(_PHOTOGRAPH)}
    state = grader or state
    own = encoder.state_dict()
    missing = [k for k in own if k not in state and SE_KEY not in k]
    wrong = [
        f"{k}: found {tuple(state[k].shape)}, expected {tuple(own[k].shape)}"
        for k in own
        if k in state and state[k].shape != own[k].shape
    ]
    left_out = [f"{n}." for n, m in encoder.named_children() if isinstance(m, nn.Identity)]
    foreign = tuple(["fc.", "head.", *left_out])
    unknown = [k for k in state if k not in own and not k.startswith(foreign)]
    if missing or wrong or unknown:
        details = [*wrong, *(f"{k}: missing" for k in missing)]
        details += [f"{k}: not in this model" for k in unknown]
        raise WeightsError(
            f"{path}: weights of another architecture ({len(details)} differences): "
            f"{'; '.join(details[:3])}"
        )
    encoder.load_state_dict({k: state.get(k, v) for k, v in own.items()})
    return Loaded(
        taken=[k for k in own if k in state],
        new=[k for k in own if k not in state],
        ignored=[k for k in state if k not in own],
    )


def _read(path: Path) -> dict[str, torch.Tensor]:
    try:
        if path.suffix == ".safetensors":
            return {k: v.float() for k, v in safetensors.torch.load_file(path).items()}
        loaded = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise WeightsError(f"{path}: expected weights, found no file") from error
    except Exception as error:  # each format's parser raises what it likes on foreign bytes
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise WeightsError(f"{path}: not a file of weights ({reason})") from error
    state = loaded.get("state_dict", loaded) if isinstance(loaded, dict) else None
    if not isinstance(state, dict) or not all(isinstance(v, torch.Tensor) for v in state.values()):
        raise WeightsError(f"{path}: expected a dict of tensors")
    return state


def adapt_to_maps(encoder: nn.Module) -> None:
    """Make a photograph's encoder one of maps, in place: its first convolution sees shape alone.

    A map's channels (artery, vein, overlap) are no colours; each takes the mean of the three
    filters, so that edges and lines are still found.
    """
    first = cast(nn.Conv2d, encoder.get_submodule("conv1"))
    if first.weight.is_meta:  # has no numbers yet: those of a file will take their place
        return
    with torch.no_grad():
        first.weight.copy_(first.weight.mean(dim=1, keepdim=True).expand_as(first.weight))


def freeze_stages(encoder: nn.Module, stages: int) -> None:
    """Keep the stem and the first `stages` of the four stages as they are, in place.

    Raises:
        ValueError: not 0-4.
    """
    if not 0 <= stages <= 4:
        raise ValueError(f"frozen_stages: expected 0 to 4, found {stages}")
    if stages:
        for name in ("conv1", "bn1", *(f"layer{i}" for i in range(1, stages + 1))):
            encoder.get_submodule(name).requires_grad_(False)
