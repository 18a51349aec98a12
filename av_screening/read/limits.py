"""What a photograph may be like: how large before it is decoded, and how it has to look."""

from dataclasses import dataclass

from av_screening.errors import RejectedPhotograph


@dataclass(frozen=True)
class ReadingLimits:
    """Against files that take all memory, by mistake or on purpose.

    Attributes:
        max_megapixels: width times height; the largest fundus cameras have less than 50.
        max_file_mb: of the file as it is stored.
    """

    max_megapixels: float = 50.0
    max_file_mb: float = 500.0


@dataclass(frozen=True)
class QualityLimits:
    """What a photograph has to be like; extremes of the training photographs in brackets.

    Attributes:
        min_fov: diameter of the field of view (px); half of the detector's scale, below which
            veins are narrower than two pixels (538).
        min_brightness: median of the brightest channel inside, 0-255 (69).
        max_saturated: share of white pixels inside (0).
        min_round: share of the circle around the field that is bright (.976). Cameras that cut
            the circle at the top and bottom leave less.
        max_spill: share of bright pixels outside of that circle (.018): a scan or a landscape
            fills the frame.
        min_smooth: correlation of neighbouring pixels of green (.929): noise has none.
        max_blue: blue over red (.46).
        min_contrast: standard deviation of green, 0-255 (9.9).
    """

    min_fov: float = 270.0
    min_brightness: float = 30.0
    max_saturated: float = 0.3
    min_round: float = 0.75
    max_spill: float = 0.25
    min_smooth: float = 0.7
    max_blue: float = 1.1
    min_contrast: float = 2.0


def check_pixels(width: int, height: int, limits: ReadingLimits) -> None:
    """Raise RejectedPhotograph where an image has no pixels or too many."""
    if width < 1 or height < 1:
        raise RejectedPhotograph("unreadable", f"expected an image, found {width} x {height} px")
    found = width * height / 1e6
    if found > limits.max_megapixels:
        raise RejectedPhotograph(
            "too_large",
            f"expected at most {limits.max_megapixels:g} megapixels, found {width} x {height} px "
            f"({found:.0f} megapixels); --max-megapixels raises the limit",
        )
