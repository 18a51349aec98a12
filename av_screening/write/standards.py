"""Standard pictures of the grades and signs, drawn: what a reader compares a crossing with.

They are shipped as tools/draw_standards.py drew them, which takes longer than screening a
photograph.
"""

from functools import cache
from pathlib import Path

TEMPLATES = Path(__file__).parents[1] / "templates"
GRADES_SHOWN = (0, 1, 2, 3)
"""Each has a picture."""
SIGNS_SHOWN = {
    "concealment": "Concealment: the vein is hidden beside the artery",
    "tapering": "Tapering (Gunn): it narrows towards the artery",
    "deflection": "Deflection (Salus): it changes its course",
    "banking": "Banking (Bonnet): it swells beyond",
}
"""Each has a picture, with the sign alone, and these words."""
SIDE = 192
"""Of a picture (px)."""


def path_of(grade: int) -> Path:
    """The shipped picture of a grade."""
    return TEMPLATES / f"grade_{grade}.jpg"


def path_of_sign(sign: str) -> Path:
    """The shipped picture of a sign."""
    return TEMPLATES / f"sign_{sign}.jpg"


@cache
def sign_pictures() -> dict[str, bytes]:
    """JPEG of the same drawn crossing with each sign alone."""
    return {sign: path_of_sign(sign).read_bytes() for sign in SIGNS_SHOWN}


@cache
def standard_pictures() -> dict[int, bytes]:
    """JPEG of a drawn crossing for each grade; it is the same crossing, nicked further and
    further, and no patient's."""
    return {grade: path_of(grade).read_bytes() for grade in GRADES_SHOWN}


def draw_standard(shown: int | str) -> bytes:
    """Draw the picture of a grade or of a sign, JPEG."""
    import numpy as np

    from av_grading.caliber.vein_phantom import draw_vein
    from av_grading.simulation.drawn_standards import draw_sign_standards, draw_standards
    from av_screening.write.data_uri import jpeg

    phantom = draw_vein(
        np.random.default_rng(3), width=19, size=261, reflex=0.15, noise=0.008, blur=1.6, artery=14
    )
    crossing, center, side = (phantom.photograph, phantom.av_map), phantom.center, SIDE / 4
    if isinstance(shown, str):
        return jpeg(draw_sign_standards(*crossing, center, 4.0, side, SIDE)[shown], 85)
    return jpeg(draw_standards(*crossing, center, 4.0, side, SIDE)[shown], 85)
