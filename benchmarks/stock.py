"""What users would run otherwise: Detectron2's stock Mask R-CNN R50-FPN and a ResNet50 grader.

Both with random weights: time does not depend on them, but for the number of detections, which is
set.
"""

from pathlib import Path

import numpy as np
import torch
from detectron2.config import CfgNode, get_cfg
from detectron2.data.transforms import ResizeShortestEdge
from detectron2.modeling import build_model as build_detector
from numpy.typing import NDArray

from av_detectron.data.annotations import read_photograph
from av_grading.config import Model
from av_grading.data.transforms import to_inputs
from av_grading.formats.patches import PIXELS, SIDE, cut_patch
from av_grading.models.build import build_model


def stock_config(detections: int) -> CfgNode:
    """Mask R-CNN R50-FPN as in Detectron2's model zoo, for one class.

    Args:
        detections: at most, in a photograph.
    """
    levels = ["p2", "p3", "p4", "p5"]
    cfg = get_cfg()
    cfg.MODEL.DEVICE = "cpu"
    cfg.MODEL.WEIGHTS = ""
    cfg.MODEL.MASK_ON = True
    cfg.MODEL.BACKBONE.NAME = "build_resnet_fpn_backbone"
    cfg.MODEL.RESNETS.DEPTH = 50
    cfg.MODEL.RESNETS.OUT_FEATURES = ["res2", "res3", "res4", "res5"]
    cfg.MODEL.FPN.IN_FEATURES = ["res2", "res3", "res4", "res5"]
    cfg.MODEL.ANCHOR_GENERATOR.SIZES = [[32], [64], [128], [256], [512]]
    cfg.MODEL.RPN.IN_FEATURES = [*levels, "p6"]
    cfg.MODEL.RPN.PRE_NMS_TOPK_TEST = cfg.MODEL.RPN.POST_NMS_TOPK_TEST = 1000
    cfg.MODEL.ROI_HEADS.NAME = "StandardROIHeads"
    cfg.MODEL.ROI_HEADS.IN_FEATURES = levels
    cfg.MODEL.ROI_HEADS.NUM_CLASSES = 1
    cfg.MODEL.ROI_BOX_HEAD.NAME = "FastRCNNConvFCHead"
    cfg.MODEL.ROI_BOX_HEAD.NUM_FC = 2
    cfg.MODEL.ROI_BOX_HEAD.POOLER_RESOLUTION = 7
    cfg.MODEL.ROI_MASK_HEAD.NAME = "MaskRCNNConvUpsampleHead"
    cfg.MODEL.ROI_MASK_HEAD.NUM_CONV = 4
    cfg.MODEL.ROI_MASK_HEAD.POOLER_RESOLUTION = 14
    cfg.TEST.DETECTIONS_PER_IMAGE = detections
    return cfg


class StockPair:
    """The stock detector with its own resizing, then the baseline grader in one batch."""

    def __init__(self, detections: int) -> None:
        """
        Args:
            detections: at most, in a photograph.
        """
        self.cfg = stock_config(detections)
        self.detector = build_detector(self.cfg).eval()
        sides = [self.cfg.INPUT.MIN_SIZE_TEST] * 2
        self.resize = ResizeShortestEdge(sides, self.cfg.INPUT.MAX_SIZE_TEST)
        settings = Model(kind="one_stream", depth=50, se=False)
        self.grader = build_model(settings, 4)[0].eval()

    @torch.no_grad()
    def __call__(self, path: Path, centers: NDArray[np.float64], drive_px: float) -> None:
        """Detect in one photograph and grade crossings at the given places.

        Args:
            path: of the photograph.
            centers: (N, 2), x and y (px), the same for all that are compared.
            drive_px: length of one DRIVE px in px.
        """
        pixels = read_photograph(path)
        height, width = pixels.shape[:2]
        resized = self.resize.get_transform(pixels).apply_image(pixels[:, :, ::-1])
        image = torch.as_tensor(resized.astype(np.float32).transpose(2, 0, 1))
        self.detector([{"image": image, "height": height, "width": width}])
        if len(centers):
            places = [(float(x), float(y)) for x, y in centers]
            patches = [cut_patch(pixels, place, drive_px, SIDE, PIXELS) for place in places]
            stack = torch.from_numpy(np.stack(patches).transpose(0, 3, 1, 2))
            maps = torch.zeros((len(stack), PIXELS, PIXELS), dtype=torch.uint8)
            self.grader(*to_inputs(stack, maps, 64))
