"""DICOM ophthalmic photographs: their pixels, and one attribute that the user names.

Headers hold names, dates of birth and more. Nothing of them is copied, and messages of the parser,
which may quote them, are not passed on.
"""

import io
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from av_screening.errors import RejectedPhotograph
from av_screening.read.bit_depth import to_eight_bits
from av_screening.read.limits import ReadingLimits, check_pixels

EYES = {"R": "OD", "L": "OS"}
"""Of DICOM's words for sides; B, both, is no eye."""


def is_dicom(content: bytes) -> bool:
    """Whether bytes are a DICOM file: "DICM" after a preamble of 128 bytes."""
    return content[128:132] == b"DICM"


def check_keyword(keyword: str) -> None:
    """Raise ValueError unless DICOM has an attribute of this name."""
    from pydicom.datadict import tag_for_keyword

    if tag_for_keyword(keyword) is None:
        raise ValueError(f"expected the keyword of a DICOM attribute, found {keyword!r}")


@contextmanager
def _silence() -> Iterator[None]:
    """Keep pydicom from logging and warning about values of headers."""
    logger = logging.getLogger("pydicom")
    level = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


def read_dicom(
    content: bytes, limits: ReadingLimits, identity: str = ""
) -> tuple[NDArray[np.uint8], str, str]:
    """Pixels, RGB (H, W, 3), 0-255, the value of the attribute `identity`, and the eye.

    The eye is "OD" (right), "OS" (left), or empty where the header does not say which.

    Raises:
        RejectedPhotograph: damaged, without pixels, of several frames, in an encoding that no
            installed decoder knows, or larger than the limits.
    """
    try:
        import pydicom
    except ImportError as error:
        raise RejectedPhotograph(
            "unreadable", "DICOM needs pydicom: pip install 'av-nicking[screen]'"
        ) from error
    with _silence():
        try:
            data = pydicom.dcmread(io.BytesIO(content))
            frames = int(data.get("NumberOfFrames") or 1)
            if "PixelData" not in data:
                raise RejectedPhotograph("unreadable", "expected DICOM with pixels, found none")
            if frames != 1:
                raise RejectedPhotograph("unreadable", f"expected one frame, found {frames}")
            check_pixels(int(data.Columns), int(data.Rows), limits)
            given = str(data.get(identity, "")) if identity else ""
            side = str(data.get("ImageLaterality") or data.get("Laterality") or "")
            return _pixels(data), given, EYES.get(side, "")
        except RejectedPhotograph:
            raise
        except Exception as error:
            # Of any kind, and without its text, which may quote the header.
            raise RejectedPhotograph(
                "unreadable", f"DICOM cannot be decoded ({type(error).__name__})"
            ) from None


def _pixels(data: Any) -> NDArray[np.uint8]:
    from pydicom.pixels import apply_color_lut

    kind, bits = str(data.PhotometricInterpretation), int(data.BitsStored)
    values = np.asarray(data.pixel_array)
    if kind == "PALETTE COLOR":
        values = apply_color_lut(values, data)
        bits = 8 * values.dtype.itemsize
    values = to_eight_bits(values, max(8, bits))
    if kind == "MONOCHROME1":
        values = 255 - values
    if values.ndim == 2:
        values = np.repeat(values[:, :, None], 3, axis=2)
    if values.ndim != 3 or values.shape[2] != 3:
        raise RejectedPhotograph(
            "unreadable", f"expected grey or colour pixels, found the shape {values.shape}"
        )
    return np.ascontiguousarray(values)
