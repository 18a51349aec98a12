"""From a photograph to its crossings, their vessel masks and its artery/vein map, in one pass.

from av_detectron import Predictor

found = Predictor()("photograph.png")
found.centers, found.scores, found.av
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from av_detectron.data import annotations as read
from av_detectron.data.coco import encode_mask
from av_detectron.data.fov import FieldOfView, detect_fov, measure_fov
from av_detectron.data.mapper import to_tensor
from av_detectron.data.photograph import to_working_scale
from av_detectron.maps.second_opinion import least_score
from av_detectron.shipping import load_detector

DEFAULT_WEIGHTS = Path(__file__).parent / "weights" / "crossing_av_r18.safetensors"


@dataclass(frozen=True)
class Prediction:
    """What was found in a photograph of H x W px; all lengths in its own px.

    Attributes:
        fov: field of view.
        boxes: (N, 4), x0, y0, x1, y1, where pixel i covers [i, i + 1); best score first.
        scores: (N,), 0-1.
        masks: N masks of the vessels at each crossing, COCO's compressed RLE of (H, W).
        av: probabilities of background, artery and vein, (3, H, W), float32.
    """

    fov: FieldOfView
    boxes: NDArray[np.float32]
    scores: NDArray[np.float32]
    masks: list[dict[str, Any]]
    av: NDArray[np.float32]

    @property
    def centers(self) -> NDArray[np.float32]:
        """Crossings, (N, 2), x and y; pixel centres are at integers."""
        return np.asarray((self.boxes[:, :2] + self.boxes[:, 2:]) / 2 - 0.5)


class Predictor:
    """Loads a detector once and applies it to photographs."""

    def __init__(
        self,
        weights: str | Path = DEFAULT_WEIGHTS,
        device: str | None = None,
        threshold: float | None = None,
    ) -> None:
        """
        Args:
            weights: file written by tools/ship_weights.py; by default the shipped ones.
            device: "cpu" or "cuda"; by default CUDA where there is one.
            threshold: least score of a crossing, 0-1; by default the one that was best on
                validation photographs.

        Raises:
            CheckpointError: the weights are not a detector's; names the file and says why.
        """
        self.device = device or ("cuda" if torch.cuda.is_available() else "cpu")
        self.cfg, self.model = load_detector(Path(weights), self.device)
        keys = self.cfg.TEST.CROSSPOS
        self.threshold = max(0.0, keys.SCORE_THRESHOLD) if threshold is None else threshold
        heads: Any = self.model.roi_heads
        heads.box_predictor.test_score_thresh = least_score(self.threshold, keys.SECOND_OPINION)

    @torch.inference_mode()
    def __call__(
        self, photograph: str | Path | NDArray[np.uint8], fov: FieldOfView | None = None
    ) -> Prediction:
        """Find the crossings of one photograph.

        Args:
            photograph: file, or RGB pixels (H, W, 3), 0-255.
            fov: field of view (px of the photograph); by default found in it.

        Raises:
            InputFileError: the file is unreadable or no photograph; names it.
            ValueError: no field of view is found in pixels.
        """
        if isinstance(photograph, str | Path):
            pixels = read.read_photograph(Path(photograph))
        else:
            pixels = photograph
        if fov is None:
            fov = measure_fov(detect_fov(pixels))
        keys = self.cfg.INPUT.CROSSPOS
        image = to_working_scale(pixels, fov, keys.FOV_DIAMETER, keys.CONTRAST_RADIUS)
        height, width = pixels.shape[:2]
        given = {
            "image": to_tensor(image, self.cfg.INPUT.FORMAT),
            "height": height,
            "width": width,
        }
        (output,) = self.model([given])
        found = output["instances"].to("cpu")
        found = found[found.scores >= self.threshold]
        return Prediction(
            fov=fov,
            boxes=found.pred_boxes.tensor.numpy(),
            scores=found.scores.numpy(),
            masks=[encode_mask(mask) for mask in found.pred_masks.numpy()],
            av=output["av"].cpu().numpy(),
        )
