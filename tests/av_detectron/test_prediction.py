"""What a prediction holds, against Detectron2's own way from the model's output to it."""

from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from detectron2.config import CfgNode
from detectron2.modeling import build_model

from av_detectron import Predictor
from av_detectron.checkpoint.release import release_detector
from av_detectron.config import load_config
from av_detectron.data.coco import encode_mask, encode_window
from av_detectron.data.fov import detect_fov, measure_fov
from av_detectron.data.mapper import to_tensor
from av_detectron.data.phantom import make_phantom
from av_detectron.data.photograph import to_working_scale
from av_detectron.predictor import enlarge_window

SMALL = ["MODEL.FPN.OUT_CHANNELS", "32", "MODEL.ROI_BOX_HEAD.FC_DIM", "32"]
SMALL += ["MODEL.ROI_MASK_HEAD.CONV_DIM", "16", "MODEL.AV_HEAD.WIDTH", "16"]
SMALL += ["INPUT.CROSSPOS.FOV_DIAMETER", "270", "TEST.CROSSPOS.RESCORING_WEIGHT", "0.5"]


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small detector with random weights."""
    folder = tmp_path_factory.mktemp("detector")
    repo = Path(__file__).resolve().parents[2]
    torch.manual_seed(0)
    cfg: CfgNode = load_config(repo / "configs/cpu/safpn_av.yaml", SMALL)
    torch.save({"model": build_model(cfg).state_dict()}, folder / "model.pth")
    release_detector(cfg, folder / "model.pth", folder / "detector.safetensors")
    return folder / "detector.safetensors"


def test_same_as_detectron2s_own_postprocessing(weights: Path) -> None:
    eye = make_phantom(seed=0, fov_diameter=300).image
    predictor = Predictor(weights, device="cpu", threshold=0.1)
    found = predictor(eye)
    keys = predictor.cfg.INPUT.CROSSPOS
    fov = measure_fov(detect_fov(eye))
    image = to_working_scale(eye, fov, keys.FOV_DIAMETER, keys.CONTRAST_RADIUS)
    given = {"image": to_tensor(image, predictor.cfg.INPUT.FORMAT)}
    given |= {"height": eye.shape[0], "width": eye.shape[1]}
    with torch.inference_mode():
        (output,) = predictor.model([given])
    expected = output["instances"]
    expected = expected[expected.scores >= 0.1]
    assert len(found.scores) == len(expected) > 5
    np.testing.assert_allclose(found.boxes, expected.pred_boxes.tensor.numpy(), atol=1e-4)
    np.testing.assert_allclose(found.scores, expected.scores.numpy(), atol=1e-5)
    assert found.masks == [encode_mask(mask) for mask in expected.pred_masks.numpy()]
    np.testing.assert_allclose(found.av, output["av"].numpy(), atol=1e-4)


def test_windows_are_parts_of_the_map(weights: Path) -> None:
    found = Predictor(weights, device="cpu")(make_phantom(seed=0, fov_diameter=300).image)
    part = found.av_window(slice(30, 90), slice(101, 120))
    np.testing.assert_array_equal(part, found.av[:, 30:90, 101:120])


def test_bfloat16_changes_little(weights: Path) -> None:
    eye = make_phantom(seed=0, fov_diameter=300).image
    exact = Predictor(weights, device="cpu")(eye)
    quick = Predictor(weights, device="cpu", threshold=0.1, bfloat16=True)(eye)
    assert np.abs(exact.working_av - quick.working_av).mean() < 0.01
    assert quick.working_av.dtype == quick.scores.dtype == np.float32
    assert len(quick.scores) > 5
    assert len(np.unique(quick.scores)) > 0.9 * len(quick.scores)  # not rounded to eight bits


def test_bfloat16_without_rescoring(tmp_path: Path) -> None:
    cfg: CfgNode = load_config(
        Path(__file__).resolve().parents[2] / "configs/cpu/safpn_av.yaml", SMALL[:-2]
    )
    torch.save({"model": build_model(cfg).state_dict()}, tmp_path / "model.pth")
    release_detector(cfg, tmp_path / "model.pth", tmp_path / "detector.safetensors")
    predictor = Predictor(tmp_path / "detector.safetensors", "cpu", 0.1, bfloat16=True)
    found = predictor(make_phantom(seed=0, fov_diameter=300).image)
    assert found.scores.dtype == np.float32


@pytest.mark.parametrize("shape", [(37, 53), (9, 11), (20, 20)])
def test_enlarging_is_torchs(shape: tuple[int, int]) -> None:
    values = np.random.default_rng(0).random((3, 20, 20), np.float32)
    expected = F.interpolate(torch.from_numpy(values)[None], shape, mode="bilinear")[0].numpy()
    rows, columns = slice(2, shape[0]), slice(0, shape[1] - 3)
    found = enlarge_window(values, shape, rows, columns)
    np.testing.assert_allclose(found, expected[:, rows, columns], atol=1e-5)


def test_run_lengths_of_a_window() -> None:
    rng = np.random.default_rng(0)
    for left, top, height, width in ((0, 0, 30, 40), (3, 5, 7, 9), (31, 22, 8, 9), (4, 0, 30, 1)):
        window = rng.random((height, width)) > 0.5
        mask = np.zeros((30, 40), bool)
        mask[top : top + height, left : left + width] = window
        assert encode_window(window, left, top, (30, 40)) == encode_mask(mask)
    empty = np.zeros((4, 4), bool)
    assert encode_window(empty, 2, 2, (30, 40)) == encode_mask(np.zeros((30, 40), bool))
    whole = np.ones((30, 40), bool)
    assert encode_window(whole, 0, 0, (30, 40)) == encode_mask(whole)
