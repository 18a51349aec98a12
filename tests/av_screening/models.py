"""Models that are small and know nothing, in the files that real ones have."""

import dataclasses
from pathlib import Path

import torch
from detectron2.modeling import build_model as build_detector

from av_detectron.checkpoint.release import release_detector
from av_detectron.config import load_config
from av_grading.close_ups.fine_map import CloseUp, save_close_up
from av_grading.config import Config, Data, Model
from av_grading.grader import Grader, save_grader
from av_grading.models.build import build_grader
from av_grading.models.close_up_unet import CloseUpNet
from av_grading.models.reading_head import ReadingHead
from av_grading.vessels.crossing_vessels import FEATURES

TINY = ["MODEL.FPN.OUT_CHANNELS", "32", "MODEL.ROI_BOX_HEAD.FC_DIM", "16"]
TINY += ["MODEL.ROI_BOX_HEAD.CONV_DIM", "32", "MODEL.ROI_MASK_HEAD.CONV_DIM", "8"]
TINY += ["MODEL.AV_HEAD.WIDTH", "8", "MODEL.RESNETS.RES2_OUT_CHANNELS", "64"]
TINY += ["MODEL.RESNETS.STEM_OUT_CHANNELS", "64", "MODEL.RPN.POST_NMS_TOPK_TEST", "6"]
TINY += ["INPUT.CROSSPOS.FOV_DIAMETER", "96", "TEST.CROSSPOS.SCORE_THRESHOLD", "0.1"]


def write_tiny_detector(folder: Path) -> Path:
    """A shipped detector with random weights, which works at a sixth of the usual scale."""
    repo = Path(__file__).resolve().parents[2]
    torch.manual_seed(0)
    cfg = load_config(repo / "configs/cpu/safpn_av.yaml", TINY)
    torch.save({"model": build_detector(cfg).state_dict()}, folder / "model.pth")
    release_detector(cfg, folder / "model.pth", folder / "detector.safetensors")
    return folder / "detector.safetensors"


def write_tiny_grader(folder: Path, seed: int = 0) -> Path:
    """A grader with random weights."""
    torch.manual_seed(seed)
    config = dataclasses.replace(Config(), data=Data(crop=32), model=Model(rank=8, stages=2))
    model = build_grader(config)
    path = folder / f"grader{seed}.safetensors"
    save_grader(Grader(model.eval(), config), path)
    return path


def write_tiny_close_up(folder: Path) -> Path:
    """A close-up network with random weights, and a reading head that is never sure."""
    torch.manual_seed(0)
    network = CloseUpNet((8, 16)).eval()
    patches = torch.zeros(1, 3, 32, 32, dtype=torch.uint8)
    size = CloseUp(network).look(patches).pooled.shape[1] + len(FEATURES)
    zeros, ones = torch.zeros(5, size), torch.ones(5, size)
    head = ReadingHead(zeros, ones, zeros.clone(), torch.tensor([1.0, 1.0, 0.0, -1.0, -2.0]))
    save_close_up(CloseUp(network, head), folder / "close_up.safetensors")
    return folder / "close_up.safetensors"
