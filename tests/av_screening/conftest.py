"""Files as cameras, archives and accidents leave them."""

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from av_detectron.data.phantom import make_phantom
from av_screening.settings import Settings
from tests.av_screening.models import write_tiny_close_up, write_tiny_detector, write_tiny_grader


def encode(pixels: NDArray[np.generic], kind: str = "PNG") -> bytes:
    """An image file of pixels."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind)
    return buffer.getvalue()


def make_dicom(pixels: NDArray[np.uint8], **more: object) -> bytes:
    """An ophthalmic photograph (8 bits, RGB) whose header holds personal data."""
    import pydicom
    from pydicom.uid import ExplicitVRLittleEndian, OphthalmicPhotography8BitImageStorage

    data = pydicom.Dataset()
    data.file_meta = pydicom.dataset.FileMetaDataset()
    data.file_meta.MediaStorageSOPClassUID = OphthalmicPhotography8BitImageStorage
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.SOPClassUID, data.SOPInstanceUID = OphthalmicPhotography8BitImageStorage, "1.2.3"
    data.PatientName, data.PatientID = "Secret^Person", "id-17"
    data.PatientBirthDate = "19340512"
    data.Rows, data.Columns = pixels.shape[:2]
    data.SamplesPerPixel, data.PhotometricInterpretation = 3, "RGB"
    data.PlanarConfiguration = 0
    data.BitsAllocated, data.BitsStored, data.HighBit = 8, 8, 7
    data.PixelRepresentation = 0
    data.PixelData = pixels.tobytes()
    for name, value in more.items():
        setattr(data, name, value)
    buffer = io.BytesIO()
    data.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def png_bomb(side: int = 60000) -> bytes:
    """A PNG file of a few bytes that claims side x side px."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + body))
        return struct.pack(">I", len(body)) + kind + body + check

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    parts = (
        chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")
    )
    return b"\x89PNG\r\n\x1a\n" + parts


@pytest.fixture(scope="session")
def eye() -> NDArray[np.uint8]:
    """A synthetic fundus photograph whose field of view is 300 px across."""
    return make_phantom(seed=0, fov_diameter=300).image


BadFile = Callable[[NDArray[np.uint8]], bytes]


def _landscape() -> NDArray[np.uint8]:
    rows = np.linspace(0, 1, 300)[:, None, None]
    sky, ground = np.array([120, 160, 230]), np.array([90, 120, 40])
    scene = np.where(rows < 0.5, sky, ground) * np.ones((1, 400, 1))
    return scene.astype(np.uint8)


BAD_FILES: dict[str, tuple[str, str, BadFile]] = {
    # name → suffix, reason, content
    "empty": (".png", "unreadable", lambda eye: b""),
    "text": (".png", "unreadable", lambda eye: b"no photograph"),
    "truncated": (".png", "unreadable", lambda eye: encode(eye)[:5000]),
    "bomb": (".png", "too_large", lambda eye: png_bomb()),
    "black": (".jpg", "too_dark", lambda eye: encode(eye // 40, "JPEG")),
    "small": (".png", "too_small", lambda eye: encode(eye[::3, ::3])),
    "noise": (
        ".png",
        "not_fundus",
        lambda eye: encode(np.random.default_rng(0).integers(0, 255, eye.shape).astype(np.uint8)),
    ),
    "document": (".tif", "not_fundus", lambda eye: encode(np.full_like(eye, 245), "TIFF")),
    "landscape": (".jpg", "not_fundus", lambda eye: encode(_landscape(), "JPEG")),
    "frames": (".dcm", "unreadable", lambda eye: make_dicom(eye, NumberOfFrames=2)),
}


@pytest.fixture(scope="session")
def detector(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weights of a tiny detector."""
    return write_tiny_detector(tmp_path_factory.mktemp("detector"))


@pytest.fixture(scope="session")
def graders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Weights of two tiny graders."""
    folder = tmp_path_factory.mktemp("graders")
    return write_tiny_grader(folder, 0), write_tiny_grader(folder, 1)


@pytest.fixture(scope="session")
def close_up(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weights of a tiny close-up network."""
    return write_tiny_close_up(tmp_path_factory.mktemp("close_up"))


@pytest.fixture(scope="session")
def settings(detector: Path, graders: tuple[Path, Path]) -> Settings:
    """Settings of a run with the tiny models."""
    return Settings(detector=detector, graders=graders, close_up=None, caliber=False)
