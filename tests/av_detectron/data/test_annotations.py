"""Readers: one coordinate convention from every format, and messages for what they refuse."""

from pathlib import Path

import numpy as np
import pytest
import scipy.io
from PIL import Image

from av_detectron.data import annotations as read
from av_detectron.data.errors import InputFileError


def test_mat_is_row_column_from_one(tmp_path: Path) -> None:
    path = tmp_path / "21_training_JunctionsPos.mat"
    scipy.io.savemat(path, {"CrossPos": np.array([[1, 1], [10, 250]]), "BiffPos": np.zeros((0, 2))})
    # row 10, column 250 counted from 1 is x 249, y 9 counted from 0
    np.testing.assert_array_equal(read.read_junctions_mat(path), [[0, 0], [249, 9]])


def test_mat_without_crossings_is_empty(tmp_path: Path) -> None:
    path = tmp_path / "sSTAR 02_ODC_Merged_JunctionsPos.mat"
    scipy.io.savemat(path, {"CrossPos": np.zeros((0, 0))})
    assert read.read_junctions_mat(path).shape == (0, 2)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"BiffPos": np.zeros((2, 2))}, "expected an array CrossPos, found BiffPos"),
        ({"CrossPos": np.zeros((2, 3))}, r"expected CrossPos of shape N x 2, found \(2, 3\)"),
    ],
)
def test_mat_of_another_content(tmp_path: Path, content: dict, message: str) -> None:
    path = tmp_path / "x_JunctionsPos.mat"
    scipy.io.savemat(path, content)
    with pytest.raises(InputFileError, match=f"x_JunctionsPos.mat: {message}"):
        read.read_junctions_mat(path)


def test_mat_that_is_text(tmp_path: Path) -> None:
    path = tmp_path / "x_JunctionsPos.mat"
    path.write_text("row,column\n1,2\n")
    with pytest.raises(InputFileError, match="x_JunctionsPos.mat: not a readable MATLAB file"):
        read.read_junctions_mat(path)


@pytest.mark.parametrize("mode", ["L", "LA", "P"])
def test_index_maps_do_not_tell_overlap_from_uncertainty(tmp_path: Path, mode: str) -> None:
    labels = np.array([[0, 1, 2, 3]], np.uint8)
    image = Image.fromarray(labels)
    if mode == "LA":
        image.putalpha(255)
    if mode == "P":
        image.putpalette([v for v in range(256) for _ in range(3)])
    image.save(tmp_path / "map.png")
    read_back, tells_overlap = read.read_av_labels(tmp_path / "map.png")
    assert read_back.tolist() == labels.tolist() and not tells_overlap


def test_colours_tell_overlap_from_uncertainty(tmp_path: Path) -> None:
    Image.fromarray(np.array([[(0, 255, 0), (255, 255, 255)]], np.uint8)).save(tmp_path / "map.png")
    labels, tells_overlap = read.read_av_labels(tmp_path / "map.png")
    assert labels.tolist() == [[read.OVERLAP, read.UNCERTAIN]] and tells_overlap


def test_rite_colors(tmp_path: Path) -> None:
    colors = [(0, 0, 0), (255, 0, 0), (0, 0, 255), (0, 255, 0), (255, 255, 255)]
    pixels = np.array([colors], np.uint8)
    Image.fromarray(pixels).save(tmp_path / "map.png")
    assert read.read_av_map(tmp_path / "map.png").tolist() == [[0, 1, 2, 3, 4]]
    Image.fromarray(pixels).quantize(8).save(tmp_path / "palette.png")
    assert read.read_av_map(tmp_path / "palette.png").tolist() == [[0, 1, 2, 3, 4]]


def test_unknown_color_is_refused_with_its_place(tmp_path: Path) -> None:
    Image.fromarray(np.array([[[0, 0, 0], [255, 255, 0]]], np.uint8)).save(tmp_path / "map.png")
    with pytest.raises(InputFileError, match=r"map.png: .* \(255, 255, 0\) at x 1, y 0"):
        read.read_av_map(tmp_path / "map.png")


def test_index_map(tmp_path: Path) -> None:
    labels = np.array([[0, 1], [2, 3]], np.uint8)
    Image.fromarray(labels).save(tmp_path / "map.png")
    np.testing.assert_array_equal(read.read_av_map(tmp_path / "map.png"), labels)
    Image.fromarray(labels * 60).save(tmp_path / "bad.png")
    with pytest.raises(InputFileError, match="bad.png: expected labels 0-3 .* 60 at x 1, y 0"):
        read.read_av_map(tmp_path / "bad.png")


@pytest.mark.parametrize("inside", [1, 255])
def test_masks_of_zero_and_one_or_255(tmp_path: Path, inside: int) -> None:
    pixels = np.array([[0, inside], [inside, 0]], np.uint8)
    for suffix in ("png", "gif", "tif"):
        path = tmp_path / f"21_manual1.{suffix}"
        Image.fromarray(pixels).save(path)
        np.testing.assert_array_equal(read.read_mask(path), [[False, True], [True, False]])


def test_csv_is_x_y_from_zero(tmp_path: Path) -> None:
    path = tmp_path / "crossings.csv"
    path.write_text("image,x,y\na.png,3,4\na.png,5.5,6\nb,,\n")
    table = read.read_crossings_csv(path)
    np.testing.assert_array_equal(table["a"], [[3, 4], [5.5, 6]])
    assert table["b"].shape == (0, 2)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("image,row,column\na,1,2\n", "expected the columns image,x,y"),
        ("image,x,y\na,1,2\na,three,4\n", "line 3: expected numbers x,y, found 'three','4'"),
        ("image,x,y\na,nan,4\n", "line 2: expected finite"),
    ],
)
def test_bad_csv(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "crossings.csv"
    path.write_text(text)
    with pytest.raises(InputFileError, match=f"crossings.csv: {message}"):
        read.read_crossings_csv(path)


def test_position_outside_names_its_row(tmp_path: Path) -> None:
    points = np.array([[5.0, 5.0], [30.0, 2.0]])
    with pytest.raises(InputFileError, match="x.mat: row 2: expected .* 20 x 10 px, found x 30"):
        read.check_inside(tmp_path / "x.mat", points, (10, 20))


def test_truncated_photograph(tmp_path: Path) -> None:
    path = tmp_path / "21_training.tif"
    noise = np.random.default_rng(0).integers(0, 255, (80, 80, 3), np.uint8)
    Image.fromarray(noise).save(path)
    path.write_bytes(path.read_bytes()[:9000])
    with pytest.raises(InputFileError, match="21_training.tif: image cannot be decoded"):
        read.read_photograph(path)


def test_text_named_png(tmp_path: Path) -> None:
    path = tmp_path / "notes.png"
    path.write_text("not an image")
    with pytest.raises(InputFileError, match="notes.png: expected an image, found another kind"):
        read.read_photograph(path)


def test_sixteen_bit_and_grey_photographs(tmp_path: Path) -> None:
    deep = np.full((4, 5), 256 * 7, np.uint16)
    deep[0, 0] = 65535  # all 16 bits are used
    Image.fromarray(deep).save(tmp_path / "deep.png")
    photograph = read.read_photograph(tmp_path / "deep.png")
    assert photograph.shape == (4, 5, 3) and photograph.dtype == np.uint8
    assert (photograph[1:] == 7).all() and (photograph[0, 0] == 255).all()
