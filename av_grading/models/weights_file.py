"""The one file that holds a trained network: safetensors that say what they are weights of.

Metadata: `format` ("av_grading"), `architecture` (a name of the registry), `settings` (JSON, what
the architecture is built with), and what a network's own loader needs beside it.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import nn
from torch.overrides import TorchFunctionMode

from av_grading.config import ConfigError, grader_settings
from av_grading.formats.config_file import load_config_text
from av_grading.formats.files import write_whole
from av_grading.models.low_rank import ranks_of
from av_grading.models.registry import ARCHITECTURES, create_model

FORMAT = "av_grading"
"""What the metadata of every file say under "format"."""
FORMER_FORMATS = {
    "av_grading.close_up": "close_up_unet",
    "av_grading.narrowing": "vein_strip",
}
"""Formats that 0.2.0 wrote beside `FORMAT` → what they are weights of."""


class WeightsError(ValueError):
    """Weights that cannot be read or are of another architecture; names the file."""


@dataclass(frozen=True)
class ModelFile:
    """What a file holds.

    Attributes:
        path: of the file.
        architecture: name in the registry.
        settings: that it is built with.
        state: tensors by name, floating point in float32.
        metadata: all of the file's, as strings.
    """

    path: Path
    architecture: str
    settings: dict[str, Any]
    state: dict[str, torch.Tensor]
    metadata: dict[str, str]


def save_model(
    path: Path,
    architecture: str,
    settings: Mapping[str, object],
    state: Mapping[str, torch.Tensor],
    extra: Mapping[str, str] | None = None,
    *,
    exact: tuple[str, ...] = (),
) -> None:
    """Write a network's weights in half precision, whole or not at all.

    Args:
        path: of the file.
        architecture: name in the registry.
        settings: that `create_model` builds it with.
        state: its tensors by name.
        extra: more metadata.
        exact: beginnings of names whose tensors keep their own precision.

    Raises:
        ValueError: an unknown architecture.
        OSError: it cannot be written.
    """
    if architecture not in ARCHITECTURES:
        raise ValueError(f"expected one of {[*ARCHITECTURES]}, found {architecture!r}")
    tensors = {
        name: (x.half() if x.is_floating_point() and not name.startswith(exact) else x)
        .detach()
        .cpu()
        .contiguous()
        for name, x in state.items()
    }
    metadata = {
        **(extra or {}),
        "format": FORMAT,
        "architecture": architecture,
        "settings": json.dumps(dict(settings)),
    }
    write_whole(path, _ordered(save(tensors, metadata)))


def _ordered(content: bytes) -> bytes:
    """A safetensors file with its metadata by name, which the library orders by chance: the same
    weights are the same bytes."""
    end = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:end])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)  # tensors begin at a multiple of 8, as the format has it
    return len(text).to_bytes(8, "little") + text + content[end:]


def read_model(path: Path, *expected: str) -> ModelFile:
    """Read a file written by `save_model`, of this version or an earlier one.

    Args:
        path: of the file.
        expected: architectures, one of which it has to be.

    Raises:
        WeightsError: missing, damaged, or of another architecture; names the file.
    """
    what = " or ".join(expected)
    if not path.is_file():
        raise WeightsError(f"{path}: expected weights of {what}, found no file")
    try:
        with safe_open(path, framework="pt") as file:
            metadata = checkpoint_filter(file.metadata() or {}, path)
            if metadata.get("format") != FORMAT:
                found = metadata.get("format", "no format")
                raise WeightsError(f"{path}: expected format {FORMAT!r}, found {found!r}")
            architecture = metadata.get("architecture", "no architecture")
            if architecture not in expected:
                raise WeightsError(f"{path}: expected weights of {what}, found {architecture!r}")
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except SafetensorError as error:
        raise WeightsError(f"{path}: damaged, or not a safetensors file ({error})") from error
    except ConfigError as error:
        raise WeightsError(str(error)) from error
    try:
        settings = json.loads(metadata["settings"])
        if not isinstance(settings, dict):
            raise ValueError(f"found {settings!r}")
    except (KeyError, ValueError) as error:
        raise WeightsError(
            f"{path}: expected settings as JSON in its metadata ({error})"
        ) from error
    state = {k: v.float() if v.is_floating_point() else v for k, v in tensors.items()}
    return ModelFile(path, architecture, settings, state, metadata)


class _WithoutDraws(TorchFunctionMode):
    """Leaves out random numbers, which weights replace: they would take a second, and on tensors
    without storage the import of torch's compiler."""

    DRAWS = (torch.Tensor.normal_, torch.Tensor.uniform_)

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        return args[0] if func in self.DRAWS else func(*args, **(kwargs or {}))


def build(file: ModelFile, state: Mapping[str, torch.Tensor] | None = None) -> nn.Module:
    """The network that a file holds, in evaluation mode, on the CPU in float32; its tensors tell
    which of its convolutions have low ranks.

    Args:
        file: of `read_model`.
        state: its tensors, where they are not all of the file's.

    Raises:
        WeightsError: tensors or settings do not fit the architecture; names the file.
    """
    state = file.state if state is None else state
    try:
        with torch.device("meta"), _WithoutDraws():
            network = create_model(file.architecture, ranks=ranks_of(state), **file.settings)
        network.load_state_dict(dict(state), assign=True)
    except (RuntimeError, TypeError, ValueError) as error:
        reason = str(error).splitlines()[:2]
        raise WeightsError(f"{file.path}: weights of another architecture: {reason}") from error
    return network.eval()


def load_model(path: Path, *expected: str) -> nn.Module:
    """The network that a file holds; arguments and errors as `read_model` and `build`."""
    return build(read_model(path, *expected))


def checkpoint_filter(metadata: dict[str, str], path: Path) -> dict[str, str]:
    """Metadata as this version writes them, of a file of 0.2.0; others as they are.

    0.2.0 had three formats: a close-up network and a vein strip network with their `widths`, and
    a grader whose architecture stood in its config. The tensors had the names that they have now.

    Raises:
        ConfigError: a grader's config does not fit this version.
    """
    kind = metadata.get("format", "")
    if kind in FORMER_FORMATS:
        settings = f'{{"widths": {metadata.get("widths", "")}}}'
        return {"format": FORMAT, "architecture": FORMER_FORMATS[kind], "settings": settings}
    if kind == FORMAT and "architecture" not in metadata and "config" in metadata:
        config = load_config_text(metadata["config"], f"{path}: its config", initial_weights=False)
        settings = json.dumps(grader_settings(config))
        return {**metadata, "architecture": config.model.kind, "settings": settings}
    return metadata
