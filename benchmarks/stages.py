"""The same depth without our optimisations: detector, map and grader as stages with files between.

Each stage reads the photograph for itself; maps are brought to the photograph's size, patches
are written and read again, and graded one by one, in float32.
"""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from detectron2.config import CfgNode
from detectron2.modeling import build_model
from numpy.typing import NDArray
from torch import nn

from av_detectron.data.annotations import read_photograph
from av_detectron.data.coco import encode_mask
from av_detectron.data.fov import detect_fov, measure_fov
from av_detectron.data.mapper import to_tensor
from av_detectron.data.photograph import to_working_scale
from av_detectron.modeling.vessel_net import map_alone
from av_grading.data.patch_set import PatchSet
from av_grading.formats.files import png, write_whole
from av_grading.formats.images import read_map, read_patch
from av_grading.formats.patches import PIXELS, SIDE, cut_map, cut_patch
from av_grading.grader import Grader
from av_screening.steps.patches import most_likely


class SeparateStages:
    """Detector without a map (random weights), map, and grader, one after the other."""

    def __init__(
        self, cfg: CfgNode, model: nn.Module, graders: list[Grader], folder: Path, detections: int
    ) -> None:
        """
        Args:
            cfg: of the multi-task detector.
            model: that detector, in float32.
            graders: the pipeline's.
            folder: for the files between stages.
            detections: at most, in a photograph.
        """
        self.cfg = cfg
        alone = cfg.clone()
        alone.MODEL.META_ARCHITECTURE = "GeneralizedRCNN"
        alone.MODEL.ROI_HEADS.NAME = "StandardROIHeads"
        alone.TEST.DETECTIONS_PER_IMAGE = detections
        self.detector = build_model(alone).eval()
        self.map = map_alone(cfg, model)
        self.graders = graders
        self.folder = folder

    def _given(self, path: Path) -> tuple[NDArray[np.uint8], dict[str, Any]]:
        """The photograph, and what a model takes of it."""
        pixels = read_photograph(path)
        fov = measure_fov(detect_fov(pixels))
        keys = self.cfg.INPUT.CROSSPOS
        image = to_working_scale(pixels, fov, keys.FOV_DIAMETER, keys.CONTRAST_RADIUS)
        height, width = pixels.shape[:2]
        tensor = to_tensor(image, self.cfg.INPUT.FORMAT)
        return pixels, {"image": tensor, "height": height, "width": width}

    @torch.no_grad()
    def __call__(self, path: Path, centers: NDArray[np.float64], drive_px: float) -> None:
        """All stages for one photograph; arguments as `StockPair`."""
        _, given = self._given(path)
        (found,) = self.detector([given])
        for mask in found["instances"].pred_masks.numpy():
            encode_mask(mask)
        pixels, given = self._given(path)
        (found,) = self.map([given])
        write_whole(self.folder / "map.png", png(most_likely(found["av"].numpy())))
        labels = read_map(self.folder / "map.png")
        for number, (x, y) in enumerate(centers):
            place = ((float(x), float(y)), drive_px, SIDE, PIXELS)
            write_whole(self.folder / f"patch_{number}.png", png(cut_patch(pixels, *place)))
            write_whole(self.folder / f"map_{number}.png", png(cut_map(labels, *place)))
        for number in range(len(centers)):
            patch = read_patch(self.folder / f"patch_{number}.png").transpose(2, 0, 1)
            av_map = read_map(self.folder / f"map_{number}.png")
            one = PatchSet(
                torch.from_numpy(patch[None].copy()),
                torch.from_numpy(av_map[None].copy()),
                torch.tensor([-1]),
                [""],
            )
            for grader in self.graders:
                grader.predict(one, np.array([0]))
