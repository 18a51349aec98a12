"""Release of a detector: one file with weights in half precision and the config that builds it.

A safetensors file whose metadata carries the config, so that nobody has to know with which one
the weights were trained, and no other architecture can be filled with them by mistake.
"""

import hashlib
from pathlib import Path
from typing import Any

import torch
from detectron2.config import CfgNode
from detectron2.modeling import build_model
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import nn
from torch.overrides import TorchFunctionMode

from av_detectron.checkpoint.checkpointer import (
    RENAMED_WEIGHTS,
    CheckpointError,
    read_checkpoint,
    refuse_renamed,
)
from av_detectron.config import get_av_config, load_config, naming_config
from av_detectron.formats.files import write_whole

FORMAT = "av_detectron"
"""What the metadata says under "format"."""


def release_detector(cfg: CfgNode, checkpoint: Path, output: Path) -> dict[str, str]:
    """Write the weights of `checkpoint`, trained with `cfg`, as one file.

    Returns:
        the file's metadata: format, config (YAML), source and source_sha256.

    Raises:
        CheckpointError: the checkpoint cannot be read, or is not of the config's architecture.
        OSError: the output cannot be written.
    """
    content = read_checkpoint(checkpoint)
    state = content.get("model", content)
    cfg = cfg.clone()
    cfg.defrost()
    cfg.MODEL.WEIGHTS = ""
    cfg.OUTPUT_DIR = "output"
    fill(build_model(cfg), state, checkpoint)
    tensors = {k: v.detach().half().contiguous().clone() for k, v in state.items()}
    metadata = {
        "format": FORMAT,
        "config": cfg.dump(),
        "source": checkpoint.name,
        "source_sha256": hashlib.sha256(checkpoint.read_bytes()).hexdigest(),
    }
    write_whole(output, save(tensors, metadata))
    return metadata


def load_detector(path: Path, device: str = "cpu") -> tuple[CfgNode, nn.Module]:
    """Build the detector of a file written by `release_detector`, in float32, for inference.

    Raises:
        CheckpointError: missing, damaged, of another kind, or it does not hold what its config
            says; names the file.
    """
    cfg, state = read_release(path)
    cfg.MODEL.DEVICE = device
    try:
        with without_random_weights():
            model = build_model(cfg)
    except (AssertionError, KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"{path}: its config does not fit this version: {error}") from error
    fill(model, state, path, assign=True)
    return cfg, model.to(device).eval()


_RANDOM = (
    torch.Tensor.normal_,
    torch.Tensor.uniform_,
    nn.init.kaiming_normal_,
    nn.init.kaiming_uniform_,
    nn.init.normal_,
    nn.init.uniform_,
)


class without_random_weights(TorchFunctionMode):  # noqa: N801, a context like those of torch
    """Leaves weights as memory holds them: random ones, which weights from a file replace, take
    half a second."""

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        if func in _RANDOM:
            return args[0] if args else kwargs["tensor"]
        return func(*args, **kwargs)


def read_release(path: Path) -> tuple[CfgNode, dict[str, torch.Tensor]]:
    """Config and weights, in float32, of a file written by `release_detector`.

    Raises:
        CheckpointError: missing, damaged, of another kind, or its config has unknown keys.
    """
    if not path.is_file():
        raise CheckpointError(f"{path}: expected a detector's weights, found no file")
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            if metadata.get("format") != FORMAT:
                found = metadata.get("format", "no format")
                raise CheckpointError(
                    f"{path}: expected weights of format {FORMAT!r} "
                    f"(see tools/release_weights.py), found {found!r}"
                )
            state = {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118
    except SafetensorError as error:
        raise CheckpointError(f"{path}: damaged, or not a safetensors file ({error})") from error
    cfg = get_av_config()
    try:
        cfg.merge_from_other_cfg(CfgNode.load_cfg(metadata.get("config", "")))
    except (AttributeError, AssertionError, KeyError, TypeError, ValueError) as error:
        reason = error.args[0] if error.args else error
        raise CheckpointError(
            f"{path}: its config does not fit this version: {reason} "
            "CHANGELOG.md says how to convert files of earlier versions."
        ) from error
    return cfg, state


def detector_config(path: Path, overrides: list[str]) -> CfgNode:
    """Config of a trained detector with its weights: best.yaml, or a release.

    Raises:
        CheckpointError: see `read_release`.
        ValueError: see `load_config`.
    """
    if path.suffix != ".safetensors":
        return load_config(path, overrides)
    cfg, _ = read_release(path)
    cfg.MODEL.WEIGHTS = str(path)
    with naming_config(path, overrides):
        cfg.merge_from_list(overrides)
    return cfg


def fill(
    model: nn.Module, state: dict[str, torch.Tensor], path: Path, *, assign: bool = False
) -> None:
    """Load `state`, which has to be the model's in every name and shape.

    Args:
        model: that gets it.
        state: tensors by name.
        path: of the file that they are from.
        assign: the model takes the tensors themselves, where they are, in place of copies.

    Raises:
        CheckpointError: it is not; names the file and the first differences, or the present name
            of a weight that had another.
    """
    refuse_renamed(state, RENAMED_WEIGHTS, path)
    tensors = model.state_dict()
    own = {k: tuple(v.shape) for k, v in tensors.items()}
    problems = [f"{k}: missing" for k in own.keys() - state.keys()]
    problems += [f"{k}: not in this model" for k in state.keys() - own.keys()]
    for name in own.keys() & state.keys():
        if tuple(state[name].shape) != own[name]:
            problems.append(f"{name}: found {tuple(state[name].shape)}, expected {own[name]}")
    if problems:
        shown = "; ".join(sorted(problems)[:3])
        raise CheckpointError(
            f"{path}: weights of another architecture ({len(problems)} differences): {shown}"
        )
    if assign:  # counts are whole numbers in the model
        state = {name: value.to(tensors[name].dtype) for name, value in state.items()}
    model.load_state_dict(state, assign=assign)
