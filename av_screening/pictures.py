"""Pictures of a screened photograph: the photograph at a set width, its map, boxes by grade."""

import cv2
import numpy as np
from numpy.typing import NDArray

from av_detectron.visualization import title
from av_screening.notice import NOTICE
from av_screening.patches import most_likely
from av_screening.pipeline import Screened

WIDTH = 1200
"""Of pictures (px)."""
ARTERY_COLOR, VEIN_COLOR = (232, 96, 84), (92, 148, 240)
GRADE_COLORS = {None: (255, 255, 255), 0: (120, 214, 140), 1: (250, 220, 90)}
GRADE_COLORS |= {2: (250, 150, 60), 3: (238, 70, 70)}

Image = NDArray[np.uint8]


def resized(pixels: Image) -> Image:
    """The photograph (H, W, 3) `WIDTH` px wide."""
    height = max(1, round(pixels.shape[0] * WIDTH / pixels.shape[1]))
    method = cv2.INTER_AREA if pixels.shape[1] > WIDTH else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(pixels, (WIDTH, height), interpolation=method), np.uint8)


def draw_map(screened: Screened, size: tuple[int, int]) -> Image:
    """The map as RGBA, (height, width, 4), transparent where there is no vessel.

    Args:
        screened: the photograph.
        size: width and height (px).
    """
    av = screened.found.working_av
    large = np.stack([cv2.resize(part, size, interpolation=cv2.INTER_LINEAR) for part in av])
    palette = np.array([(0, 0, 0, 0), (*ARTERY_COLOR, 255), (*VEIN_COLOR, 255)], np.uint8)
    return np.asarray(palette[most_likely(large)])


def grade_of(screened: Screened, number: int) -> int | None:
    """The likeliest grade of a crossing, None without graders."""
    return int(screened.grades.grade[number]) if screened.grades else None


def draw_overlay(base: Image, map_picture: Image, screened: Screened) -> Image:
    """Photograph with vessels tinted and numbered boxes in the colour of their grade, RGB.

    Args:
        base: `resized` photograph.
        map_picture: `draw_map` of its size.
        screened: the photograph.
    """
    vessel = map_picture[..., 3] > 0
    canvas = base.copy()
    tint = 0.6 * base[vessel] + 0.4 * map_picture[vessel][:, :3]
    canvas[vessel] = tint.astype(np.uint8)
    scale = base.shape[1] / screened.found.shape[1]
    for number, box in enumerate(screened.found.boxes * scale):
        x0, y0, x1, y1 = (round(float(v)) for v in box)
        color = GRADE_COLORS[grade_of(screened, number)]
        cv2.rectangle(canvas, (x0, y0), (x1, y1), color, 2, cv2.LINE_AA)
        at, font = (x0, max(12, y0 - 5)), cv2.FONT_HERSHEY_SIMPLEX
        cv2.putText(canvas, str(number), at, font, 0.5, (0, 0, 0), 3, cv2.LINE_AA)
        cv2.putText(canvas, str(number), at, font, 0.5, color, 1, cv2.LINE_AA)
    return title(canvas, NOTICE)


def jpeg(pixels: NDArray[np.uint8], quality: int = 85) -> bytes:
    """JPEG of RGB pixels (H, W, 3)."""
    options = [cv2.IMWRITE_JPEG_QUALITY, quality]
    return bytes(cv2.imencode(".jpg", pixels[:, :, ::-1], options)[1])
