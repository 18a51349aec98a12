"""Pictures of detections: green boxes, each instance's mask in a colour of its own."""

import colorsys
from typing import Any

import cv2
import numpy as np
import pycocotools.mask
from numpy.typing import NDArray

GREEN = (0, 255, 0)
WHITE = (255, 255, 255)

Image = NDArray[np.uint8]


def instance_color(number: int) -> tuple[int, int, int]:
    """RGB colour of the n-th instance: golden-angle hues, which differ between neighbours; the
    greens of the boxes are left out."""
    hue = (number * 0.618034) % 1.0 * 0.72
    hue = hue if hue < 0.22 else hue + 0.22
    red, green, blue = colorsys.hsv_to_rgb(hue, 0.85, 1.0)
    return round(255 * red), round(255 * green), round(255 * blue)


def draw_instances(image: Image, instances: list[dict[str, Any]], scale: float) -> Image:
    """Draw boxes and masks over an enlarged photograph.

    Args:
        image: RGB, (H, W, 3).
        instances: COCO records: bbox (XYWH, px of the photograph), and perhaps segmentation
            (RLE) and score.
        scale: enlargement of the picture.

    Returns:
        RGB, (H * scale, W * scale, 3).
    """
    height, width = image.shape[:2]
    size = (round(width * scale), round(height * scale))
    canvas = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
    for number, instance in enumerate(instances):
        if "segmentation" in instance:
            mask = pycocotools.mask.decode(instance["segmentation"])
            mask = cv2.resize(mask, size, interpolation=cv2.INTER_NEAREST).astype(bool)
            color = np.array(instance_color(number))
            canvas[mask] = (0.4 * canvas[mask] + 0.6 * color).astype(np.uint8)
    for instance in instances:
        x, y, w, h = (scale * v for v in instance["bbox"])
        corners = (round(x), round(y)), (round(x + w), round(y + h))
        cv2.rectangle(canvas, *corners, GREEN, max(1, round(size[0] / 800)))
        if "score" in instance:
            text = f"{instance['score']:.2f}"
            at = (round(x), round(y) - 4)
            cv2.putText(canvas, text, at, cv2.FONT_HERSHEY_SIMPLEX, size[0] / 2600, GREEN)
    return canvas


def title(image: Image, text: str) -> Image:
    """Put a line of text above a picture."""
    band = np.zeros((max(24, image.shape[1] // 30), image.shape[1], 3), np.uint8)
    size = band.shape[0] / 40
    at = (8, round(0.72 * band.shape[0]))
    cv2.putText(band, text, at, cv2.FONT_HERSHEY_SIMPLEX, size, WHITE, 1, cv2.LINE_AA)
    return np.concatenate([band, image])


def side_by_side(
    image: Image,
    targets: list[dict[str, Any]],
    predictions: list[dict[str, Any]],
    width: int = 900,
) -> Image:
    """Labelled crossings on the left, detections on the right.

    Args:
        image: RGB, (H, W, 3).
        targets: COCO annotations.
        predictions: COCO results, those to be shown.
        width: of each of the two pictures (px).
    """
    scale = width / image.shape[1]
    left = title(draw_instances(image, targets, scale), f"labelled: {len(targets)}")
    right = title(draw_instances(image, predictions, scale), f"detected: {len(predictions)}")
    return np.concatenate([left, right], axis=1)
