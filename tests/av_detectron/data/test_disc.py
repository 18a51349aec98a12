from pathlib import Path

import numpy as np
import pytest

from av_detectron.data.disc import OpticDisc, draw_disc, fit_disc, read_discs
from av_detectron.data.errors import InputFileError


def test_disc_is_measured_in_a_map():
    drawn = draw_disc(OpticDisc(150.0, 90.5, 83.0), (300, 400)).astype(np.float32)
    disc = fit_disc(drawn, drive_px=1.0)
    assert disc is not None
    assert (disc.x, disc.y) == pytest.approx((150.0, 90.5), abs=0.3)
    assert disc.diameter == pytest.approx(83.0, rel=0.01)
    assert disc.score == pytest.approx(1.0)


@pytest.mark.parametrize("diameter", [0.0, 20.0])
def test_no_disc_and_specks_are_none(diameter: float):
    drawn = draw_disc(OpticDisc(150.0, 90.0, diameter), (300, 400)).astype(np.float32)
    drawn[90, 150] = 0.9
    assert fit_disc(drawn, drive_px=1.0) is None


def test_disc_moves_with_pixel_centres():
    # A pixel's centre lies at (0, 0); twice as large its first pixel spans 0 and 1.
    moved = OpticDisc(0.0, 0.0, 50.0, 0.7).moved((2.0, 2.0))
    assert moved == OpticDisc(0.5, 0.5, 100.0, 0.7)


def write(path: Path, *rows: str) -> Path:
    header = "set,split,image,disc_x_px,disc_y_px,disc_diameter_px,method"
    path.write_text("\n".join([header, *rows]) + "\n")
    return path


def test_table_of_discs(tmp_path: Path):
    table = write(tmp_path / "discs.csv", "a,train,1.png,10.5,20,30,hand", "a,train,2.png,,,,hand")
    assert read_discs(table) == {
        ("a", "train", "1.png"): OpticDisc(10.5, 20, 30),
        ("a", "train", "2.png"): None,
    }


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (["a,train,1.png,1,2,3,x", "a,train,1.png,1,2,3,x"], "line 3: expected a/train/1.png once"),
        (["a,train,1.png,left,2,3,x"], "line 2: expected numbers x, y, diameter, found left,2,3"),
        (["a,train,1.png,1,2,-3,x"], "line 2: expected a circle with a diameter above 0"),
        (["a,train,1.png,1,,3,x"], "line 2: expected numbers"),
    ],
)
def test_rows_that_are_no_circle_are_named(tmp_path: Path, rows: list[str], message: str):
    with pytest.raises(InputFileError, match=message):
        read_discs(write(tmp_path / "discs.csv", *rows))


def test_other_columns_are_refused(tmp_path: Path):
    (tmp_path / "discs.csv").write_text("image,x\n1.png,3\n")
    with pytest.raises(InputFileError, match=r"expected the columns set,split,.*found image,x"):
        read_discs(tmp_path / "discs.csv")
