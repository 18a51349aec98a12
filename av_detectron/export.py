"""Export the bottom-up ResNet of a Detectron2 checkpoint under timm's names, as safetensors.

timm's `resnet18` … `resnet152` and `seresnet18` … `seresnet152` load the file with strict=True
(apart from their classifier `fc`); with GroupNorm they are created with
`norm_layer=timm.layers.GroupNorm`. timm itself is not needed here.
"""

import hashlib
import json
import os
import re
from pathlib import Path
from typing import NamedTuple

import torch
from detectron2.config import CfgNode
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save
from torch import Tensor

from av_detectron import __version__
from av_detectron.modeling.se_resnet import se_channels

BLOCKS = {
    18: (2, 2, 2, 2),
    34: (3, 4, 6, 3),
    50: (3, 4, 6, 3),
    101: (3, 4, 23, 3),
    152: (3, 8, 36, 3),
}
"""Residual blocks per stage by depth; from 50 on they are bottlenecks."""

NORMS = {"BN": "BN", "SyncBN": "BN", "FrozenBN": "BN", "nnSyncBN": "BN", "GN": "GN"}
"""`MODEL.RESNETS.NORM` → kind of layer in timm. The kinds of BatchNorm infer alike."""

TRACKED = "num_batches_tracked"
PARAMETERS = ("weight", "bias", "running_mean", "running_var", TRACKED)
STEM_MODULES = {"stem.conv1": "conv1", "stem.conv1.norm": "bn1"}
BLOCK_MODULES = {
    "conv1": "conv1",
    "conv1.norm": "bn1",
    "conv2": "conv2",
    "conv2.norm": "bn2",
    "conv3": "conv3",
    "conv3.norm": "bn3",
    "shortcut": "downsample.0",
    "shortcut.norm": "downsample.1",
    "se.fc1": "se.fc1",
    "se.fc2": "se.fc2",
}


class ExportError(ValueError):
    """The checkpoint, or the config that describes it, is not a ResNet that timm has."""


class Architecture(NamedTuple):
    """What tells apart the ResNets that can be exported."""

    depth: int
    se: bool
    norm: str  # "BN" or "GN"

    def __str__(self) -> str:
        gates = "with" if self.se else "without"
        return f"ResNet-{self.depth} {gates} squeeze-and-excitation, norm {self.norm}"


def to_timm_name(name: str) -> str | None:
    """Name of a bottom-up ResNet's parameter or buffer in timm, None if it has none.

    >>> to_timm_name("stem.conv1.norm.bias")
    'bn1.bias'
    >>> to_timm_name("res2.0.se.fc1.weight")
    'layer1.0.se.fc1.weight'
    >>> to_timm_name("res5.2.conv3.norm.running_var")
    'layer4.2.bn3.running_var'
    >>> to_timm_name("res3.0.shortcut.weight"), to_timm_name("res3.0.shortcut.norm.weight")
    ('layer2.0.downsample.0.weight', 'layer2.0.downsample.1.weight')
    >>> to_timm_name("res3.0.conv2_offset.weight") is None
    True
    """
    module, _, parameter = name.rpartition(".")
    if parameter not in PARAMETERS:
        return None
    if module in STEM_MODULES:
        return f"{STEM_MODULES[module]}.{parameter}"
    match = re.fullmatch(r"res([2-5])\.(\d+)\.(.+)", module)
    if match is None or match[3] not in BLOCK_MODULES:
        return None
    return f"layer{int(match[1]) - 1}.{match[2]}.{BLOCK_MODULES[match[3]]}.{parameter}"


def expected_shapes(architecture: Architecture) -> dict[str, tuple[int, ...]]:
    """Every entry of Detectron2's bottom-up ResNet and its shape, under Detectron2's names."""
    shapes: dict[str, tuple[int, ...]] = {}

    def add_conv(name: str, out: int, inputs: int, kernel: int) -> None:
        shapes[f"{name}.weight"] = (out, inputs, kernel, kernel)
        for parameter in PARAMETERS if architecture.norm == "BN" else PARAMETERS[:2]:
            shapes[f"{name}.norm.{parameter}"] = () if parameter == TRACKED else (out,)

    add_conv("stem.conv1", 64, 3, 7)
    inputs = 64
    for stage, blocks in enumerate(BLOCKS[architecture.depth]):
        width = 64 * 2**stage
        out = width if architecture.depth < 50 else 4 * width
        for index in range(blocks):
            block = f"res{stage + 2}.{index}"
            if inputs != out:
                add_conv(f"{block}.shortcut", out, inputs, 1)
            if architecture.depth < 50:
                add_conv(f"{block}.conv1", out, inputs, 3)
                add_conv(f"{block}.conv2", out, out, 3)
            else:
                add_conv(f"{block}.conv1", width, inputs, 1)
                add_conv(f"{block}.conv2", width, width, 3)
                add_conv(f"{block}.conv3", out, width, 1)
            if architecture.se:
                hidden = se_channels(out)
                shapes[f"{block}.se.fc1.weight"] = (hidden, out, 1, 1)
                shapes[f"{block}.se.fc1.bias"] = (hidden,)
                shapes[f"{block}.se.fc2.weight"] = (out, hidden, 1, 1)
                shapes[f"{block}.se.fc2.bias"] = (out,)
            inputs = out
    return shapes


def find_architecture(model_state: dict[str, Tensor]) -> Architecture:
    """The ResNet whose names fit best; whether they fit exactly is for `backbone_state` to say.

    Raises:
        ExportError: there is no backbone at all.
    """
    _, state = _bottom_up(model_state)
    names = {name for name in state if not name.endswith(TRACKED)}

    def misfit(candidate: Architecture) -> int:
        expected = {name for name in expected_shapes(candidate) if not name.endswith(TRACKED)}
        return len(names ^ expected)

    candidates = [Architecture(d, s, n) for d in BLOCKS for s in (False, True) for n in ("BN", "GN")]
    return min(candidates, key=misfit)


def backbone_state(model_state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Pick the bottom-up ResNet out of a detector's weights and rename it as timm does.

    The ResNet is `backbone.bottom_up.*` (inside a pyramid) or else `backbone.*`. FrozenBN counts
    no batches, which timm's BatchNorm expects: the count is then added as zero.

    Raises:
        ExportError: something is missing, unknown or of another shape; lists all of it.
    """
    prefix, state = _bottom_up(model_state)
    expected = expected_shapes(find_architecture(model_state))
    if not any(name.endswith(TRACKED) for name in state):
        state |= {name: torch.tensor(0) for name in expected if name.endswith(TRACKED)}
    renamed = {name: to_timm_name(name) for name in state}
    tensors = {new: state[name] for name, new in renamed.items() if new and name in expected}
    problems = {
        "unknown": [prefix + name for name in state if name not in expected],
        "missing": [prefix + name for name in expected if name not in state],
        "of the wrong shape": [
            f"{prefix}{name} {tuple(state[name].shape)} instead of {shape}"
            for name, shape in expected.items()
            if name in state and tuple(state[name].shape) != shape
        ],
    }
    if any(problems.values()):
        listed = "; ".join(f"{kind}: {', '.join(n)}" for kind, n in problems.items() if n)
        raise ExportError(f"the backbone does not fit timm's ResNet; {listed}")
    # Clones, because safetensors refuses tensors that share memory or are not contiguous.
    return {
        name: tensor.detach().clone(memory_format=torch.contiguous_format)
        for name, tensor in tensors.items()
    }


def export_backbone(cfg: CfgNode, checkpoint: Path, output: Path) -> dict[str, str]:
    """Write the backbone of `checkpoint`, described by `cfg`, to `output` for timm.

    Returns:
        the file's metadata: `format` ("timm"), `depth`, `se` ("true", "false"), `norm` ("BN",
        "GN"), `channel_order` ("RGB", "BGR"), `pixel_mean` and `pixel_std` (JSON lists in that
        order, for values 0 to 255), `source`, `source_sha256` and `software`.

    Raises:
        ExportError: the checkpoint is none, its backbone is not the one of the config, or timm
            has no such backbone; names the file. Nothing is written.
        OSError: a file cannot be read or written.
    """
    if output.exists() and output.samefile(checkpoint):
        raise ExportError(f"{output}: the export would overwrite the checkpoint")
    model_state = _read_checkpoint(checkpoint)
    try:
        wanted = _describe(cfg)
        found = find_architecture(model_state)
        if found != wanted:
            raise ExportError(f"the config says {wanted}, but the weights are those of {found}")
        tensors = backbone_state(model_state)
    except ExportError as error:
        raise ExportError(f"{checkpoint}: {error}") from error
    metadata = {
        "format": "timm",
        "depth": str(wanted.depth),
        "se": json.dumps(wanted.se),
        "norm": wanted.norm,
        "channel_order": cfg.INPUT.FORMAT,
        "pixel_mean": json.dumps([float(v) for v in cfg.MODEL.PIXEL_MEAN]),
        "pixel_std": json.dumps([float(v) for v in cfg.MODEL.PIXEL_STD]),
        "source": checkpoint.name,
        "source_sha256": _sha256(checkpoint),
        "software": f"av_detectron {__version__}",
    }
    _write(output, save(tensors, metadata))
    return metadata


def load_metadata(path: Path) -> dict[str, str]:
    """Metadata of a file written by `export_backbone`.

    Raises:
        ExportError: the file is not such a one; names the file.
        OSError: the file cannot be read.
    """
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
    except SafetensorError as error:
        raise ExportError(f"{path}: not a safetensors file ({error})") from error
    if metadata.get("format") != "timm":
        raise ExportError(f"{path}: not an exported backbone")
    return metadata


def _bottom_up(model_state: dict[str, Tensor]) -> tuple[str, dict[str, Tensor]]:
    """The prefix of the bottom-up ResNet's names, and its entries without it."""
    for prefix in ("backbone.bottom_up.", "backbone."):
        state = {k.removeprefix(prefix): v for k, v in model_state.items() if k.startswith(prefix)}
        if state:
            return prefix, state
    raise ExportError("holds no backbone: no name starts with 'backbone.'")


def _describe(cfg: CfgNode) -> Architecture:
    """The backbone that `cfg` describes; refuses what timm's ResNets cannot compute."""
    resnet = cfg.MODEL.RESNETS
    if resnet.DEPTH not in BLOCKS or resnet.NORM not in NORMS:
        raise ExportError(
            f"MODEL.RESNETS.DEPTH {resnet.DEPTH} with NORM {resnet.NORM!r}: there are depths "
            f"{list(BLOCKS)} and norms {list(NORMS)}"
        )
    needed = {
        "STEM_OUT_CHANNELS": 64,
        "RES2_OUT_CHANNELS": 64 if resnet.DEPTH < 50 else 256,
        "NUM_GROUPS": 1,
        "WIDTH_PER_GROUP": 64,
        "RES5_DILATION": 1,
        "DEFORM_ON_PER_STAGE": [False] * 4,
    }
    if resnet.DEPTH >= 50:
        needed["STRIDE_IN_1X1"] = False  # timm's bottleneck strides in its 3x3 convolution
    wrong = [
        f"MODEL.RESNETS.{key} is {resnet[key]}, timm has {value}"
        for key, value in needed.items()
        if resnet[key] != value
    ]
    if cfg.INPUT.FORMAT not in ("RGB", "BGR"):
        wrong.append(f"INPUT.FORMAT is {cfg.INPUT.FORMAT}, not RGB or BGR")
    if wrong:
        raise ExportError("timm has no such backbone: " + "; ".join(wrong))
    return Architecture(resnet.DEPTH, resnet.SE, NORMS[resnet.NORM])


def _read_checkpoint(path: Path) -> dict[str, Tensor]:
    """All weights of a checkpoint, `{"model": weights, ...}` or bare, without running its code."""
    try:
        if path.suffix == ".safetensors":
            content = load_file(path)
        else:
            content = torch.load(path, weights_only=True, map_location="cpu")
    except OSError:
        raise
    except Exception as error:  # broken pickles raise nearly anything
        reason = re.search(r"WeightsUnpickler error: (.*)", str(error))
        detail = reason[1].strip() if reason else (str(error).splitlines() or ["empty"])[0]
        raise ExportError(f"{path}: not a checkpoint made of tensors alone ({detail})") from error
    state = content.get("model", content) if isinstance(content, dict) else None
    if not isinstance(state, dict) or not all(isinstance(v, Tensor) for v in state.values()):
        raise ExportError(f"{path}: holds no weights by name")
    return state


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def _write(path: Path, content: bytes) -> None:
    """Write under a temporary name and rename, so that `path` is whole or not there."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        temporary.write_bytes(content)
        os.replace(temporary, path)
    except OSError as error:  # the user knows the file by its own name
        raise OSError(error.errno, error.strerror, str(path)) from error
    finally:
        if temporary.exists():
            temporary.unlink()
