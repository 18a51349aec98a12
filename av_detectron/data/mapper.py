"""Dataset mappers: from dataset dicts to what Detectron2's models take."""

from typing import Any

import numpy as np
import torch
from detectron2.config import CfgNode
from detectron2.structures import BitMasks, Boxes, Instances
from numpy.typing import NDArray

from av_detectron.data.augmentation import draw_crop, draw_tint
from av_detectron.data.coco import LabelOptions
from av_detectron.data.contrast import MIDDLE
from av_detectron.data.crossing_rule import crossing_box, crossing_mask
from av_detectron.data.disc import OpticDisc, draw_disc
from av_detectron.data.photograph import PhotographCache, load_image, working_drive_px
from av_detectron.data.squeeze_vessels import draw_squeezes, squeeze_vessels
from av_detectron.modeling.av_loss import IGNORED, kinds_alone

BROAD_REACH = 3.0
"""How far beside a label of a broad brush the vessel's edge may lie (DRIVE px)."""


def to_tensor(image: NDArray[np.uint8], image_format: str) -> torch.Tensor:
    """RGB (H, W, 3) → float (3, H, W), 0-255, in the model's channel order."""
    if image_format == "BGR":
        image = image[:, :, ::-1]
    return torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1))).float()


def make_instances(
    centers: NDArray[np.float64],
    vessels: NDArray[np.uint8] | None,
    drive_px: float,
    size: tuple[int, int],
    options: LabelOptions,
) -> Instances:
    """Ground truth from crossings, made as the dataset's boxes and masks were made.

    Boxes and masks are made anew after augmentation rather than transformed with it: a rotated
    square's bounding box would be larger than the label, and its corners have no mask.

    Args:
        centers: (N, 2), x and y in px of the image.
        vessels: share of vessel, (H, W), 0-255, or None for boxes alone.
        drive_px: length of one DRIVE px in px of the image.
        size: height and width of the image.
        options: side of the box and kind of mask.
    """
    height, width = size
    inside = ((centers >= 0) & (centers < (width, height))).all(axis=1)
    boxes = [crossing_box(c, drive_px, options.box_side) for c in centers[inside]]
    masks = np.zeros((len(boxes), height, width), bool)
    if vessels is not None:
        binary = vessels > 127
        for mask, box in zip(masks, boxes, strict=True):
            pixels, x, y = crossing_mask(binary, box, options.mask)
            mask[y : y + pixels.shape[0], x : x + pixels.shape[1]] = pixels
    instances = Instances(size)
    instances.gt_boxes = Boxes(torch.as_tensor(np.array(boxes).reshape(-1, 4)).float())
    instances.gt_boxes.clip(size)
    instances.gt_classes = torch.zeros(len(boxes), dtype=torch.int64)
    if vessels is not None:
        instances.gt_masks = BitMasks(torch.from_numpy(masks))
    return instances


class CrossPosTrainMapper:
    """Cut an augmented crop from a photograph, with the crossings in it."""

    def __init__(self, cfg: CfgNode) -> None:
        keys = cfg.INPUT.CROSSPOS
        self.size = keys.CROP_SIZE
        self.crossing_share = keys.CROSSING_CROPS
        self.rotation = keys.ROTATION
        self.zoom = keys.ZOOM
        self.color = keys.COLOR
        self.squeeze = keys.SQUEEZE
        self.format = cfg.INPUT.FORMAT
        # What is beyond the photograph looks like what is beyond the field of view.
        self.outside = round(MIDDLE) if keys.CONTRAST_RADIUS > 0 else 0
        self.cache = PhotographCache(keys.FOV_DIAMETER, keys.CACHE_MB << 20, keys.CONTRAST_RADIUS)

    def __call__(self, record: dict[str, Any]) -> dict[str, Any]:
        """Dataset dict → file_name, image (3, S, S), instances (px of the crop), whether these are
        known ("crossings_known"), av and disc.

        av is there for photographs with an artery/vein map: labels (S, S), see `av_loss`; disc, 1
        on the optic disc and 0 off it (S, S), where the disc is known.
        """
        # Detectron2 seeds numpy's state in every worker; one draw from it starts our generator.
        rng = np.random.default_rng(np.random.randint(2**31))
        photograph = self.cache.load(record)
        crop = draw_crop(
            rng,
            photograph,
            size=self.size,
            crossing_share=self.crossing_share,
            rotation=self.rotation,
            zoom=self.zoom,
        )
        image = crop.image(photograph.image, self.outside)
        image = draw_tint(rng, self.color).image(image)
        vessels = None if photograph.vessels is None else crop.image(photograph.vessels)
        av = None if photograph.av is None else crop.labels(photograph.av, IGNORED)
        if self.squeeze > 0 and av is not None and rng.random() < self.squeeze:
            squeezes = draw_squeezes(rng, av, photograph.drive_px * crop.zoom)
            pictures = [image] if vessels is None else [image, vessels]
            (image, *others), av = squeeze_vessels(pictures, av, squeezes)
            vessels = others[0] if others else None
        instances = make_instances(
            crop.points(photograph.centers),
            vessels,
            photograph.drive_px * crop.zoom,
            (self.size, self.size),
            record["label_options"],
        )
        mapped: dict[str, Any] = {
            "file_name": record["file_name"],
            "image": to_tensor(image, self.format),
            "height": self.size,
            "width": self.size,
            "instances": instances,
            "crossings_known": record["label_options"].crossings,
        }
        if av is not None:
            labels = torch.from_numpy(av).long()
            if record["label_options"].edges == "broad":
                labels = kinds_alone(labels, round(BROAD_REACH * photograph.drive_px * crop.zoom))
            mapped["av"] = labels
        if photograph.disc is not None:
            ((x, y),) = crop.points(np.array([[photograph.disc.x, photograph.disc.y]]))
            disc = OpticDisc(x, y, photograph.disc.diameter * crop.zoom)
            mapped["disc"] = torch.from_numpy(draw_disc(disc, (self.size, self.size))).long()
        return mapped


class CrossPosTestMapper:
    """The whole photograph at the working scale; predictions come back in its own pixels."""

    def __init__(self, cfg: CfgNode) -> None:
        self.fov_diameter = cfg.INPUT.CROSSPOS.FOV_DIAMETER
        self.contrast_radius = cfg.INPUT.CROSSPOS.CONTRAST_RADIUS
        self.format = cfg.INPUT.FORMAT

    def __call__(self, record: dict[str, Any]) -> dict[str, Any]:
        """Dataset dict → the same, with image (3, H, W) at the working scale and drive_px, the
        length of one DRIVE px in its px."""
        image = load_image(record, self.fov_diameter, self.contrast_radius)
        drive_px = working_drive_px(record["fov"], self.fov_diameter)
        return {**record, "image": to_tensor(image, self.format), "drive_px": drive_px}
