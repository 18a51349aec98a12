"""Both packages read the same files in the same way, or refuse them in the same words."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from av_detectron.data import annotations
from av_grading.formats import images
from av_screening.errors import RejectedPhotograph
from av_screening.read.limits import ReadingLimits
from av_screening.read.photograph import decode

LABELS = np.arange(64, dtype=np.uint8).reshape(8, 8) % 4
COLORS = np.array([(0, 0, 0), (255, 0, 0), (0, 0, 255), (0, 255, 0)], np.uint8)


def _palette(colors):
    image = Image.fromarray(LABELS, "L").convert("P")
    image.putdata(LABELS.ravel().tolist())
    image.putpalette(colors)
    return image


MAPS = {
    "index.png": Image.fromarray(LABELS),
    "index_16_bits.png": Image.fromarray(LABELS.astype(np.uint16)),
    "grey_palette.png": _palette([v for i in range(256) for v in (i, i, i)]),
    "rite_palette.png": _palette(COLORS.ravel().tolist()),
    "rite.png": Image.fromarray(COLORS[LABELS]),
    "rite_alpha.png": Image.fromarray(np.dstack([COLORS[LABELS], 255 - LABELS])),
    "grey_alpha.png": Image.fromarray(np.dstack([LABELS, 255 - LABELS])),
    "magenta.png": Image.fromarray(np.full((4, 4, 3), (200, 0, 200), np.uint8)),
    "white.png": Image.fromarray(np.full((4, 4, 3), 255, np.uint8)),
}
REFUSED = {
    "other_palette.png": _palette([0, 0, 0, 255, 255, 0, 0, 255, 255, 9, 9, 9]),
    "yellow.png": Image.fromarray(np.full((4, 4, 3), (255, 255, 0), np.uint8)),
    "mask.png": Image.fromarray((LABELS > 0).astype(np.uint8) * 255),
    "one_bit.tif": Image.fromarray(LABELS > 0),
    "float.tif": Image.fromarray(LABELS.astype(np.float32)),
}
PHOTOGRAPHS = {
    "grey.png": Image.fromarray(LABELS * 60),
    "twelve_bits.png": Image.fromarray(LABELS.astype(np.uint16) * 1300),
    "sixteen_bits.png": Image.fromarray(LABELS.astype(np.uint16) * 21000),
    "cmyk.tif": Image.fromarray(COLORS[LABELS]).convert("CMYK"),
    "alpha.png": Image.fromarray(np.dstack([COLORS[LABELS], LABELS])),
    "palette.png": _palette(COLORS.ravel().tolist()),
}


def _both(readers, path):
    answers = []
    for reader in readers:
        try:
            answers.append(reader(path))
        except ValueError as error:
            answers.append((type(error).__name__, str(error)))
    return answers


@pytest.mark.parametrize("name", MAPS)
def test_maps(tmp_path, name):
    MAPS[name].save(tmp_path / name)
    detector, grader = _both((annotations.read_av_map, images.read_map), tmp_path / name)
    detector = detector.copy()
    detector[detector == annotations.UNCERTAIN] = 3  # one label inside a patch
    np.testing.assert_array_equal(detector, grader)
    if name in ("magenta.png", "white.png"):
        assert (grader == 3).all()
    else:
        np.testing.assert_array_equal(grader, LABELS)


@pytest.mark.parametrize("name", REFUSED)
def test_refused_maps(tmp_path, name):
    REFUSED[name].save(tmp_path / name)
    detector, grader = _both((annotations.read_av_map, images.read_map), tmp_path / name)
    assert detector == grader
    assert detector[0] == "InputFileError" and name in detector[1] and "found" in detector[1]


@pytest.mark.parametrize("content", [b"", b"no image", b"\x89PNG\r\n\x1a\n\0\0"])
def test_no_image(tmp_path, content):
    path = Path(tmp_path / "map.png")
    path.write_bytes(content)
    for readers in (
        (annotations.read_av_map, images.read_map),
        (annotations.read_photograph, images.read_patch),
    ):
        detector, grader = _both(readers, path)
        assert detector == grader and detector[0] == "InputFileError"


@pytest.mark.parametrize("name", PHOTOGRAPHS)
def test_photographs(tmp_path, name):
    PHOTOGRAPHS[name].save(tmp_path / name)
    detector, grader = _both((annotations.read_photograph, images.read_patch), tmp_path / name)
    np.testing.assert_array_equal(detector, grader)
    screening = decode((tmp_path / name).read_bytes(), ReadingLimits()).pixels
    np.testing.assert_array_equal(detector, screening)
    assert detector.shape == (8, 8, 3) and detector.max() > 127


def test_turned_photographs_and_maps_stay_as_they_are_stored(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # a quarter turn
    path = tmp_path / "turned.png"
    Image.fromarray(COLORS[LABELS][:5]).save(path, exif=exif)
    detector, grader = _both((annotations.read_photograph, images.read_patch), path)
    screening = decode(path.read_bytes(), ReadingLimits()).pixels
    for pixels in (detector, grader, screening):
        np.testing.assert_array_equal(pixels, COLORS[LABELS][:5])
    for labels in _both((annotations.read_av_map, images.read_map), path):
        np.testing.assert_array_equal(labels, LABELS[:5])


def test_jpeg_labels(tmp_path):
    """Noise of compression is labels for both or refused by both, never for one alone."""
    path = tmp_path / "labels.jpg"
    Image.fromarray(np.kron(COLORS[LABELS], np.ones((16, 16, 1), np.uint8))).save(path, quality=90)
    detector, grader = _both((annotations.read_av_map, images.read_map), path)
    if isinstance(grader, tuple):
        assert detector == grader
    else:
        np.testing.assert_array_equal(detector, grader)


@pytest.mark.parametrize("name", ["float.tif", "cut.tif"])
def test_refused_photographs(tmp_path, name):
    path = tmp_path / name
    image = REFUSED["float.tif"] if name == "float.tif" else MAPS["rite.png"]
    image.save(path)
    if name == "cut.tif":
        path.write_bytes(path.read_bytes()[:100])
    detector, grader = _both((annotations.read_photograph, images.read_patch), path)
    assert detector == grader and detector[0] == "InputFileError"
    with pytest.raises(RejectedPhotograph) as refusal:
        decode(path.read_bytes(), ReadingLimits())
    assert detector[1] == f"{path}: {refusal.value}"
