"""Read a photograph of any format as RGB, within limits.

PNG, JPEG, TIFF, GIF and what else Pillow knows, of 8 or 16 bits a channel, and DICOM. Pixels keep
the order in which they are stored: an orientation tag is not applied, so that positions fit the
file whatever reads it next.
"""

import io
import os
import stat
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from av_screening.errors import RejectedPhotograph
from av_screening.read.bit_depth import to_eight_bits
from av_screening.read.dicom import is_dicom, read_dicom
from av_screening.read.limits import ReadingLimits, check_pixels

SUFFIXES = {".png", ".jpg", ".jpeg", ".tif", ".tiff", ".gif", ".bmp", ".ppm", ".dcm", ".dicom"}
"""Of files that are taken for photographs; those without a suffix are where they are DICOM."""

FORMATS = ("PNG", "JPEG", "TIFF", "GIF", "BMP", "PPM")
"""Pillow's decoders that are tried: cameras write no others, and each is a surface for faults."""


@dataclass(frozen=True)
class Photograph:
    """A decoded photograph.

    Attributes:
        pixels: RGB, (H, W, 3), 0-255.
        identity: value of the DICOM attribute that the user named; empty otherwise.
        eye: "OD" (right) or "OS" (left) by the DICOM header; empty otherwise.
    """

    pixels: NDArray[np.uint8]
    identity: str = ""
    eye: str = ""


def read_content(path: Path, limits: ReadingLimits) -> bytes:
    """The file's bytes, read once: they are hashed and decoded from memory.

    Raises:
        RejectedPhotograph: unreadable, empty, larger than the limit, or no file: a pipe would keep
            a run waiting for ever.
    """
    most = int(limits.max_file_mb * 1e6)
    try:
        with open(path, "rb", opener=_without_waiting) as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise RejectedPhotograph(
                    "unreadable", f"expected a file, found {_kind_of(status.st_mode)}"
                )
            content = b"" if status.st_size > most else file.read(most + 1)  # it may be growing
            size = max(status.st_size, len(content))
            if size > most:
                raise RejectedPhotograph(
                    "too_large",
                    f"expected a file of at most {limits.max_file_mb:g} MB, found "
                    f"{size / 1e6:.0f} MB; --max-file-mb raises the limit",
                )
    except IsADirectoryError as error:
        raise RejectedPhotograph("unreadable", "a folder that cannot be listed") from error
    except OSError as error:
        raise RejectedPhotograph("unreadable", f"cannot be read: {error.strerror}") from error
    if not content:
        raise RejectedPhotograph("unreadable", "expected an image, found an empty file")
    return content


def _without_waiting(path: str, flags: int) -> int:
    """Open a pipe without waiting for who writes to it (Windows has no such pipes)."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _kind_of(mode: int) -> str:
    for test, name in (
        (stat.S_ISFIFO, "a named pipe"),
        (stat.S_ISSOCK, "a socket"),
        (stat.S_ISBLK, "a device"),
        (stat.S_ISCHR, "a device"),
    ):
        if test(mode):
            return name
    return "something else"


def decode(content: bytes, limits: ReadingLimits, identity: str = "") -> Photograph:
    """Decode the bytes of a photograph.

    Args:
        content: of the file.
        limits: on its size.
        identity: keyword of the DICOM attribute to keep, such as "PatientID"; empty for none.

    Raises:
        RejectedPhotograph: no image, damaged, or larger than the limits.
    """
    if is_dicom(content):
        return Photograph(*read_dicom(content, limits, identity))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's about size and metadata: ours are errors
            with _open(content, limits) as image:
                return Photograph(_to_rgb(image))
    except RejectedPhotograph:
        raise
    except UnidentifiedImageError as error:
        raise RejectedPhotograph(
            "unreadable", "expected an image, found another kind of file, or one cut off"
        ) from error
    except MemoryError as error:
        raise RejectedPhotograph("too_large", "does not fit into memory") from error
    except Exception as error:  # decoders raise whatever their parsers trip over
        reason = str(error) or type(error).__name__
        raise RejectedPhotograph("unreadable", f"image cannot be decoded: {reason}") from error


def _open(content: bytes, limits: ReadingLimits) -> Image.Image:
    """Read the header and check the size that it claims, before anything is decoded."""
    own = Image.MAX_IMAGE_PIXELS
    Image.MAX_IMAGE_PIXELS = None  # our limit instead, which can be raised
    try:
        image = Image.open(io.BytesIO(content), formats=FORMATS)
        check_pixels(*image.size, limits)
        return image
    finally:
        Image.MAX_IMAGE_PIXELS = own


def _to_rgb(image: Image.Image) -> NDArray[np.uint8]:
    """First frame as RGB, (H, W, 3), 0-255."""
    if image.mode.startswith(("I", "F")):  # grey of more than 8 bits
        grey = to_eight_bits(np.asarray(image))
        return np.repeat(grey[:, :, None], 3, axis=2)
    return np.array(image.convert("RGB"), np.uint8)
