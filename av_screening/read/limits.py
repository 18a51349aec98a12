"""How large a photograph may be, before it is decoded."""

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
