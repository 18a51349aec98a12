"""Export the bottom-up ResNet of a Detectron2 checkpoint under timm's names, as safetensors.

timm's `resnet18` to `seresnet152` load the file strictly, created with `num_classes=0` and, for
GroupNorm, `norm_layer=timm.layers.GroupNorm`. timm itself is not needed here.
"""

import hashlib
import json
import re
from itertools import product
from pathlib import Path
from typing import NamedTuple

import torch
from detectron2.config import CfgNode
from detectron2.layers import ShapeSpec
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from av_detectron import __version__, get_av_config
from av_detectron.checkpoint.checkpointer import read_checkpoint
from av_detectron.formats.files import write_whole
from av_detectron.modeling.low_rank import full_ranks
from av_detectron.modeling.se_resnet import SE_KEY, build_se_resnet_backbone

DEPTHS = (18, 34, 50, 101, 152)  # from 50 on the blocks are bottlenecks
# MODEL.RESNETS.NORM → kind of layer in timm. The kinds of BatchNorm infer alike.
NORMS = {"BN": "BN", "SyncBN": "BN", "FrozenBN": "BN", "nnSyncBN": "BN", "GN": "GN"}
TRACKED = "num_batches_tracked"
PARAMETERS = ("weight", "bias", "running_mean", "running_var", TRACKED)
BLOCK_MODULES = {"shortcut": "downsample.0", "shortcut.norm": "downsample.1"}
BLOCK_MODULES |= {name: name for name in ("conv1", "conv2", "conv3", "se.fc1", "se.fc2")}
BLOCK_MODULES |= {f"conv{i}.norm": f"bn{i}" for i in (1, 2, 3)}


class ExportError(ValueError):
    """The checkpoint, or the config that describes it, is not a ResNet that timm has."""


class Architecture(NamedTuple):
    """What tells apart the ResNets that can be exported; the norm is "BN" or "GN"."""

    depth: int
    se: bool
    norm: str

    def __str__(self) -> str:
        return f"{'SE-' * self.se}ResNet-{self.depth} with {self.norm}"


def to_timm_name(name: str) -> str | None:
    """Name of a bottom-up ResNet's parameter or buffer in timm, None if it has none.

    >>> to_timm_name("stem.conv1.norm.bias"), to_timm_name("res5.2.conv3.norm.running_var")
    ('bn1.bias', 'layer4.2.bn3.running_var')
    >>> to_timm_name("res2.0.se.fc1.weight")
    'layer1.0.se.fc1.weight'
    >>> to_timm_name("res3.0.shortcut.weight"), to_timm_name("res3.0.shortcut.norm.weight")
    ('layer2.0.downsample.0.weight', 'layer2.0.downsample.1.weight')
    >>> to_timm_name("res3.0.conv2_offset.weight") is None
    True
    """
    module, _, parameter = name.rpartition(".")
    match = re.fullmatch(r"(?:stem|res([2-5])\.(\d+))\.(.+)", module)
    if match is None or match[3] not in BLOCK_MODULES or parameter not in PARAMETERS:
        return None
    if match[1] is None:  # the stem is called as the first convolution of a block
        return f"{BLOCK_MODULES[match[3]]}.{parameter}" if match[3].startswith("conv1") else None
    return f"layer{int(match[1]) - 1}.{match[2]}.{BLOCK_MODULES[match[3]]}.{parameter}"


def expected_shapes(architecture: Architecture) -> dict[str, tuple[int, ...]]:
    """Every entry of Detectron2's bottom-up ResNet and its shape, under Detectron2's names."""
    cfg = get_av_config()
    cfg.MODEL.BACKBONE.FREEZE_AT = 0  # freezing turns BN into FrozenBN
    cfg.MODEL.RESNETS.DEPTH = architecture.depth
    cfg.MODEL.RESNETS.RES2_OUT_CHANNELS = 64 if architecture.depth < 50 else 256
    cfg.MODEL.RESNETS.SE = architecture.se
    cfg.MODEL.RESNETS.NORM = architecture.norm
    cfg.MODEL.RESNETS.OUT_FEATURES = ["res5"]
    with torch.device("meta"):  # shapes without memory or random numbers
        resnet = build_se_resnet_backbone(cfg, ShapeSpec(channels=3))
    return {name: tuple(tensor.shape) for name, tensor in resnet.state_dict().items()}


def find_architecture(model_state: dict[str, Tensor]) -> Architecture:
    """The ResNet whose names fit best; whether they fit exactly is for `backbone_state` to say.

    Raises:
        ExportError: there is no backbone at all.
    """
    names = {name for name in _bottom_up(model_state)[1] if not name.endswith(TRACKED)}
    misfits: dict[Architecture, int] = {}
    for depth in DEPTHS:
        every = [n for n in expected_shapes(Architecture(depth, True, "BN")) if TRACKED not in n]
        for se, norm in product((False, True), ("BN", "GN")):
            fitting = [n for n in every if se or SE_KEY not in n]
            expected = {n for n in fitting if norm == "BN" or ".running_" not in n}
            misfits[Architecture(depth, se, norm)] = len(names ^ expected)
    return min(misfits, key=lambda architecture: misfits[architecture])


def backbone_state(
    model_state: dict[str, Tensor], architecture: Architecture | None = None
) -> dict[str, Tensor]:
    """Pick the bottom-up ResNet out of a detector's weights and rename it as timm does.

    The ResNet is `backbone.bottom_up.*` (inside a pyramid) or else `backbone.*`; without
    `architecture`, the one that fits best. Frozen BatchNorm, which may stand in the first stages
    only, counts no batches as timm's does: absent counts, useless for inference, become zero.

    Raises:
        ExportError: something is missing, unknown or of another shape; lists all of it.
    """
    prefix, state = _bottom_up(model_state)
    expected = expected_shapes(architecture or find_architecture(model_state))
    state = {name: torch.tensor(0) for name in expected if name.endswith(TRACKED)} | state
    known = {name for name in expected if to_timm_name(name)}
    problems = [f"unknown {prefix}{name}" for name in state if name not in known]
    tensors: dict[str, Tensor] = {}
    for name, shape in expected.items():
        if name not in state:
            problems.append(f"missing {prefix}{name}")
        elif state[name].shape != shape:
            problems.append(f"{prefix}{name} is {tuple(state[name].shape)} instead of {shape}")
        elif new_name := to_timm_name(name):
            # A clone: safetensors refuses tensors that share memory or are not contiguous.
            tensors[new_name] = state[name].detach().clone(memory_format=torch.contiguous_format)
    if problems:
        raise ExportError("the backbone does not fit timm's ResNet: " + ", ".join(problems))
    return tensors


def export_backbone(cfg: CfgNode, checkpoint: Path, output: Path) -> dict[str, str]:
    """Write the backbone of `checkpoint`, described by `cfg`, to `output` for timm.

    Returns:
        the file's metadata: `format` ("timm"), `depth`, `se` ("true", "false"), `norm` ("BN",
        "GN"), `channel_order` ("RGB", "BGR"), `pixel_mean` and `pixel_std` (JSON lists in that
        order, for values 0 to 255), `fov_diameter` (px) and `contrast_radius` (DRIVE px) of the
        photographs that it learned from, see `INPUT.CROSSPOS`, `source`, `source_sha256` and
        `software`.

    Raises:
        CheckpointError: the checkpoint is missing or is none; names the file.
        ExportError: its backbone is not the one of the config, or timm has no such backbone;
            names the file.
        OSError: the output cannot be written.
    """
    if output.exists() and output.samefile(checkpoint):
        raise ExportError(f"{output}: the export would overwrite the checkpoint")
    content = read_checkpoint(checkpoint)
    model_state = content.get("model", content)  # bare weights are fine too
    try:
        weights = model_state.items() if isinstance(model_state, dict) else [(None, None)]
        if not all(isinstance(k, str) and isinstance(v, Tensor) for k, v in weights):
            raise ExportError("holds something else than tensors by name")
        wanted = _described_by(cfg)
        found = find_architecture(model_state)
        if found != wanted:
            raise ExportError(f"the config says {wanted}, but the weights are those of {found}")
        tensors = backbone_state(model_state, wanted)
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
        "fov_diameter": str(cfg.INPUT.CROSSPOS.FOV_DIAMETER),
        "contrast_radius": str(float(cfg.INPUT.CROSSPOS.CONTRAST_RADIUS)),
        "source": checkpoint.name,
        "source_sha256": hashlib.sha256(checkpoint.read_bytes()).hexdigest(),
        "software": f"av_detectron {__version__}",
    }
    write_whole(output, save(tensors, metadata), make_folder=False)
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
    plain = full_ranks(model_state)
    for prefix in ("backbone.bottom_up.", "backbone."):
        state = {k.removeprefix(prefix): v for k, v in plain.items() if k.startswith(prefix)}
        if state:
            return prefix, state
    raise ExportError("holds no backbone: no name starts with 'backbone.'")


def _described_by(cfg: CfgNode) -> Architecture:
    """The backbone that `cfg` describes; refuses what timm's ResNets cannot compute."""
    resnet = cfg.MODEL.RESNETS
    allowed: dict[str, tuple[object, ...]] = {
        "DEPTH": DEPTHS,
        "NORM": tuple(NORMS),
        "STEM_OUT_CHANNELS": (64,),
        "NUM_GROUPS": (1,),
        "WIDTH_PER_GROUP": (64,),
        "RES5_DILATION": (1,),
        "RES2_OUT_CHANNELS": (64,) if resnet.DEPTH < 50 else (256,),
        "DEFORM_ON_PER_STAGE": ([False] * 4,),
        # timm's bottleneck strides in its 3x3 convolution; the basic block has no 1x1.
        "STRIDE_IN_1X1": (False, True) if resnet.DEPTH < 50 else (False,),
    }
    wrong = [
        f"MODEL.RESNETS.{key} is {resnet[key]}, it must be {' or '.join(map(str, good))}"
        for key, good in allowed.items()
        if resnet[key] not in good
    ]
    if cfg.INPUT.FORMAT not in ("RGB", "BGR"):
        wrong.append(f"INPUT.FORMAT is {cfg.INPUT.FORMAT}, it must be RGB or BGR")
    if wrong:
        raise ExportError("timm has no such backbone: " + "; ".join(wrong))
    return Architecture(resnet.DEPTH, resnet.SE, NORMS[resnet.NORM])
