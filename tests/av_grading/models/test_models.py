"""Shapes, starting weights, and what is refused."""

import subprocess
import sys
from pathlib import Path

import pytest
import safetensors.torch
import torch

from av_grading.config import Model
from av_grading.models.build import build_model
from av_grading.models.encoder import build_encoder, load_encoder
from av_grading.models.pooling import BilinearPooling, signed_root
from av_grading.models.weights_file import WeightsError

INPUTS = torch.rand(2, 3, 64, 64), torch.rand(2, 3, 64, 64)


def test_bilinear_pooling_against_numbers_worked_out_by_hand() -> None:
    pooling = BilinearPooling(1, 1, 1)
    for layer in (pooling.project_first, pooling.project_second):
        torch.nn.init.ones_(layer.weight)
        torch.nn.init.zeros_(layer.bias)
    a, b = torch.tensor([[[[1.0, 2.0]]]]), torch.tensor([[[[3.0, -1.0]]]])
    assert pooling(a, b).tolist() == [[1.0]]  # (1 * 3 - 2 * 1) / 2 = 0.5, scaled to length one
    assert signed_root(torch.tensor([[9.0, -16.0]])).tolist()[0] == pytest.approx(
        [0.6, -0.8], abs=1e-4
    )


def test_bilinear_features_have_unit_length_and_gradients_at_zero() -> None:
    pooling = BilinearPooling(8, 8, 4)
    first = torch.zeros(2, 8, 3, 3, requires_grad=True)
    features = pooling(first, torch.rand(2, 8, 3, 3))
    assert features.shape == (2, 16)
    features.sum().backward()
    assert torch.isfinite(first.grad).all()
    seen = pooling(torch.rand(2, 8, 3, 3), torch.rand(2, 8, 3, 3))
    torch.testing.assert_close(seen.norm(dim=1), torch.ones(2))
    with pytest.raises(ValueError, match="rank: expected at least 1"):
        BilinearPooling(8, 8, 0)


@pytest.mark.parametrize(
    "settings",
    [
        Model(),
        Model(pooling="concat"),
        Model(pooling="both"),
        Model(kind="one_stream"),
        Model(kind="one_stream", stream="av_map", se=False),
        Model(depth=50, stride=16, norm="batch", rank=16),
        Model(depth=34, frozen_stages=2),
        Model(stages=3),
        Model(align_vein=True, stages=3),
        Model(kind="one_stream", stream="av_map", align_vein=True, stages=3),
    ],
)
def test_every_kind_of_model_answers_and_learns(settings: Model) -> None:
    torch.manual_seed(0)
    model, loaded = build_model(settings, outputs=3)
    assert loaded is None
    logits = model(*INPUTS)
    assert logits.shape == (2, 3)
    logits.square().sum().backward()
    learning = {n for n, p in model.named_parameters() if p.requires_grad}
    assert all(p.grad is not None for n, p in model.named_parameters() if n in learning)
    frozen = {n.split(".")[1] for n, p in model.named_parameters() if not p.requires_grad}
    expected = {"conv1", "bn1", "layer1", "layer2"} if settings.frozen_stages else set()
    assert frozen == expected


def test_one_stream_reads_its_stream_alone() -> None:
    patch, av_map = INPUTS
    for stream, other in (("photograph", (patch, av_map * 0)), ("av_map", (patch * 0, av_map))):
        model = build_model(Model(kind="one_stream", stream=stream), 4)[0].eval()
        torch.testing.assert_close(model(*other), model(patch, av_map))


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "three_stream"},
        {"depth": 20},
        {"norm": "layer"},
        {"pooling": "max"},
        {"kind": "one_stream", "stream": "smell"},
        {"frozen_stages": 5},
        {"stages": 0},
    ],
)
def test_unknown_settings(wrong: dict) -> None:
    with pytest.raises(ValueError, match="expected"):
        build_model(Model(**wrong), 4)


def test_weights_fill_both_streams_and_the_maps_see_no_colour(tmp_path: Path) -> None:
    torch.manual_seed(0)
    start = build_encoder(18)
    path = tmp_path / "backbone.safetensors"
    safetensors.torch.save_file(start.state_dict(), path)
    model, loaded = build_model(Model(weights=str(path)), 4)
    assert len(loaded.taken) == len(start.state_dict()) and not loaded.new and not loaded.ignored
    torch.testing.assert_close(model.photograph.state_dict(), start.state_dict())
    torch.testing.assert_close(model.av_map.layer1.state_dict(), start.layer1.state_dict())
    first = model.av_map.conv1.weight
    torch.testing.assert_close(first[:, 0], start.conv1.weight.mean(1))
    assert torch.equal(first[:, 0], first[:, 1])


def test_weights_without_se_leave_only_se_new(tmp_path: Path) -> None:
    path = tmp_path / "plain.pth"
    classifier = {"fc.weight": torch.zeros(2, 512)}
    torch.save({**build_encoder(18, se=False).state_dict(), **classifier}, path)
    loaded = load_encoder(build_encoder(18), path)
    assert loaded.new and all(".se." in name for name in loaded.new)
    assert loaded.ignored == ["fc.weight"]


def test_fewer_stages_take_what_they_have_of_a_whole_backbone(tmp_path: Path) -> None:
    whole, path = build_encoder(18), tmp_path / "backbone.safetensors"
    safetensors.torch.save_file(whole.state_dict(), path)
    short = build_encoder(18, stages=3)
    assert short.num_features == 256
    loaded = load_encoder(short, path)
    assert loaded.ignored and all(name.startswith("layer4.") for name in loaded.ignored)
    with torch.no_grad():
        expected = INPUTS[0]
        for name, part in whole.named_children():
            if name == "layer4":
                break
            expected = part(expected)
        torch.testing.assert_close(short(INPUTS[0]), expected)
        assert expected.shape == (2, 256, 4, 4)


def test_an_encoder_starts_from_a_graders_photographs(tmp_path: Path) -> None:
    whole, path = build_encoder(18, stages=3), tmp_path / "grader.safetensors"
    named = {f"photograph.{k}": v for k, v in whole.state_dict().items()}
    other = {f"av_map.{k}": torch.zeros_like(v) for k, v in whole.state_dict().items()}
    safetensors.torch.save_file(named | other | {"classify.bias": torch.zeros(4)}, path)
    short = build_encoder(18, stages=3)
    assert not load_encoder(short, path).new
    with torch.no_grad():
        torch.testing.assert_close(short.eval()(INPUTS[0]), whole.eval()(INPUTS[0]))


def test_weights_that_do_not_fit(tmp_path: Path) -> None:
    deeper = tmp_path / "deeper.safetensors"
    safetensors.torch.save_file(build_encoder(34).state_dict(), deeper)
    with pytest.raises(WeightsError, match="deeper.safetensors: weights of another architecture"):
        load_encoder(build_encoder(18), deeper)
    text = tmp_path / "text.pth"
    text.write_text("no weights")
    with pytest.raises(WeightsError, match="text.pth: not a file of weights"):
        load_encoder(build_encoder(18), text)
    with pytest.raises(WeightsError, match="found no file"):
        load_encoder(build_encoder(18), tmp_path / "none.pth")


def test_package_imports_where_there_is_no_detectron2() -> None:
    code = (
        "import sys; sys.modules['detectron2'] = None; sys.modules['av_detectron'] = None\n"
        "import pkgutil, importlib, av_grading\n"
        "for m in pkgutil.walk_packages(av_grading.__path__, 'av_grading.'):\n"
        "    importlib.import_module(m.name)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
