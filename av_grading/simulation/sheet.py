"""What the grades look like: a row of examples for each."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

from av_grading.formats.grade_definition import MEANING

INCH = 1.35
"""Side of a patch in the picture."""


def draw_grades(examples: Mapping[int, Sequence[NDArray[np.uint8]]]) -> NDArray[np.uint8]:
    """Rows of patches (S, S, 3), grade 0 at the top, with what the grade means beside them."""
    grades = sorted(examples)
    columns = max(1, *(len(patches) for patches in examples.values()))
    figure = Figure(figsize=(INCH * (columns + 0.9), INCH * len(grades)), dpi=120)
    canvas = FigureCanvasAgg(figure)
    left = 0.9 / (columns + 0.9)
    grid = figure.add_gridspec(
        len(grades), columns, left=left, right=1, top=1, bottom=0, wspace=0.03, hspace=0.03
    )
    for row, grade in enumerate(grades):
        middle = 1 - (row + 0.5) / len(grades)
        meaning = MEANING[grade].replace(", ", "\n")
        figure.text(0.1 * left, middle, f"{grade}  {meaning}", va="center", fontsize=11)
        for column, patch in enumerate(examples[grade]):
            axes = figure.add_subplot(grid[row, column])
            axes.imshow(patch, interpolation="lanczos")
            axes.set_axis_off()
    canvas.draw()  # type: ignore[no-untyped-call]
    drawn = np.asarray(canvas.buffer_rgba(), np.uint8)  # type: ignore[no-untyped-call]
    return np.ascontiguousarray(drawn[..., :3])
