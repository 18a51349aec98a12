import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from detectron2.modeling import build_backbone
from safetensors import safe_open
from safetensors.torch import load_file

from av_detectron.checkpoint.export_timm import load_metadata
from av_detectron.config import load_config

SCRIPT = Path(__file__).resolve().parents[2] / "tools" / "export_backbone.py"
CONFIG = """
MODEL:
  DEVICE: cpu
  BACKBONE: {NAME: build_se_resnet_safpn_backbone, FREEZE_AT: 0}
  RESNETS:
    DEPTH: 18
    RES2_OUT_CHANNELS: 64
    NORM: GN
    SE: True
    STRIDE_IN_1X1: False
    OUT_FEATURES: [res2, res3, res4, res5]
  FPN: {IN_FEATURES: [res2, res3, res4, res5], OUT_CHANNELS: 8}
INPUT: {FORMAT: RGB}
"""


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    config = folder / "detector.yaml"
    config.write_text(CONFIG)
    backbone = build_backbone(load_config(config, []))
    state = {f"backbone.{name}": tensor for name, tensor in backbone.state_dict().items()}
    torch.save({"model": state}, folder / "model_best.pth")
    (folder / "notes.pth").write_text("these are no weights\n")
    return folder


@pytest.fixture(scope="module")
def tool():
    spec = importlib.util.spec_from_file_location("export_backbone", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def run(tool, files, tmp_path, capsys):
    """Run the tool; returns exit code, standard output and standard error."""

    def run_tool(*opts, config="detector.yaml", weights="model_best.pth", output="out"):
        paths = ["--config-file", str(files / config), "--weights", str(files / weights)]
        code = tool.main([*paths, "--output", str(tmp_path / output), *opts])
        return code, *capsys.readouterr()

    return run_tool


def test_script(files, tmp_path):
    output = tmp_path / "backbone.safetensors"
    arguments = ["--config-file", files / "detector.yaml", "--weights", files / "model_best.pth"]
    command = [sys.executable, SCRIPT, *arguments, "--output", output]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    with safe_open(output, framework="pt") as file:
        count = len(file.keys())
    size = output.stat().st_size / 2**20
    assert f"{output}: {count} tensors, {size:.1f} MiB" in done.stdout
    for key, value in load_metadata(output).items():
        assert f"{key}: {value}" in done.stdout


def test_a_shipped_detector_needs_no_config(tool, untrained, run_tool, tmp_path):
    shipped, output = tmp_path / "shipped.safetensors", tmp_path / "backbone.safetensors"
    config = untrained / "safpn_av.yaml"
    code, _, err = run_tool(
        "release_weights.py", "--detector", str(config), "--output", str(shipped)
    )
    assert code == 0, err
    assert tool.main(["--config-file", str(shipped), "--output", str(output)]) == 0
    state = load_file(output)
    trained = torch.load(untrained / "safpn_av.pth", weights_only=True)["model"]
    expected = trained["backbone.bottom_up.stem.conv1.weight"].half().float()
    torch.testing.assert_close(state["conv1.weight"].float(), expected)


def test_a_config_without_weights_needs_them_named(tool, tmp_path, capsys):
    given = ["--config-file", "cpu/safpn_av.yaml", "--output", str(tmp_path / "out")]
    assert tool.main(given) == 1
    assert "--weights: expected a checkpoint" in capsys.readouterr().err


def test_overrides(run, tmp_path):
    code, out, _ = run("INPUT.FORMAT", "BGR", "MODEL.PIXEL_MEAN", "[1.0, 2.0, 3.0]")
    assert code == 0
    assert "channel_order: BGR" in out and "pixel_mean: [1.0, 2.0, 3.0]" in out
    assert load_metadata(tmp_path / "out")["pixel_mean"] == "[1.0, 2.0, 3.0]"


@pytest.mark.parametrize(
    ("arguments", "opts", "words"),
    [
        ({"weights": "absent.pth"}, [], ["absent.pth"]),
        ({"weights": "notes.pth"}, [], ["notes.pth"]),
        ({"config": "absent.yaml"}, [], ["absent.yaml"]),
        ({"output": "absent/out"}, [], ["absent/out"]),
        ({}, ["MODEL.RESNETS.DEPTHS", "18"], ["detector.yaml", "DEPTHS"]),
        ({}, ["MODEL.RESNETS.DEPTH", "34"], ["model_best.pth", "ResNet-34", "ResNet-18"]),
        ({}, ["MODEL.RESNETS.NUM_GROUPS", "32"], ["model_best.pth", "NUM_GROUPS"]),
    ],
)
def test_errors_are_one_line_naming_the_file(arguments, opts, words, run, tmp_path):
    code, out, err = run(*opts, **arguments)
    assert (code, out) == (1, "")
    assert err.startswith("error: ") and err.count("\n") == 1
    assert all(word in err for word in words)
    assert list(tmp_path.iterdir()) == []


def test_folder_without_write_permission(run, tmp_path):
    (tmp_path / "locked").mkdir(mode=0o500)
    if os.access(tmp_path / "locked", os.W_OK):
        pytest.skip("this user may write everywhere")
    code, _, err = run(output="locked/out")
    assert code == 1 and "locked/out" in err and err.count("\n") == 1
    assert list((tmp_path / "locked").iterdir()) == []


def test_folder_as_output(run, tmp_path):
    (tmp_path / "out").mkdir()
    code, _, err = run()
    assert code == 1 and str(tmp_path / "out") in err and err.count("\n") == 1
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--config-file", "a.yaml", "--weights", "b.pth"],
        ["--config-file", "a.yaml", "--weights", "b.pth", "--output", "c", "MODEL.DEVICE"],
    ],
)
def test_wrong_usage(arguments, tool, capsys):
    with pytest.raises(SystemExit) as exit_:
        tool.main(arguments)
    assert exit_.value.code == 2
    assert "usage:" in capsys.readouterr().err
