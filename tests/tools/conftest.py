"""Detectors with random weights, and tools run as a user runs them."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from detectron2.modeling import build_model

from av_detectron.config import load_config
from av_detectron.data.coco import LabelOptions
from av_detectron.data.phantom import write_phantoms
from av_detectron.data.prepare import prepare_set

TINY = ["MODEL.FPN.OUT_CHANNELS", "32", "MODEL.ROI_BOX_HEAD.FC_DIM", "32"]
TINY += ["MODEL.ROI_MASK_HEAD.CONV_DIM", "16", "MODEL.AV_HEAD.WIDTH", "16"]
TINY += ["INPUT.CROSSPOS.FOV_DIAMETER", "270", "TEST.CROSSPOS.SCORE_THRESHOLD", "0.25"]
TINY += ["DATASETS.TEST", "('crosspos_phantom_val',)"]


@pytest.fixture(scope="session")
def untrained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Phantoms (val, test) and safpn_av.yaml, safpn_mask_rcnn.yaml with random weights."""
    repo = Path(__file__).resolve().parents[2]
    folder = tmp_path_factory.mktemp("untrained")
    for split, count in (("val", 2), ("test", 2)):
        write_phantoms(folder, split, count, seed=0, fov_diameter=135)
        prepare_set("phantom", {split: folder / "phantom" / split}, folder, LabelOptions(), 0.0, 0)
    for name in ("safpn_av", "safpn_mask_rcnn"):
        torch.manual_seed(0)
        weights = folder / f"{name}.pth"
        cfg = load_config(repo / f"configs/cpu/{name}.yaml", [*TINY, "MODEL.WEIGHTS", str(weights)])
        torch.save({"model": build_model(cfg).state_dict()}, weights)
        (folder / f"{name}.yaml").write_text(cfg.dump())
    return folder


@pytest.fixture
def run_tool(
    untrained: Path, run_script: Callable[..., tuple[int, str, str]]
) -> Callable[..., tuple[int, str, str]]:
    """`run_tool(name, *arguments)` → exit code, stdout and stderr of one of tools/."""

    def run(tool: str, *arguments: str) -> tuple[int, str, str]:
        return run_script(f"tools/{tool}", *arguments, DETECTRON2_DATASETS=untrained)

    return run


MAP_CONFIG = """
_BASE_: {configs}/cpu/vessel_net.yaml
MODEL: {{FPN: {{OUT_CHANNELS: 32}}, AV_HEAD: {{WIDTH: 16}}}}
INPUT: {{CROSSPOS: {{FOV_DIAMETER: 135, CROP_SIZE: 64}}}}
DATASETS: {{TRAIN: [crosspos_phantom_val], TEST: [crosspos_phantom_val]}}
DATALOADER: {{NUM_WORKERS: 0}}
"""


@pytest.fixture
def tiny(tmp_path: Path, repo: Path) -> str:
    """Config of a small network that learns phantoms' maps."""
    path = tmp_path / "tiny.yaml"
    path.write_text(MAP_CONFIG.format(configs=repo / "configs"))
    return str(path)
