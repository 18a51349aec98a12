"""Released weights: one file that builds its own detector, and is refused when it cannot."""

from pathlib import Path

import numpy as np
import pytest
import torch
from detectron2.config import CfgNode
from detectron2.modeling import build_model
from PIL import Image
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from av_detectron import Predictor
from av_detectron.checkpoint.checkpointer import CheckpointError, CrossPosCheckpointer
from av_detectron.checkpoint.export_timm import backbone_state
from av_detectron.checkpoint.release import (
    detector_config,
    load_detector,
    read_release,
    release_detector,
)
from av_detectron.config import load_config
from av_detectron.data.errors import InputFileError
from av_detectron.data.phantom import make_phantom
from av_detectron.predictor import DEFAULT_WEIGHTS

TINY = ["MODEL.FPN.OUT_CHANNELS", "32", "MODEL.ROI_BOX_HEAD.FC_DIM", "32"]
TINY += ["MODEL.ROI_MASK_HEAD.CONV_DIM", "16", "MODEL.AV_HEAD.WIDTH", "16"]
TINY += ["INPUT.CROSSPOS.FOV_DIAMETER", "256", "TEST.CROSSPOS.SCORE_THRESHOLD", "0.25"]


@pytest.fixture(scope="module")
def trained(
    repo: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[CfgNode, Path, torch.nn.Module]:
    """Config, checkpoint and model with random weights."""
    torch.manual_seed(0)
    cfg = load_config(repo / "configs/cpu/safpn_av.yaml", TINY)
    model = build_model(cfg).eval()
    path = tmp_path_factory.mktemp("trained") / "model_best.pth"
    torch.save({"model": model.state_dict()}, path)
    return cfg, path, model


@pytest.fixture(scope="module")
def released(trained: tuple[CfgNode, Path, torch.nn.Module]) -> Path:
    cfg, path, _ = trained
    release_detector(cfg, path, path.with_suffix(".safetensors"))
    return path.with_suffix(".safetensors")


def test_same_detector_comes_back(
    trained: tuple[CfgNode, Path, torch.nn.Module], released: Path
) -> None:
    cfg, path, model = trained
    loaded_cfg, loaded = load_detector(released)
    assert loaded_cfg.INPUT.CROSSPOS == cfg.INPUT.CROSSPOS
    assert released.stat().st_size < 0.6 * path.stat().st_size
    given = [{"image": torch.rand(3, 128, 128) * 255}]
    with torch.no_grad():
        a, b = model(given)[0]["av"], loaded(given)[0]["av"]
    assert torch.allclose(a, b, atol=0.02)


def test_metadata_says_where_it_comes_from(released: Path) -> None:
    with safe_open(released, framework="pt") as file:
        metadata = file.metadata()
    assert metadata["source"] == "model_best.pth" and len(metadata["source_sha256"]) == 64
    assert "/tmp" not in metadata["config"]


def refused(path: Path) -> str:
    with pytest.raises(CheckpointError) as error:
        Predictor(path)
    assert str(path) in str(error.value)
    return str(error.value)


def test_missing_damaged_and_foreign_files_are_refused(tmp_path: Path, released: Path) -> None:
    assert "found no file" in refused(tmp_path / "absent.safetensors")
    cut = tmp_path / "cut.safetensors"
    cut.write_bytes(released.read_bytes()[:100_000])
    assert "damaged" in refused(cut)
    text = tmp_path / "text.safetensors"
    text.write_text("no weights\n")
    assert "damaged" in refused(text)
    foreign = tmp_path / "foreign.safetensors"
    save_file({"weight": torch.zeros(2)}, foreign, {"format": "pt"})
    assert "found 'pt'" in refused(foreign)


def test_another_architecture_is_refused(tmp_path: Path, released: Path) -> None:
    with safe_open(released, framework="pt") as file:
        metadata = file.metadata()
    other = tmp_path / "other.safetensors"
    deeper = metadata["config"].replace("DEPTH: 18", "DEPTH: 34")
    assert deeper != metadata["config"]
    save_file(load_file(released), other, {**metadata, "config": deeper})
    assert "another architecture" in refused(other)
    save_file(load_file(released), other, {**metadata, "config": "MODEL: {NO_SUCH_KEY: 1}"})
    assert "does not fit this version" in refused(other)


def test_files_of_earlier_versions_are_refused_by_the_new_names(
    tmp_path: Path, released: Path
) -> None:
    with safe_open(released, framework="pt") as file:
        metadata = file.metadata()
    weights = load_file(released)
    old = tmp_path / "old.safetensors"
    older = {k.replace("av_head.predictor.", "av_head.predict."): v for k, v in weights.items()}
    save_file(older, old, metadata)
    assert "renamed to av_head.predictor." in refused(old)
    older_config = metadata["config"].replace("N_VIEWS:", "VIEWS:")
    save_file(weights, old, {**metadata, "config": older_config})
    assert "renamed to TEST.CROSSPOS.N_VIEWS" in refused(old)


def test_overrides_of_a_release_are_refused_with_its_name(released: Path) -> None:
    with pytest.raises(ValueError, match=r"\.safetensors TEST\.CROSSPOS\.VIEWS 2: .*N_VIEWS"):
        detector_config(released, ["TEST.CROSSPOS.VIEWS", "2"])


def test_checkpoint_of_another_config_is_not_released(
    trained: tuple[CfgNode, Path, torch.nn.Module], tmp_path: Path
) -> None:
    cfg, path, _ = trained
    other = cfg.clone()
    other.MODEL.FPN.OUT_CHANNELS = 64
    with pytest.raises(CheckpointError, match="another architecture"):
        release_detector(other, path, tmp_path / "x.safetensors")
    assert not list(tmp_path.iterdir())


def test_predictor_answers_in_the_photographs_pixels(tmp_path: Path, released: Path) -> None:
    image = make_phantom(seed=0, fov_diameter=300).image
    path = tmp_path / "eye.png"
    Image.fromarray(image).save(path)
    found = Predictor(released, device="cpu", threshold=0.0)(path)
    height, width = image.shape[:2]
    assert found.av.shape == (3, height, width)
    assert np.allclose(found.av.sum(axis=0), 1, atol=1e-4)
    assert abs(found.fov.diameter - 300) < 10
    assert len(found.boxes) == len(found.scores) == len(found.masks) == len(found.centers)
    assert (np.diff(found.scores) <= 0).all()
    assert all(mask["size"] == [height, width] for mask in found.masks)
    sure = Predictor(released, device="cpu", threshold=1.0)(image)
    assert len(sure.scores) == 0 and sure.av.shape == found.av.shape


def test_predictor_names_the_bad_photograph(tmp_path: Path, released: Path) -> None:
    path = tmp_path / "text.png"
    path.write_text("no photograph\n")
    with pytest.raises(InputFileError, match="text.png"):
        Predictor(released, device="cpu")(path)


def test_a_detector_is_built_without_random_numbers_and_has_the_files_weights() -> None:
    before = torch.get_rng_state()
    cfg, model = load_detector(DEFAULT_WEIGHTS)
    assert torch.equal(torch.get_rng_state(), before)
    _, state = read_release(DEFAULT_WEIGHTS)
    assert all(torch.equal(value, state[name]) for name, value in model.state_dict().items())
    assert all(bool(p.isfinite().all()) for p in (*model.parameters(), *model.buffers()))


@pytest.fixture(scope="module")
def faster(
    trained: tuple[CfgNode, Path, torch.nn.Module], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, torch.nn.Module]:
    """A release whose convolutions are of low rank, two of them, and its model."""
    cfg = trained[0].clone()
    cfg.MODEL.RANKS = [["backbone.bottom_up.res5.0.conv1", 8], ["backbone.fpn_output2", 4]]
    torch.manual_seed(1)
    model = build_model(cfg).eval()
    path = tmp_path_factory.mktemp("faster") / "faster.pth"
    torch.save({"model": model.state_dict()}, path)
    release_detector(cfg, path, path.with_suffix(".safetensors"))
    return path.with_suffix(".safetensors"), model


def test_a_release_of_low_rank_is_built_as_it_is(faster: tuple[Path, torch.nn.Module]) -> None:
    path, model = faster
    _, loaded = load_detector(path)
    assert loaded.backbone.fpn_output2.reduce.out_channels == 4
    given = [{"image": torch.rand(3, 128, 128) * 255}]
    with torch.no_grad():
        a, b = model(given)[0]["av"], loaded(given)[0]["av"]
    assert torch.allclose(a, b, atol=0.02)
    assert "ranks: expected names of convolutions" in refused(_with_ranks(path, "no.such.name"))


def _with_ranks(path: Path, name: str) -> Path:
    with safe_open(path, framework="pt") as file:
        metadata = file.metadata()
    config = metadata["config"].replace("backbone.fpn_output2", name)
    assert config != metadata["config"]
    save_file(load_file(path), path.with_name("named.safetensors"), {**metadata, "config": config})
    return path.with_name("named.safetensors")


def test_a_detector_of_full_rank_goes_on_from_low_ranks(
    trained: tuple[CfgNode, Path, torch.nn.Module], faster: tuple[Path, torch.nn.Module]
) -> None:
    path, low = faster
    full = build_model(trained[0]).eval()
    CrossPosCheckpointer(full).load(str(path))
    given = [{"image": torch.rand(3, 128, 128) * 255}]
    with torch.no_grad():
        a, b = full(given)[0]["av"], low(given)[0]["av"]
    assert torch.allclose(a, b, atol=0.02)
    exported = backbone_state(load_file(path))
    wanted = backbone_state(full.state_dict())
    assert exported.keys() == wanted.keys()
    assert all(torch.allclose(x.float(), wanted[k], atol=1e-3) for k, x in exported.items())
