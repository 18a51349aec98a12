"""From a photograph to its crossings, their vessel masks and its artery/vein map, in one pass.

from av_detectron import Predictor

prediction = Predictor()("photograph.png")
prediction.centers, prediction.scores, prediction.av
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from detectron2.layers.mask_ops import _do_paste_mask
from detectron2.structures import Instances
from numpy.typing import NDArray
from torch import nn

from av_detectron.checkpoint.release import load_detector
from av_detectron.data import annotations as read
from av_detectron.data.coco import encode_window
from av_detectron.data.disc import OpticDisc
from av_detectron.data.fov import FieldOfView, detect_fov, measure_fov
from av_detectron.data.mapper import to_tensor
from av_detectron.data.photograph import to_working_scale, working_drive_px
from av_detectron.maps.rescoring import least_score
from av_detectron.modeling.av_head import photograph_discs
from av_detectron.modeling.roi_pooling import pool_in_float32
from av_detectron.modeling.test_time_augmentation import check_n_views

DEFAULT_WEIGHTS = Path(__file__).parent / "weights" / "crossing_av_r18.safetensors"


@dataclass(frozen=True)
class Prediction:
    """What was found in a photograph of H x W px; lengths in its own px.

    Attributes:
        fov: field of view.
        boxes: (N, 4), x0, y0, x1, y1, where pixel i covers [i, i + 1); best score first.
        scores: (N,), 0-1.
        masks: N masks of the vessels at each crossing, COCO's compressed RLE of (H, W).
        shape: H and W.
        working_av: probabilities of background, artery and vein at the scale at which the
            detector works, (3, h, w), float32.
        disc: the optic disc, or None where none is to be seen.
    """

    fov: FieldOfView
    boxes: NDArray[np.float32]
    scores: NDArray[np.float32]
    masks: list[dict[str, Any]]
    shape: tuple[int, int]
    working_av: NDArray[np.float32]
    disc: OpticDisc | None = None

    @property
    def centers(self) -> NDArray[np.float32]:
        """Crossings, (N, 2), x and y; pixel centres are at integers."""
        return np.asarray((self.boxes[:, :2] + self.boxes[:, 2:]) / 2 - 0.5)

    @cached_property
    def av(self) -> NDArray[np.float32]:
        """Probabilities of background, artery and vein, (3, H, W), float32."""
        return self.av_window(slice(0, self.shape[0]), slice(0, self.shape[1]))

    def av_window(self, rows: slice, columns: slice) -> NDArray[np.float32]:
        """`av[:, rows, columns]`, without what lies outside: a photograph of 50 megapixels has
        600 MB of probabilities. The slices have ends within the photograph."""
        return enlarge_window(self.working_av, self.shape, rows, columns)


class Predictor:
    """Loads a detector once and applies it to photographs."""

    def __init__(
        self,
        weights: str | Path = DEFAULT_WEIGHTS,
        device: str | None = None,
        threshold: float | None = None,
        bfloat16: bool = False,
        n_views: int | None = None,
    ) -> None:
        """
        Args:
            weights: file written by tools/release_weights.py; by default the shipped ones.
            device: "cpu" or "cuda"; by default CUDA where there is one.
            threshold: least score of a crossing, 0-1; by default the one that was best on
                validation photographs.
            bfloat16: compute in bfloat16, faster where the processor has
                instructions for it; scores differ by some thousandths.
            n_views: mirror images over which the map is averaged, 1, 2 or 4; by default the
                weights' own number, 4 in the shipped ones. Time grows with it.

        Raises:
            CheckpointError: the weights are not a detector's; names the file and says why.
            ValueError: another number of views.
        """
        self.device = device or ("cuda" if torch.cuda.is_available() else "cpu")
        self.cfg, model = load_detector(Path(weights), self.device)
        # Convolutions on a CPU take a third less time with channels last.
        model = model.to(memory_format=torch.channels_last)
        detector: Any = to_bfloat16(model) if bfloat16 else model
        if n_views is not None:
            detector.n_views = check_n_views(n_views)
        self.model = detector
        self.bfloat16 = bfloat16
        keys = self.cfg.TEST.CROSSPOS
        self.threshold = max(0.0, keys.SCORE_THRESHOLD) if threshold is None else threshold
        heads: Any = self.model.roi_heads
        heads.box_predictor.test_score_thresh = least_score(self.threshold, keys.RESCORING_WEIGHT)

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
            photograph = read.read_photograph(Path(photograph))
        if fov is None:
            fov = measure_fov(detect_fov(photograph))
        return self.predict_together([photograph], [fov])[0]

    @torch.inference_mode()
    def predict_together(
        self, photographs: Sequence[NDArray[np.uint8]], fovs: Sequence[FieldOfView]
    ) -> list[Prediction]:
        """Find the crossings of several photographs; those of one size go through the network at
        once, for which they share a GPU's memory.

        Args:
            photographs: N of them, RGB, (H, W, 3), 0-255.
            fovs: their fields of view (px of the photographs).

        Returns:
            N predictions.
        """
        given = [self.inputs_of(*pair) for pair in zip(photographs, fovs, strict=True)]
        # Together with a larger one a photograph would be padded, which changes its digits.
        alike: dict[torch.Size, list[int]] = {}
        for number, record in enumerate(given):
            alike.setdefault(record["image"].shape, []).append(number)
        found: dict[int, Prediction] = {}
        for numbers in alike.values():
            parts = self._predict([given[i] for i in numbers], [fovs[i] for i in numbers])
            found |= dict(zip(numbers, parts, strict=True))
        return [found[number] for number in range(len(given))]

    def inputs_of(self, pixels: NDArray[np.uint8], fov: FieldOfView) -> dict[str, Any]:
        """A photograph as the model takes it: image (3, h, w) at the working scale, 0-255, its
        height and width (px of the photograph), and drive_px, one DRIVE px in px of the image."""
        keys = self.cfg.INPUT.CROSSPOS
        image = to_working_scale(pixels, fov, keys.FOV_DIAMETER, keys.CONTRAST_RADIUS)
        return {
            "image": to_tensor(image, self.cfg.INPUT.FORMAT),
            "height": pixels.shape[0],
            "width": pixels.shape[1],
            "drive_px": working_drive_px(fov, keys.FOV_DIAMETER),
        }

    def _predict(
        self, given: Sequence[dict[str, Any]], fovs: Sequence[FieldOfView]
    ) -> list[Prediction]:
        """Predictions of photographs whose images have one size, from their `inputs_of`."""
        images = self.model.preprocess_image(given)
        images.tensor = images.tensor.contiguous(memory_format=torch.channels_last)
        with torch.autocast(self.device, torch.bfloat16, enabled=self.bfloat16):
            features, av = self.model.extract_features(images.tensor)
            drive_px = [record["drive_px"] for record in given]
            found = self.model.detect(images, features, av, drive_px)
            probabilities = self.model.average_views(images.tensor, av)
        discs = photograph_discs(av.disc, given, images.image_sizes, self.model.stride)
        h, w = images.image_sizes[0]
        predictions = []
        for number, (record, detections) in enumerate(zip(given, found, strict=True)):
            height, width = record["height"], record["width"]
            detections = detections[detections.scores >= self.threshold].to("cpu")
            detections.pred_boxes.scale(width / w, height / h)
            detections.pred_boxes.clip((height, width))
            detections = detections[detections.pred_boxes.nonempty()]
            predictions.append(
                Prediction(
                    fov=fovs[number],
                    boxes=detections.pred_boxes.tensor.numpy(),
                    scores=detections.scores.numpy(),
                    masks=paste_masks(detections, (height, width)),
                    shape=(height, width),
                    working_av=probabilities[number, :, :h, :w].cpu().numpy(),
                    disc=discs[number],
                )
            )
        return predictions


def bfloat16_is_fast() -> bool:
    """Whether this processor has instructions for bfloat16; without them it is emulated, at many
    times float32's time."""
    capability = torch.backends.cpu.get_cpu_capability()
    return capability.startswith("AVX512") and torch.cpu._is_avx512_bf16_supported()


def to_bfloat16(model: nn.Module) -> nn.Module:
    """Prepare a model for autocast: weights in bfloat16 once rather than in every pass, and boxes
    pooled in float32, in which they keep their place."""
    for module in model.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            module.to(torch.bfloat16)
    heads: Any = model.roi_heads
    # Scores of eight bits would be coarse: the logits become float32 before they are made of them.
    heads.box_predictor.register_forward_hook(lambda _, __, out: tuple(x.float() for x in out))
    return pool_in_float32(model)


def paste_masks(detections: Instances, shape: tuple[int, int]) -> list[dict[str, Any]]:
    """Masks of a photograph (H, W) as RLE.

    Args:
        detections: `pred_boxes` (px of the photograph) and `pred_masks`, (N, 1, M, M), 0-1.
        shape: H and W.
    """
    masks = []
    for box, mask in zip(detections.pred_boxes.tensor, detections.pred_masks, strict=True):
        # One at a time, each in its box: together they take N times the photograph.
        window, (rows, columns) = _do_paste_mask(mask[None], box[None], *shape, skip_empty=True)
        corner = int(columns.start), int(rows.start)
        masks.append(encode_window((window[0] >= 0.5).numpy(), *corner, shape))
    return masks


def enlarge_window(
    values: NDArray[np.float32], shape: tuple[int, int], rows: slice, columns: slice
) -> NDArray[np.float32]:
    """A window of a map that is resized linearly: what torch's `interpolate` without
    `align_corners` gives there.

    Args:
        values: (C, h, w).
        shape: height and width after resizing (px).
        rows, columns: the window (px after resizing), with ends.

    Returns:
        (C, rows, columns).
    """
    top, bottom, down = _taps(values.shape[1], shape[0], rows)
    left, right, across = _taps(values.shape[2], shape[1], columns)
    first, last = (int(left[0]), int(right[-1]) + 1) if len(left) else (0, 0)
    strip = values[:, :, first:last]
    tall = strip[:, top] * (1 - down)[:, None] + strip[:, bottom] * down[:, None]
    return np.asarray(tall[:, :, left - first] * (1 - across) + tall[:, :, right - first] * across)


def _taps(
    before: int, after: int, part: slice
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
    """The two pixels that each position lies between, and how far it is from the first."""
    place = (np.arange(part.start, part.stop) + 0.5) * (before / after) - 0.5
    place = place.clip(min=0)
    lower = np.floor(place).astype(np.int64).clip(max=before - 1)
    return lower, (lower + 1).clip(max=before - 1), (place - lower).astype(np.float32)
