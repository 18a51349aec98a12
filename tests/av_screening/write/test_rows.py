"""Where crossings lie as seen from the optic disc, and lengths in its diameters."""

import dataclasses

import pytest
from numpy.typing import NDArray

from av_detectron.data.disc import OpticDisc
from av_grading.signs.sign import Measurement
from av_screening.api import ScreeningResult, screen
from av_screening.settings import Settings
from av_screening.write.columns import DISC, DISC_WIDTHS, crossings_columns, summary_columns
from av_screening.write.rows import crossing_rows, summary_row

IN_DISC_DIAMETERS = [*DISC, "box_width_dd", "box_height_dd", *DISC_WIDTHS]


@pytest.fixture(scope="module")
def result(eye: NDArray, settings: Settings) -> ScreeningResult:
    return screen(eye, dataclasses.replace(settings, caliber=True))


def with_disc(result: ScreeningResult, disc: OpticDisc | None) -> ScreeningResult:
    found = dataclasses.replace(result.screened.found, disc=disc)
    # The tiny models measure no width: one is given.
    widths = {"own_width_first_drive_px": 6.0, "edge_width_first_drive_px": float("nan")}
    signs = {"caliber": Measurement({**widths, "measurable": 0})}
    crossings = [dataclasses.replace(c, signs=signs) for c in result.crossings]
    screened = dataclasses.replace(result.screened, found=found, crossings=crossings)
    return dataclasses.replace(result, screened=screened)


def test_without_a_disc_its_columns_are_empty(result: ScreeningResult) -> None:
    none = with_disc(result, None)
    assert none.disc is None
    table = none.to_dataframe()
    assert table[IN_DISC_DIAMETERS].isna().all(axis=None)
    assert (table["box_width_px"] > 0).all() and (table["box_height_px"] > 0).all()
    row = summary_row(none.screened, "a", "", "", "")
    assert not {k for k in row if k.startswith("disc_")} and row.keys() <= summary_columns().keys()


def test_distance_zone_quadrant_and_lengths(result: ScreeningResult) -> None:
    x, y = (float(v) for v in result.centers[0])
    disc = OpticDisc(x - 60.0, y + 80.0, 80.0, 0.9)  # the crossing lies 100 px off, upper right
    known = with_disc(result, disc)
    assert known.disc == disc
    table = known.to_dataframe()
    first = table.iloc[0]
    assert first["disc_distance_dd"] == 1.25 and first["disc_quadrant"] == "upper right"
    assert first["disc_zone"] == "B"
    assert first["box_width_dd"] == pytest.approx(first["box_width_px"] / 80, abs=1e-3)
    drive_px = known.screened.found.fov.drive_px
    assert first["own_width_first_dd"] == pytest.approx(6 * drive_px / 80, abs=1e-3)
    assert table["edge_width_first_dd"].isna().all() and table["own_width_second_dd"].isna().all()
    (row, *_) = crossing_rows(known.screened, "a", "", "")
    assert row.keys() <= crossings_columns().keys()
    summary = summary_row(known.screened, "a", "", "", "")
    assert summary["disc_score"] == "0.900" and summary["disc_diameter_px"] == "80.0"
    assert float(str(summary["disc_x_px"])) == pytest.approx(disc.x, abs=0.06)


def test_the_eye_is_of_the_header_or_guessed_from_the_disc(result: ScreeningResult) -> None:
    fov = result.screened.found.fov

    def eye_of(share: float, given: str = "") -> dict[str, object]:
        """Columns of the eye where the disc lies so many radii right of the middle."""
        disc = OpticDisc(fov.x + share * fov.diameter / 2, fov.y, 40.0)
        row = summary_row(with_disc(result, disc).screened, "a", "", "", "", given)
        return {k: v for k, v in row.items() if k.startswith("eye")}

    assert eye_of(0.7) == {"eye": "OD", "eye_source": "guess", "eye_score": "1.000"}
    assert eye_of(-0.7)["eye"] == "OS"
    assert eye_of(0.7, "OS") == {"eye": "OS", "eye_source": "dicom"}
    none = summary_row(with_disc(result, None).screened, "a", "", "", "")
    assert not {k for k in none if k.startswith("eye")}
