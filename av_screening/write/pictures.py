"""Pictures of a screened photograph: the photograph at a set width, its map, boxes by grade."""

import io

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

from av_detectron.visualization import title
from av_grading.formats.labels import ARTERY, OVERLAP, VEIN
from av_screening.photograph import Screened
from av_screening.steps.patches import most_likely
from av_screening.write.data_uri import jpeg
from av_screening.write.notice import NOTICE

WIDTH = 1200
"""Of the overlay at most (px)."""
PAGE_WIDTH = 1600
"""Of the photograph on its review page at most (px)."""
THUMBNAIL_WIDTH = 240
"""Of the photograph on the index (px)."""
ARTERY_COLOR, VEIN_COLOR, OVERLAP_COLOR = (232, 96, 84), (92, 148, 240), (178, 116, 190)
PALETTE = np.zeros((256, 3), np.uint8)
PALETTE[[ARTERY, VEIN, OVERLAP]] = ARTERY_COLOR, VEIN_COLOR, OVERLAP_COLOR
"""Of labels."""
GRADE_COLORS = {None: (255, 255, 255), 0: (120, 214, 140), 1: (250, 220, 90)}
GRADE_COLORS |= {2: (250, 150, 60), 3: (238, 70, 70)}

Image = NDArray[np.uint8]

_LINEAR = 1.5  # at most so many times as wide, a picture is shrunk from the nearest px alone


def overlay_size(pixels: Image) -> tuple[int, int]:
    """Width, at most `WIDTH` and at most twice the photograph's (H, W, 3), and height (px)."""
    return _size(pixels, WIDTH)


def on_page(pixels: Image) -> Image:
    """The photograph (H, W, 3) as its review page shows it: at most `PAGE_WIDTH` px wide, and at
    most twice as wide as it is."""
    return resize_to(pixels, _size(pixels, PAGE_WIDTH))


def thumbnail(pixels: Image) -> bytes:
    """JPEG of the photograph at any size (H, W, 3), `THUMBNAIL_WIDTH` px wide."""
    return jpeg(resize_to(pixels, _size(pixels, THUMBNAIL_WIDTH)), 80)


def _size(pixels: Image, most: int) -> tuple[int, int]:
    width = min(most, 2 * pixels.shape[1])
    return width, max(1, round(pixels.shape[0] * width / pixels.shape[1]))


def resize_to(pixels: Image, size: tuple[int, int]) -> Image:
    """The photograph (H, W, 3) at a size (width, height)."""
    height, width = pixels.shape[:2]
    if width >= 2 * size[0] and height % 2 == width % 2 == 0:
        # Means of 2 x 2 px take a third of the time of those of any other size.
        half = cv2.resize(pixels, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
        return resize_to(np.asarray(half, np.uint8), size)
    # Where little is lost, four px for each are as good as all of them, in a tenth of the time.
    method = cv2.INTER_AREA if width > _LINEAR * size[0] else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(pixels, size, interpolation=method), np.uint8)


def map_labels(screened: Screened, size: tuple[int, int]) -> Image:
    """The map's labels (height, width) at a size (width, height)."""
    av = screened.found.working_av
    parts = [cv2.resize(part, size, interpolation=cv2.INTER_LINEAR) for part in av]
    return most_likely([np.asarray(part) for part in parts])


def draw_overlay(base: Image, labels: Image, screened: Screened) -> Image:
    """Photograph with vessels tinted and numbered boxes in the colour of their grade, RGB.

    Args:
        base: the photograph at its `overlay_size`.
        labels: `map_labels` of its size.
        screened: the photograph.
    """
    colors = cv2.LUT(cv2.merge([labels] * 3), PALETTE.reshape(1, 256, 3))
    tinted = cv2.addWeighted(base, 0.6, colors, 0.4, 0)
    canvas = np.asarray(cv2.copyTo(tinted, labels, base.copy()), np.uint8)
    scale = base.shape[1] / screened.found.shape[1]
    for crossing in screened.crossings:
        number = crossing.number
        x0, y0, x1, y1 = (round(v * scale) for v in crossing.box)
        color = GRADE_COLORS[crossing.grade]
        cv2.rectangle(canvas, (x0, y0), (x1, y1), color, 2, cv2.LINE_AA)
        at, font = (x0, max(12, y0 - 5)), cv2.FONT_HERSHEY_SIMPLEX
        cv2.putText(canvas, str(number), at, font, 0.5, (0, 0, 0), 3, cv2.LINE_AA)
        cv2.putText(canvas, str(number), at, font, 0.5, color, 1, cv2.LINE_AA)
    return title(canvas, NOTICE)


def smooth_labels(labels: Image, side: int) -> Image:
    """A patch's labels (P, P) at a larger side, with smooth edges in place of stairs."""
    blur = side / labels.shape[0] / 2
    found = np.zeros((side, side), np.uint8)
    for kind in (ARTERY, VEIN, OVERLAP):
        own = labels == kind
        if own.any():
            share = cv2.resize(255 * own.view(np.uint8), (side, side))
            found[np.asarray(cv2.GaussianBlur(share, (0, 0), blur)) > 127] = kind
    return found


def transparent_png(labels: Image) -> bytes:
    """PNG of labels (H, W) in their colours, transparent where there is no vessel."""
    picture = Pillow.fromarray(labels)
    picture.putpalette(PALETTE.tobytes())
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", transparency=0, compress_level=3)
    return buffer.getvalue()
