"""Both packages write the same files in the same situation, and fail in the same way."""

import io
import json

import numpy as np
import pytest
from PIL import Image

from av_detectron.data import errors as detector_errors
from av_detectron.formats import files as detector_files
from av_detectron.formats import results as detector_results
from av_grading.formats import errors as grader_errors
from av_grading.formats import files as grader_files
from av_grading.formats import results as grader_results

FILES = (detector_files, grader_files)


@pytest.mark.parametrize("content", ["vein ½\n", b"\x00\xff", ""])
def test_same_bytes_and_nothing_else(tmp_path, content):
    written = []
    for number, package in enumerate(FILES):
        path = tmp_path / str(number) / "new" / "file"
        package.write_whole(path, content)
        package.write_whole(path, content)
        assert list(path.parent.iterdir()) == [path]
        written.append(path.read_bytes())
    assert written[0] == written[1]


@pytest.mark.parametrize("place", ["folder", "file/below"])
def test_same_failure(tmp_path, place):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("kept")
    failures = []
    for package in FILES:
        with pytest.raises(OSError) as failure:
            package.write_whole(tmp_path / place, "new")
        failures.append((failure.value.errno, failure.value.filename))
        assert {p.name for p in tmp_path.iterdir()} == {"folder", "file"}
        assert (tmp_path / "file").read_text() == "kept"
    assert failures[0] == failures[1]
    assert failures[0][1] == str(tmp_path / place)


@pytest.mark.parametrize("shape", [(5, 7), (5, 7, 3)])
def test_png_of_the_same_pixels(shape):
    pixels = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    for package in FILES:
        with Image.open(io.BytesIO(package.png(pixels))) as image:
            np.testing.assert_array_equal(np.asarray(image), pixels)


def test_results(tmp_path):
    """The same but for the command: one package has scripts, the other modules."""
    texts = []
    for number, package in enumerate((detector_results, grader_results)):
        path = tmp_path / f"{number}.json"
        package.write_results(
            path,
            metrics={"qwk": 1 / 3},
            seeds=range(2),
            data={"photographs": 3},
            ci95={"qwk": [0.1234567, 0.5]},
            note="kept",
        )
        content = json.loads(path.read_text())
        assert content.pop("command").startswith("python ")
        assert content["metrics"] == {"qwk": 0.33333}
        texts.append(json.dumps(content))  # the keys' order too
    assert texts[0] == texts[1]


def test_refusals_name_the_file():
    refusals = [e.InputFileError("a.png", "expected b") for e in (detector_errors, grader_errors)]
    assert all(isinstance(r, ValueError) and str(r) == "a.png: expected b" for r in refusals)
