import hashlib
import json
import os
import pickle
from pathlib import Path

import pytest
import timm
import torch
from detectron2.modeling import build_backbone
from safetensors.torch import load_file, save_file
from torch import nn

from av_detectron import __version__, get_av_config
from av_detectron.checkpoint.checkpointer import CheckpointError
from av_detectron.checkpoint.export_timm import (
    Architecture,
    ExportError,
    backbone_state,
    expected_shapes,
    export_backbone,
    find_architecture,
    load_metadata,
    to_timm_name,
)

STAGES = ["res2", "res3", "res4", "res5"]
PREFIX = "backbone.bottom_up."


def make_config(depth=18, se=False, norm="BN"):
    cfg = get_av_config()
    cfg.MODEL.DEVICE = "cpu"
    cfg.MODEL.BACKBONE.NAME = "build_se_resnet_safpn_backbone"
    cfg.MODEL.BACKBONE.FREEZE_AT = 0
    cfg.MODEL.RESNETS.DEPTH = depth
    cfg.MODEL.RESNETS.RES2_OUT_CHANNELS = 64 if depth < 50 else 256
    cfg.MODEL.RESNETS.STRIDE_IN_1X1 = False
    cfg.MODEL.RESNETS.NORM = norm
    cfg.MODEL.RESNETS.SE = se
    cfg.MODEL.RESNETS.OUT_FEATURES = STAGES
    cfg.MODEL.FPN.IN_FEATURES = STAGES
    cfg.MODEL.FPN.OUT_CHANNELS = 8  # the pyramid plays no part
    return cfg


def make_backbone(cfg, seed=0):
    """A backbone no entry of which has its initial value, so that every one of them counts."""
    torch.manual_seed(seed)
    backbone = build_backbone(cfg).eval()
    for module in backbone.bottom_up.modules():
        if hasattr(module, "running_mean"):
            nn.init.normal_(module.running_mean, std=0.2)
            nn.init.uniform_(module.running_var, 0.5, 2.0)
        if hasattr(module, "running_mean") or isinstance(module, nn.GroupNorm):
            nn.init.uniform_(module.weight, 0.5, 1.0)
            nn.init.normal_(module.bias, std=0.2)
    for name, parameter in backbone.bottom_up.named_parameters():
        if ".se." in name:
            nn.init.normal_(parameter, std=0.3)
    return backbone


def model_state(backbone):
    state = {f"backbone.{name}": tensor for name, tensor in backbone.state_dict().items()}
    return {**state, "roi_heads.box_head.fc1.weight": torch.ones(2, 2)}


def make_timm(architecture):
    depth, se, norm = architecture
    options = {"norm_layer": timm.layers.GroupNorm} if norm == "GN" else {}
    name = f"{'se' * se}resnet{depth}"
    return timm.create_model(name, pretrained=False, num_classes=0, **options).eval()


@pytest.fixture(scope="module")
def state18():
    return model_state(make_backbone(make_config()))


@pytest.fixture
def write(tmp_path):
    def write_checkpoint(state):
        path = tmp_path / "model_best.pth"
        torch.save({"model": state, "iteration": 7}, path)
        return path

    return write_checkpoint


@pytest.fixture
def target(tmp_path):
    folder = tmp_path / "target"
    folder.mkdir()
    return folder / "backbone.safetensors"


@pytest.mark.parametrize("norm", ["BN", "FrozenBN", "GN"])
@pytest.mark.parametrize("se", [False, True])
@pytest.mark.parametrize("depth", [18, 50])
def test_same_features_in_timm(depth, se, norm, write, target):
    cfg = make_config(depth, se, norm)
    backbone = make_backbone(cfg)
    export_backbone(cfg, write(model_state(backbone)), target)
    with torch.device("meta"):  # no values but those of the file
        model = make_timm(Architecture(depth, se, "GN" if norm == "GN" else "BN"))
    model.load_state_dict(load_file(target), strict=True, assign=True)
    image = torch.randn(2, 3, 64, 64)
    with torch.no_grad():
        ours = backbone.bottom_up(image)
        theirs = model.forward_intermediates(image, [1, 2, 3, 4], intermediates_only=True)
    for stage, their_map in zip(STAGES, theirs, strict=True):
        assert ours[stage].std() > 0.1  # equality of constants would prove nothing
        torch.testing.assert_close(their_map, ours[stage], rtol=0, atol=1e-4)


@pytest.mark.parametrize("norm", ["BN", "GN"])
@pytest.mark.parametrize("se", [False, True])
@pytest.mark.parametrize("depth", [18, 34, 50, 101, 152])
def test_names_and_shapes_are_timms(depth, se, norm):
    architecture = Architecture(depth, se, norm)
    ours = {to_timm_name(name): shape for name, shape in expected_shapes(architecture).items()}
    with torch.device("meta"):
        theirs = {name: tuple(t.shape) for name, t in make_timm(architecture).state_dict().items()}
    assert ours == theirs


@pytest.mark.parametrize("depth", [18, 34, 50, 101, 152])
def test_architecture_is_found(depth):
    for architecture in (Architecture(depth, False, "GN"), Architecture(depth, True, "BN")):
        names = expected_shapes(architecture)
        state = {PREFIX + name: torch.empty(0) for name in names if "0.conv1" not in name}
        assert find_architecture(state) == architecture


def test_group_norms_have_the_same_settings():
    ours = make_backbone(make_config(norm="GN")).bottom_up.stem.conv1.norm
    theirs = make_timm(Architecture(18, False, "GN")).bn1
    assert (ours.num_groups, ours.eps) == (theirs.num_groups, theirs.eps) == (32, 1e-5)


@pytest.mark.parametrize(
    "name",
    [
        "stem.conv2.weight",
        "stem.shortcut.weight",
        "stem.conv1.norm.scale",
        "res6.0.conv1.weight",
        "res2.0.conv4.weight",
        "res2.0.conv2_offset.weight",
        "res2.0.se.fc1.norm.weight",
        "res2.conv1.weight",
        "layer1.0.conv1.weight",
        "linear.weight",
        "weight",
        "",
    ],
)
def test_other_names_have_no_counterpart(name):
    assert to_timm_name(name) is None


def test_metadata(state18, write, target):
    cfg = make_config()
    cfg.INPUT.FORMAT = "RGB"
    cfg.MODEL.PIXEL_MEAN = [123.675, 116.28, 103.53]
    cfg.MODEL.PIXEL_STD = [58, 57.5, 57.25]
    checkpoint = write(state18)
    metadata = export_backbone(cfg, checkpoint, target)
    assert metadata == {
        "format": "timm",
        "depth": "18",
        "se": "false",
        "norm": "BN",
        "channel_order": "RGB",
        "pixel_mean": "[123.675, 116.28, 103.53]",
        "pixel_std": "[58.0, 57.5, 57.25]",
        "fov_diameter": "1080",
        "contrast_radius": "0.0",
        "source": "model_best.pth",
        "source_sha256": hashlib.sha256(checkpoint.read_bytes()).hexdigest(),
        "software": f"av_detectron {__version__}",
    }
    assert load_metadata(target) == metadata
    assert json.loads(metadata["pixel_std"]) == [58.0, 57.5, 57.25]
    assert [p.name for p in target.parent.iterdir()] == [target.name]


def test_metadata_of_gates_and_group_norm(write, target):
    cfg = make_config(se=True, norm="GN")
    metadata = export_backbone(cfg, write(model_state(make_backbone(cfg))), target)
    assert (metadata["se"], metadata["norm"], metadata["channel_order"]) == ("true", "GN", "BGR")


@pytest.mark.parametrize("norm", ["SyncBN", "nnSyncBN", "FrozenBN"])
def test_kinds_of_batch_norm_are_one(norm, state18, write, target):
    assert export_backbone(make_config(norm=norm), write(state18), target)["norm"] == "BN"


def test_frozen_stages_get_zero_counts(write, target):
    cfg = make_config()
    cfg.MODEL.BACKBONE.FREEZE_AT = 2
    state = model_state(make_backbone(cfg))
    state[f"{PREFIX}res3.0.conv1.norm.num_batches_tracked"] += 5
    export_backbone(cfg, write(state), target)
    written = load_file(target)
    assert written["layer1.0.bn1.num_batches_tracked"].item() == 0
    assert written["layer2.0.bn1.num_batches_tracked"].item() == 5
    make_timm(Architecture(18, False, "BN")).load_state_dict(written, strict=True)


def test_counts_are_kept(state18):
    count = torch.tensor(41)
    state = backbone_state({**state18, f"{PREFIX}stem.conv1.norm.num_batches_tracked": count})
    assert state["bn1.num_batches_tracked"].item() == 41


def test_resnet_without_pyramid(state18):
    bare = {
        name.replace(".bottom_up", ""): tensor
        for name, tensor in state18.items()
        if name.startswith(PREFIX)
    }
    ours, theirs = backbone_state(bare), backbone_state(state18)
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_safetensors_checkpoint(state18, tmp_path, target):
    checkpoint = tmp_path / "model.safetensors"
    save_file(state18, checkpoint)
    export_backbone(make_config(), checkpoint, target)
    assert torch.equal(load_file(target)["conv1.weight"], state18[f"{PREFIX}stem.conv1.weight"])


def test_any_memory_layout_is_written(state18, write, target):
    name = f"{PREFIX}res3.1.conv1.weight"
    tensor = nn.Parameter(state18[name].contiguous(memory_format=torch.channels_last))
    shared = state18[f"{PREFIX}res2.0.conv1.norm.weight"]
    state = {**state18, name: tensor, f"{PREFIX}res2.0.conv2.norm.weight": shared}
    export_backbone(make_config(), write(state), target)
    written = load_file(target)
    assert torch.equal(written["layer2.1.conv1.weight"], tensor)
    assert torch.equal(written["layer1.0.bn2.weight"], shared)


def refused(cfg, checkpoint, target):
    """The message of the refused export, after which the target folder is still empty."""
    with pytest.raises((ExportError, CheckpointError)) as caught:
        export_backbone(cfg, checkpoint, target)
    assert list(target.parent.iterdir()) == []
    name, _, message = str(caught.value).partition(": ")
    assert name == str(checkpoint)
    return message


def test_other_depth_is_refused(state18, write, target):
    message = refused(make_config(34), write(state18), target)
    assert "the config says ResNet-34 with BN" in message
    assert "the weights are those of ResNet-18 with BN" in message


@pytest.mark.parametrize("other", [{"se": True}, {"norm": "GN"}])
def test_other_gates_or_norm_are_refused(other, state18, write, target):
    assert "those of ResNet-18 with BN" in refused(make_config(**other), write(state18), target)


def test_every_unknown_entry_is_listed(state18, write, target):
    extra = ["res2.0.conv9.weight", "res3.7.conv1.weight", "res4.0.se.fc1.bias", "odd"]
    state = {**state18, **{PREFIX + name: torch.ones(1) for name in extra}}
    message = refused(make_config(), write(state), target)
    assert all(f"unknown {PREFIX}{name}" in message for name in extra)
    assert message.count("unknown") == len(extra) and "missing" not in message


def test_every_missing_entry_is_listed(state18, write, target):
    gone = ["stem.conv1.weight", "res3.0.shortcut.norm.bias", "res5.1.conv2.norm.running_var"]
    state = {name: t for name, t in state18.items() if name.removeprefix(PREFIX) not in gone}
    message = refused(make_config(), write(state), target)
    assert all(f"missing {PREFIX}{name}" in message for name in gone)
    assert message.count("missing") == len(gone) and "unknown" not in message


def test_other_shape_is_refused(state18, write, target):
    name = f"{PREFIX}stem.conv1.weight"
    message = refused(make_config(), write({**state18, name: torch.ones(64, 1, 7, 7)}), target)
    assert f"{name} is (64, 1, 7, 7) instead of (64, 3, 7, 7)" in message


def test_weights_without_backbone_are_refused(write, target):
    assert "no backbone" in refused(make_config(), write({"fc.weight": torch.ones(1)}), target)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("MODEL.RESNETS.STRIDE_IN_1X1", True),
        ("MODEL.RESNETS.NUM_GROUPS", 32),
        ("MODEL.RESNETS.WIDTH_PER_GROUP", 8),
        ("MODEL.RESNETS.RES5_DILATION", 2),
        ("MODEL.RESNETS.RES2_OUT_CHANNELS", 128),
        ("MODEL.RESNETS.STEM_OUT_CHANNELS", 32),
        ("MODEL.RESNETS.DEFORM_ON_PER_STAGE", [False, True, True, True]),
        ("MODEL.RESNETS.DEPTH", 20),
        ("MODEL.RESNETS.NORM", "LN"),
        ("INPUT.FORMAT", "L"),
    ],
)
def test_what_timm_cannot_compute_is_refused(key, value, state18, write, target):
    cfg = make_config(50)
    cfg.merge_from_list([key, value])
    assert f"{key} is {value}" in refused(cfg, write(state18), target)


def test_stride_setting_is_free_without_bottlenecks(state18, write, target):
    cfg = make_config()
    cfg.MODEL.RESNETS.STRIDE_IN_1X1 = True
    export_backbone(cfg, write(state18), target)
    assert target.exists()


@pytest.mark.parametrize("suffix", [".pth", ".pkl", ".safetensors"])
@pytest.mark.parametrize("content", [b"these are no weights\n", b"", bytes(range(256))])
def test_other_files_are_refused(suffix, content, tmp_path, target):
    checkpoint = tmp_path / f"notes{suffix}"
    checkpoint.write_bytes(content)
    refused(make_config(), checkpoint, target)


class Opener:
    """Creates a file when unpickled without care."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


@pytest.mark.parametrize("save", [torch.save, lambda o, p: p.write_bytes(pickle.dumps(o, 2))])
def test_pickled_objects_are_not_run(save, tmp_path, target):
    checkpoint, trace = tmp_path / "model.pth", tmp_path / "trace"
    save({"model": {}, "extra": Opener(trace)}, checkpoint)
    refused(make_config(), checkpoint, target)
    assert not trace.exists()


@pytest.mark.parametrize(
    "content", [{"model": 3}, {"model": {"backbone.a": 1}}, {"iteration": 3}, {3: torch.ones(1)}]
)
def test_checkpoint_without_weights_is_refused(content, tmp_path, target):
    checkpoint = tmp_path / "model.pth"
    torch.save(content, checkpoint)
    assert "else than tensors by name" in refused(make_config(), checkpoint, target)


def test_missing_checkpoint(tmp_path, target):
    refused(make_config(), tmp_path / "absent.pth", target)


def test_failed_writing_leaves_the_old_file_alone(state18, write, target, monkeypatch):
    def fail(*args):
        raise OSError(28, "No space left on device")

    target.write_bytes(b"old")
    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="No space left on device: .*backbone.safetensors'$"):
        export_backbone(make_config(), write(state18), target)
    assert target.read_bytes() == b"old"
    assert list(target.parent.iterdir()) == [target]


def test_the_checkpoint_is_not_overwritten(state18, write):
    checkpoint = write(state18)
    content = checkpoint.read_bytes()
    with pytest.raises(ExportError, match="overwrite"):
        export_backbone(make_config(), checkpoint, checkpoint)
    assert checkpoint.read_bytes() == content


def test_metadata_of_other_files(tmp_path):
    text, other = tmp_path / "a.safetensors", tmp_path / "b.safetensors"
    text.write_text("no tensors")
    save_file({"a": torch.ones(1)}, other)
    for path in (text, other):
        with pytest.raises(ExportError, match=path.name):
            load_metadata(path)
    with pytest.raises(FileNotFoundError):
        load_metadata(tmp_path / "absent")
