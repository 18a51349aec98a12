"""Readers for the files users already have, all into one coordinate convention.

Positions are (x, y) in pixels of the photograph: x to the right, y down, and the centre of the
top left pixel is (0, 0). Artery/vein maps are uint8 arrays of the labels below.
"""

import csv
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from av_detectron.data.errors import InputFileError

BACKGROUND, ARTERY, VEIN, OVERLAP, UNCERTAIN = 0, 1, 2, 3, 4
"""Labels of an artery/vein map. In an index map 3 is an overlap of both *or* a vessel of uncertain
kind, and there is no 4; colours tell the two apart."""

_RITE_COLORS = {  # (red, green, blue) on or off → label
    (0, 0, 0): BACKGROUND,
    (1, 0, 0): ARTERY,
    (0, 0, 1): VEIN,
    (0, 1, 0): OVERLAP,
    (1, 0, 1): OVERLAP,  # where red and blue meet, smoothed edges are both
    (1, 1, 1): UNCERTAIN,
}


def _is_color(image: Image.Image) -> bool:
    """Whether a palette image means its palette's colours, rather than its indices as labels.

    Index maps come without a meaningful palette (greys); RITE's maps and photographs do not.
    """
    palette = np.array(image.getpalette() or [0, 0, 0]).reshape(-1, 3)
    used = palette[np.unique(np.asarray(image)).clip(max=len(palette) - 1)]
    return bool((used != used[:, :1]).any())


def read_pixels(path: Path, *, labels: bool = False) -> NDArray[np.uint8]:
    """Decode an image file: (H, W) or (H, W, C).

    Args:
        path: PNG, TIFF, GIF, JPEG or whatever else Pillow reads.
        labels: take the indices of a grey palette as they are.

    Raises:
        InputFileError: not an image, truncated, or too large to be safe to decode.
    """
    try:
        with Image.open(path) as image:
            if image.mode == "1":
                pixels = np.asarray(image.convert("L"))
            elif image.mode == "CMYK" or (image.mode == "P" and (not labels or _is_color(image))):
                pixels = np.asarray(image.convert("RGB"))
            else:
                pixels = np.asarray(image)
    except FileNotFoundError as error:
        raise InputFileError(path, "expected an image file, found nothing") from error
    except UnidentifiedImageError as error:
        raise InputFileError(
            path, "expected an image, found another kind of file, or one cut off"
        ) from error
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise InputFileError(path, f"image cannot be decoded: {error}") from error
    if pixels.dtype == np.uint16:
        # by what the largest value needs: 12 bits are often stored in 16, labels too
        pixels = (pixels >> max(0, int(pixels.max(initial=0)).bit_length() - 8)).astype(np.uint8)
    if pixels.dtype != np.uint8:
        raise InputFileError(path, f"expected 8 or 16 bits a channel, found {pixels.dtype}")
    return pixels


def read_photograph(path: Path) -> NDArray[np.uint8]:
    """Read a photograph as RGB, (H, W, 3), 0-255.

    Raises:
        InputFileError: not an image, or truncated.
    """
    pixels = read_pixels(path)
    if pixels.ndim == 2:
        pixels = pixels[:, :, None]
    if pixels.shape[2] < 3:
        return np.repeat(pixels[:, :, :1], 3, axis=2)
    return np.ascontiguousarray(pixels[:, :, :3])


def check_size(path: Path, found: tuple[int, ...], expected: tuple[int, ...]) -> None:
    """Raise InputFileError unless a map has its photograph's (height, width)."""
    if tuple(found[:2]) != tuple(expected[:2]):
        raise InputFileError(
            path,
            f"expected the photograph's size {expected[1]} x {expected[0]} px, "
            f"found {found[1]} x {found[0]} px",
        )


class AVLabels(NamedTuple):
    """An artery/vein map as it was drawn.

    Attributes:
        labels: (H, W), 0-4.
        tells_overlap: whether overlaps are told from uncertain vessels: RITE's colours do, index
            maps do not.
    """

    labels: NDArray[np.uint8]
    tells_overlap: bool


def read_av_map(path: Path) -> NDArray[np.uint8]:
    """Read an artery/vein map, (H, W), labels 0-4; raises as `read_av_labels`."""
    return read_av_labels(path).labels


def read_av_labels(path: Path) -> AVLabels:
    """Read an artery/vein map: an index map, labels 0-3, or RITE's colours, 0-4.

    RITE (Hu 2013): red artery, blue vein, green overlap, white uncertain.

    Raises:
        InputFileError: unreadable, or a value or colour that is neither format's.
    """
    pixels = read_pixels(path, labels=True)
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
        return AVLabels(pixels, tells_overlap=False)
    bits = (pixels[:, :, :3] > 127).astype(np.uint8)
    labels = np.full(bits.shape[:2], 255, np.uint8)
    for color, label in _RITE_COLORS.items():
        labels[(bits == color).all(axis=2)] = label
    if labels.max(initial=0) == 255:
        row, column = np.argwhere(labels == 255)[0]
        raise InputFileError(
            path,
            f"expected red, blue, green, white or black, found RGB "
            f"{tuple(int(v) for v in pixels[row, column, :3])} at x {column}, y {row}",
        )
    return AVLabels(labels, tells_overlap=True)


def read_mask(path: Path) -> NDArray[np.bool_]:
    """Read a binary vessel or FOV mask, (H, W): non-zero is inside; 0/1 or 0/255, any channels.

    JPEG-like greys are cut at half of the largest value.

    Raises:
        InputFileError: unreadable.
    """
    pixels = read_pixels(path)
    if pixels.ndim == 3:
        pixels = pixels[:, :, :3].max(axis=2)
    return pixels > pixels.max(initial=0) // 2


def check_inside(path: Path, points: NDArray[np.float64], shape: tuple[int, ...]) -> None:
    """Raise InputFileError, naming the first row, unless all points (N, 2) lie in the image."""
    height, width = shape[:2]
    outside = (points < -0.5).any(axis=1) | (points > (width - 0.5, height - 0.5)).any(axis=1)
    if outside.any():
        row = int(np.flatnonzero(outside)[0])
        x, y = points[row]
        raise InputFileError(
            path,
            f"row {row + 1}: expected a position inside {width} x {height} px, "
            f"found x {x:g}, y {y:g} (0-based)",
        )


def read_junctions_mat(path: Path) -> NDArray[np.float64]:
    """Read the crossings of a junction file: (N, 2), x and y, 0-based.

    MATLAB stores `CrossPos` as N x 2 in (row, column) order, counted from 1.

    Raises:
        InputFileError: unreadable, no `CrossPos`, or `CrossPos` of another shape.
    """
    import scipy.io  # here: detecting alone does not need it

    try:
        variables = scipy.io.loadmat(str(path))
    except FileNotFoundError as error:
        raise InputFileError(path, "expected a junction file, found nothing") from error
    except Exception as error:  # loadmat raises whatever its parser trips over
        raise InputFileError(path, f"not a readable MATLAB file: {error}") from error
    if "CrossPos" not in variables:
        found = ", ".join(sorted(k for k in variables if not k.startswith("__"))) or "nothing"
        raise InputFileError(path, f"expected an array CrossPos, found {found}")
    positions = np.asarray(variables["CrossPos"])
    if positions.size == 0:
        return np.zeros((0, 2))
    if positions.ndim != 2 or positions.shape[1] != 2 or positions.dtype.kind not in "iuf":
        raise InputFileError(path, f"expected CrossPos of shape N x 2, found {positions.shape}")
    return positions[:, ::-1].astype(np.float64) - 1.0  # (row, column) from 1 → (x, y) from 0


def read_crossings_csv(path: Path) -> dict[str, NDArray[np.float64]]:
    """Read `image,x,y` rows: image stem → (N, 2), x and y in px, 0-based.

    A row whose x and y are empty says that its photograph has no crossing.

    Raises:
        InputFileError: unreadable, other columns, or a row that is not a position.
    """
    rows: dict[str, list[tuple[float, float]]] = {}
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            missing = {"image", "x", "y"} - set(reader.fieldnames or ())
            if missing:
                found = ",".join(reader.fieldnames or ()) or "nothing"
                raise InputFileError(path, f"expected the columns image,x,y, found {found}")
            for row in reader:
                points = rows.setdefault(Path(row["image"] or "").stem, [])
                if row["x"] or row["y"]:
                    points.append(_position(path, reader.line_num, row))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputFileError(path, f"not a readable CSV file: {error}") from error
    return {stem: np.array(points, float).reshape(-1, 2) for stem, points in rows.items()}


def _position(path: Path, line: int, row: dict[str, str]) -> tuple[float, float]:
    try:
        x, y = float(row["x"]), float(row["y"])
    except (TypeError, ValueError) as error:
        raise InputFileError(
            path, f"line {line}: expected numbers x,y, found {row['x']!r},{row['y']!r}"
        ) from error
    if not (np.isfinite(x) and np.isfinite(y)):
        raise InputFileError(path, f"line {line}: expected finite x,y, found {x},{y}")
    return x, y
