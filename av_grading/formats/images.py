"""Read patches and their artery/vein maps."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from av_grading.formats.errors import InputFileError
from av_grading.formats.labels import ARTERY, BACKGROUND, OVERLAP, VEIN

_COLORS = {  # (red, green, blue) on or off → label, RITE's colours (Hu 2013)
    (0, 0, 0): BACKGROUND,
    (1, 0, 0): ARTERY,
    (0, 0, 1): VEIN,
    (0, 1, 0): OVERLAP,
    (1, 0, 1): OVERLAP,
    (1, 1, 1): OVERLAP,
}


def read_patch(path: Path) -> NDArray[np.uint8]:
    """RGB pixels (H, W, 3), 0-255.

    Raises:
        InputFileError: missing, not an image, or truncated.
    """
    return _decode(path, "RGB")


def read_map(path: Path) -> NDArray[np.uint8]:
    """Labels (H, W), 0-3, of an index map (grey, 0-3) or of one in RITE's colours.

    Raises:
        InputFileError: missing, not an image, truncated, or with other values or colours.
    """
    grey = _is_grey(path)
    pixels = _decode(path, "L" if grey else "RGB")
    if grey:
        if pixels.max(initial=0) > OVERLAP:
            raise InputFileError(
                path, f"expected labels 0-3 or RITE's colours, found the value {pixels.max()}"
            )
        return pixels
    bits = pixels > 127
    labels = np.full(bits.shape[:2], 255, np.uint8)
    for color, label in _COLORS.items():
        labels[(bits == color).all(axis=2)] = label
    if labels.max(initial=0) == 255:
        row, column = np.argwhere(labels == 255)[0]
        found = tuple(int(v) for v in pixels[row, column])
        raise InputFileError(
            path, f"expected red, blue, green, white or black, found RGB {found} at {column}, {row}"
        )
    return labels


def _is_grey(path: Path) -> bool:
    try:
        with Image.open(path) as image:
            return image.mode in ("L", "1", "I;16", "I")
    except (OSError, Image.DecompressionBombError):
        return False  # `_decode` says what is wrong


def _decode(path: Path, mode: str) -> NDArray[np.uint8]:
    try:
        with Image.open(path) as image:
            return np.array(image.convert(mode), np.uint8)
    except FileNotFoundError as error:
        raise InputFileError(path, "expected an image file, found nothing") from error
    except UnidentifiedImageError as error:
        raise InputFileError(
            path, "expected an image, found another kind of file, or one cut off"
        ) from error
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise InputFileError(path, f"image cannot be decoded: {error}") from error
