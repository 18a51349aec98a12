"""A figure of a screened photograph, for notebooks and papers."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from av_screening.photograph import Screened
from av_screening.write.notice import NOTICE
from av_screening.write.pictures import GRADE_COLORS, PALETTE, map_labels, overlay_size, resize_to


def plot_screened(pixels: NDArray[np.uint8], screened: Screened, name: str) -> Figure:
    """The photograph with a box per crossing, and its artery/vein map beside it.

    Boxes have the colour of the grade, and say "number: grade", or the number alone.

    Args:
        pixels: RGB, (H, W, 3).
        screened: what is known of it.
        name: title.
    """
    base = resize_to(pixels, overlay_size(pixels))
    labels = map_labels(screened, (base.shape[1], base.shape[0]))
    figure = Figure(figsize=(13, 6.5), layout="constrained")
    photograph, av_map = figure.subplots(1, 2)
    photograph.imshow(base)
    photograph.set_title(name)
    _draw_boxes(photograph, screened, base.shape[1] / pixels.shape[1])
    av_map.imshow(PALETTE[labels])
    av_map.set_title("arteries red, veins blue")
    for axes in (photograph, av_map):
        axes.set_axis_off()
    figure.supxlabel(NOTICE, fontsize=8)
    return figure


def _draw_boxes(axes: Axes, screened: Screened, scale: float) -> None:
    for crossing in screened.crossings:
        number, grade = crossing.number, crossing.grade
        # imshow has pixel centres at integers.
        x0, y0, x1, y1 = (v * scale - 0.5 for v in crossing.box)
        color = tuple(v / 255 for v in GRADE_COLORS[grade])
        axes.add_patch(Rectangle((x0, y0), x1 - x0, y1 - y0, fill=False, edgecolor=color))
        text = str(number) if grade is None else f"{number}: {grade}"
        axes.text(x0, y0 - 2, text, color=color, fontsize=7, clip_on=True)
