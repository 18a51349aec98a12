"""Standard pictures of the grades, drawn: what a reader compares a crossing with.

They are shipped as tools/draw_standards.py drew them, which takes longer than screening a
photograph.
"""

from functools import cache
from pathlib import Path

TEMPLATES = Path(__file__).parents[1] / "templates"
RATIOS = {0: (1.0, 1.0), 1: (1.0, 0.72), 2: (1.0, 0.42), 3: (0.5, 0.5)}
"""Grade → width beside the artery as a share of the vein's own, on either side."""
SIDE = 192
"""Of a picture (px)."""


def path_of(grade: int) -> Path:
    """The shipped picture of a grade."""
    return TEMPLATES / f"grade_{grade}.jpg"


@cache
def standard_pictures() -> dict[int, bytes]:
    """JPEG of a drawn crossing for each grade; it is the same crossing, pressed further and
    further, and no patient's."""
    return {grade: path_of(grade).read_bytes() for grade in RATIOS}


def draw_standard(grade: int) -> bytes:
    """Draw the picture of a grade, JPEG."""
    import numpy as np

    from av_grading.caliber.vein_phantom import draw_vein
    from av_screening.write.data_uri import jpeg

    patch = draw_vein(
        np.random.default_rng(3),
        width=30.0,
        size=SIDE,
        reflex=0.15,
        noise=0.008,
        blur=1.6,
        artery=20.0,
        ratios=RATIOS[grade],
        length=46.0,
    )
    return jpeg(patch.photograph, 85)
