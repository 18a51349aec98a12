"""Photographs of every format, and files that are none."""

import io
import os
import socket
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from av_screening.errors import RejectedPhotograph
from av_screening.read.bit_depth import to_eight_bits
from av_screening.read.dicom import check_keyword
from av_screening.read.limits import ReadingLimits
from av_screening.read.photograph import decode, read_content
from tests.av_screening.conftest import encode, make_dicom, png_bomb

LIMITS = ReadingLimits()
Eye = NDArray[np.uint8]


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "BMP"])
def test_lossless_formats(eye: Eye, kind: str) -> None:
    assert (decode(encode(eye, kind), LIMITS).pixels == eye).all()


@pytest.mark.parametrize("kind", ["JPEG", "GIF"])
def test_lossy_formats(eye: Eye, kind: str) -> None:
    found = decode(encode(eye, kind), LIMITS).pixels
    assert np.abs(found.astype(int) - eye).mean() < 8


def test_colour_modes(eye: Eye) -> None:
    image = Image.fromarray(eye)
    for mode, largest in (("RGBA", 0), ("L", 20), ("CMYK", 2), ("YCbCr", 4), ("LA", 20)):
        buffer = io.BytesIO()
        image.convert(mode).save(buffer, "TIFF")
        found = decode(buffer.getvalue(), LIMITS).pixels
        assert found.shape == eye.shape and found.dtype == np.uint8
        assert np.abs(found[..., 1].astype(int) - eye[..., 1]).mean() <= largest


@pytest.mark.parametrize("bits", [12, 16])
@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_more_than_eight_bits(eye: Eye, bits: int, kind: str) -> None:
    green = eye[:, :, 1].copy()
    green[150, 150] = 255  # as a photograph uses its bits
    found = decode(encode(green.astype(np.uint16) << (bits - 8), kind), LIMITS).pixels
    assert (found == green[..., None]).all()


def test_values_that_are_no_photograph() -> None:
    with pytest.raises(RejectedPhotograph, match="8 or 16 bits a channel, found float32"):
        to_eight_bits(np.zeros((2, 2), np.float32))
    with pytest.raises(RejectedPhotograph, match="found 0 to 70000"):
        to_eight_bits(np.array([[0, 70000]]))


def test_dicom_gives_pixels_and_only_what_is_named(eye: Eye) -> None:
    content = make_dicom(eye)
    assert decode(content, LIMITS).identity == ""
    found = decode(content, LIMITS, "PatientID")
    assert (found.pixels == eye).all() and found.identity == "id-17"
    check_keyword("PatientID")
    with pytest.raises(ValueError, match="keyword of a DICOM attribute, found 'PatientShoe'"):
        check_keyword("PatientShoe")


@pytest.mark.parametrize(("side", "expected"), [("R", "OD"), ("L", "OS"), ("B", ""), ("", "")])
def test_dicom_says_which_eye(eye: Eye, side: str, expected: str) -> None:
    assert decode(make_dicom(eye, ImageLaterality=side), LIMITS).eye == expected


def test_dicom_grey_and_deep(eye: Eye) -> None:
    green = eye[:, :, 1].astype(np.uint16) << 4
    grey = {"SamplesPerPixel": 1, "PixelData": green.tobytes()}
    deep = {"BitsAllocated": 16, "BitsStored": 12, "HighBit": 11}
    bright = decode(
        make_dicom(eye, **grey, **deep, PhotometricInterpretation="MONOCHROME2"), LIMITS
    )
    assert (bright.pixels == eye[:, :, 1:2]).all()
    dark = decode(make_dicom(eye, **grey, **deep, PhotometricInterpretation="MONOCHROME1"), LIMITS)
    assert (dark.pixels == 255 - eye[:, :, 1:2]).all()


@pytest.mark.parametrize(
    ("content", "reason", "message"),
    [
        (b"no photograph", "unreadable", "another kind of file"),
        (png_bomb(60000), "too_large", "found 60000 x 60000 px .*--max-megapixels raises"),
        (png_bomb(9000), "too_large", "expected at most 50 megapixels, found 9000 x 9000"),
    ],
)
def test_no_photograph(content: bytes, reason: str, message: str) -> None:
    with pytest.raises(RejectedPhotograph, match=message) as caught:
        decode(content, LIMITS)
    assert caught.value.reason == reason


def test_dicom_messages_hold_nothing_of_the_header(
    eye: Eye, caplog: pytest.LogCaptureFixture, recwarn: pytest.WarningsRecorder
) -> None:
    content = make_dicom(eye)
    broken = content.replace(b"19340512", b"Secret34").replace(b"OB", b"UI")
    for bad in (content[:-9000], content[:400], broken):
        try:
            decode(bad, LIMITS)
        except RejectedPhotograph as error:
            assert "Secret" not in str(error)
    assert "Secret" not in caplog.text
    assert not any("Secret" in str(w.message) for w in recwarn)


def test_dicom_frames_and_size(eye: Eye) -> None:
    with pytest.raises(RejectedPhotograph, match="expected one frame, found 7"):
        decode(make_dicom(eye, NumberOfFrames=7), LIMITS)
    with pytest.raises(RejectedPhotograph, match="found 60000 x 60000"):
        decode(make_dicom(eye, Rows=60000, Columns=60000), LIMITS)


def test_limits_can_be_raised(eye: Eye, tmp_path: Path) -> None:
    small = ReadingLimits(max_megapixels=0.05)
    with pytest.raises(RejectedPhotograph, match="at most 0.05 megapixels"):
        decode(encode(eye), small)
    path = tmp_path / "eye.png"
    path.write_bytes(encode(eye))
    with pytest.raises(RejectedPhotograph, match="--max-file-mb"):
        read_content(path, ReadingLimits(max_file_mb=0.01))
    with pytest.raises(RejectedPhotograph, match="cannot be read"):
        read_content(tmp_path / "none.png", LIMITS)


STARTS = {kind: encode(np.full((40, 40, 3), 90, np.uint8), kind) for kind in ("PNG", "JPEG", "GIF")}
STARTS["TIFF"] = encode(np.full((40, 40, 3), 90, np.uint8), "TIFF")
STARTS["DICOM"] = make_dicom(np.full((40, 40, 3), 90, np.uint8))
CHANGES = st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), min_size=1, max_size=12)


FUZZED = given(kind=st.sampled_from(sorted(STARTS)), changes=CHANGES, length=st.integers(1, 5000))
NOISE = given(
    start=st.sampled_from([b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF89a", b"II*\0", b""]),
    rest=st.binary(max_size=300),
)


def times(count: int) -> settings:
    """A property that is tried so often, the same way in every run."""
    return settings(
        max_examples=count, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
    )


def read_or_rejected(kind: str, changes: list[tuple[int, int]], length: int) -> None:
    content = bytearray(STARTS[kind][:length] if length < 4000 else STARTS[kind])
    for place, value in changes:
        content[place % len(content)] = value
    try:
        found = decode(bytes(content), LIMITS, "PatientID")
    except RejectedPhotograph as error:
        assert error.reason in ("unreadable", "too_large") and str(error)
    else:
        assert found.pixels.dtype == np.uint8 and found.pixels.shape[2] == 3


def rejected(start: bytes, rest: bytes) -> None:
    with pytest.raises(RejectedPhotograph):
        decode(start + rest, LIMITS)


test_fuzzed_headers_are_read_or_rejected = times(700)(FUZZED(read_or_rejected))
test_noise_after_a_signature_is_rejected = times(300)(NOISE(rejected))
test_7000_fuzzed_headers = pytest.mark.slow(times(7000)(FUZZED(read_or_rejected)))
test_3000_times_noise = pytest.mark.slow(times(3000)(NOISE(rejected)))


@pytest.mark.parametrize("kind", ["pipe", "socket", "device", "folder", "loop", "missing"])
def test_what_is_no_file_is_named_at_once(tmp_path: Path, kind: str) -> None:
    path, message = tmp_path / "eye.png", {"device": "a device", "pipe": "a named pipe"}.get(kind)
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(str(path))
    elif kind == "device":
        path = Path("/dev/null")
    elif kind == "folder":
        path.mkdir()
    elif kind == "loop":
        path.symlink_to(path)
    with pytest.raises(RejectedPhotograph) as raised:
        read_content(path, ReadingLimits())
    assert raised.value.reason == "unreadable" and (message or "") in str(raised.value)


def test_a_file_that_grows_while_it_is_read_stays_within_the_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "eye.png"
    path.write_bytes(b"x" * 100)
    status = os.fstat

    def before_it_grew(number: int) -> os.stat_result:
        found = status(number)
        path.write_bytes(b"x" * 2000)
        return found

    monkeypatch.setattr(os, "fstat", before_it_grew)
    with pytest.raises(RejectedPhotograph, match="--max-file-mb"):
        read_content(path, ReadingLimits(max_file_mb=0.001))
