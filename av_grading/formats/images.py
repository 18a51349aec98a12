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
    pixels = _decode(path)
    if pixels.ndim == 2:
        pixels = pixels[:, :, None]
    if pixels.shape[2] < 3:
        return np.repeat(pixels[:, :, :1], 3, axis=2)
    return np.ascontiguousarray(pixels[:, :, :3])


def read_map(path: Path) -> NDArray[np.uint8]:
    """Labels (H, W), 0-3, of an index map (grey, 0-3) or of one in RITE's colours.

    Raises:
        InputFileError: missing, not an image, truncated, or with other values or colours.
    """
    pixels = _decode(path, labels=True)
    if pixels.ndim == 3 and pixels.shape[2] < 3:  # grey with alpha
        pixels = pixels[:, :, 0]
    if pixels.ndim == 2:
        if pixels.max(initial=0) > OVERLAP:
            row, column = np.argwhere(pixels > OVERLAP)[0]
            raise InputFileError(
                path,
                f"expected labels 0-3 or red, blue, green and white, found the value "
                f"{pixels[row, column]} at x {column}, y {row}",
            )
        return pixels
    bits = pixels[:, :, :3] > 127
    labels = np.full(bits.shape[:2], 255, np.uint8)
    for color, label in _COLORS.items():
        labels[(bits == color).all(axis=2)] = label
    if labels.max(initial=0) == 255:
        row, column = np.argwhere(labels == 255)[0]
        found = tuple(int(v) for v in pixels[row, column, :3])
        raise InputFileError(
            path,
            f"expected red, blue, green, white or black, found RGB {found} at x {column}, y {row}",
        )
    return labels


def read_shares(path: Path) -> NDArray[np.uint8]:
    """Shares of artery, vein and overlap, (3, H, W), 0-255: a soft map in RITE's colours, red,
    blue and green, as the close-up network makes them.

    Raises:
        InputFileError: missing, not an image, or without three channels.
    """
    pixels = _decode(path)
    if pixels.ndim != 3 or pixels.shape[2] < 3:
        raise InputFileError(path, f"expected RGB shares of vessels, found {pixels.shape}")
    return np.ascontiguousarray(pixels[..., [0, 2, 1]].transpose(2, 0, 1))


def shares_picture(shares: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The picture (H, W, 3) that `read_shares` reads shares (3, H, W) from."""
    return np.ascontiguousarray(shares[[0, 2, 1]].transpose(1, 2, 0))


def _is_color(image: Image.Image) -> bool:
    """Whether a palette image means its palette's colours, rather than its indices as labels.

    Index maps come without a meaningful palette (greys): their colours would all be background.
    """
    palette = np.array(image.getpalette() or [0, 0, 0]).reshape(-1, 3)
    used = palette[np.unique(np.asarray(image)).clip(max=len(palette) - 1)]
    return bool((used != used[:, :1]).any())


def _decode(path: Path, *, labels: bool = False) -> NDArray[np.uint8]:
    """(H, W) or (H, W, C); with `labels`, the indices of a grey palette as they are."""
    try:
        with Image.open(path) as image:
            if image.mode == "1":
                pixels = np.array(image.convert("L"))
            elif image.mode == "CMYK" or (image.mode == "P" and (not labels or _is_color(image))):
                pixels = np.array(image.convert("RGB"))
            else:
                pixels = np.array(image)
    except FileNotFoundError as error:
        raise InputFileError(path, "expected an image file, found nothing") from error
    except UnidentifiedImageError as error:
        raise InputFileError(
            path, "expected an image, found another kind of file, or one cut off"
        ) from error
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise InputFileError(path, f"image cannot be decoded: {error}") from error
    if pixels.dtype == np.uint16:  # 12 bits are often stored in 16, labels too
        pixels = (pixels >> max(0, int(pixels.max(initial=0)).bit_length() - 8)).astype(np.uint8)
    if pixels.dtype != np.uint8:
        raise InputFileError(path, f"expected 8 or 16 bits a channel, found {pixels.dtype}")
    return pixels
