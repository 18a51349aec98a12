"""The columns of every table: names, order and meaning do not change between versions; new ones
are added at the end. `rows` fills them; columns.csv of every run repeats what stands here.

Empty means not known: not graded, not measured, not found. A length's unit is the end of its name:
px of the photograph as it is stored; DRIVE px, 1/540 of the field of view's diameter; dd, diameters
of the optic disc, empty where no disc is to be seen. x to the right, y down, the centre of the top
left pixel at 0, 0.
"""

from collections.abc import Iterable, Mapping

from av_grading.formats.csv_table import format_table
from av_grading.gradable import REASONS
from av_grading.signs.registry import findings, get_sign, signs
from av_grading.signs.sign import ANSWERS, Column

CALIBER = get_sign("caliber").meanings()
"""Of the caliber, where they stood before there were other signs."""

DISC = {
    "disc_distance_dd": "distance from the centre of the optic disc",
    "disc_zone": "by distance from the disc's margin: disc (on it), A (below 0.5 disc diameters), "
    "B (0.5 to 1), C (1 to 2); empty beyond, or without a disc",
    "disc_quadrant": "as seen from the disc's centre: upper left, upper right, lower left or "
    "lower right of the photograph",
}
"""Where a crossing lies as seen from the optic disc."""
DISC_WIDTHS = {
    column.name.removesuffix("_drive_px") + "_dd": f"{column.name}, in diameters of the optic disc"
    for column in get_sign("caliber").columns
    if column.in_disc_diameters
}
"""The caliber's widths once more."""


_ADDED = {
    "not_gradable_code": "why not, as one word: " + ", ".join(REASONS),
    "nicking_answer": "as a reading centre's form has it: absent, questionable (the grade is in "
    "doubt), present or cannot_grade",
}
"""Before those of signs."""

_CROSSINGS = {
    "photograph": "path below the folder that was screened",
    "id": "value of the DICOM attribute that was named with --dicom-id",
    "crossing": "number in the photograph, from 0; the highest score first",
    "x_px": "position",
    "y_px": "position",
    "score": "how sure the detector is, 0-1",
    "grade": "0 none, 1 mild, 2 moderate, 3 severe: the expected grade, rounded",
    "p0": "probability of grade 0",
    "p1": "probability of grade 1",
    "p2": "probability of grade 2",
    "p3": "probability of grade 3",
    "expected_grade": "mean grade under these probabilities, 0-3, spread by the decision's stretch",
    "doubt": "standard deviation of the grade, were all grades equally common",
    "spread": "standard deviation of the expected grade between graders; empty with one",
    **CALIBER,
    "patch": "file, below the output folder",
    "av_map": "file, below the output folder",
    "scale": "px of the patch per px of the photograph",
    **DISC,
    "box_width_px": "width of the detector's box",
    "box_height_px": "height of the detector's box",
    "box_width_dd": "the same width",
    "box_height_dd": "the same height",
    **DISC_WIDTHS,
    "gradable": "1 where the crossing can be graded, 0 where not: such ones have no grade",
    "not_gradable_reason": "why not",
    "above_artery_probability": "probability that the artery lies above the vein",
    "gradable_probability": "probability that the crossing is read as gradable, learned from "
    "machine readings",
    "angle_degrees": "between artery and vein, 0-90; empty where one does not go through",
    "vein_width_drive_px": "of the vein, away from the crossing, in the fine map",
    "artery_width_drive_px": "of the artery, likewise",
}
"""Of crossings.csv, but for signs other than the caliber: see `crossings_columns`."""

SUMMARY = {
    "photograph": "path below the folder that was screened",
    "id": "as in crossings.csv",
    "sha256": "of the file",
    "fov_diameter_px": "diameter of the field of view",
    "crossings": "number found",
    "graded": "number graded",
    "highest_grade": "of the photograph's crossings",
    "mean_expected_grade": "over the photograph's crossings",
    "nicked": "number of crossings of grade 1 or more",
    "measurable": "number whose caliber could be measured; empty without that step",
    "folder": "its outputs, below the output folder",
    "disc_x_px": "centre of the optic disc; empty where none is to be seen",
    "disc_y_px": "centre of the optic disc",
    "disc_diameter_px": "diameter of the optic disc, taken as a circle",
    "disc_score": "how sure the detector is of the disc, 0-1",
    "gradable": "number of crossings that can be graded",
    "severity": "expected grade, 0-3, at the gradable crossing where it is highest, those of veins "
    "thinner than 2.5 DRIVE px left out",
    "flagged": "1 where that is more than in all but a few ordinary eyes",
    "eye": "OD right, OS left; empty where that is not known or the guess is not sure",
    "eye_source": "dicom (the file's header) or guess (from disc and vessels)",
    "eye_score": "how sure the guess is, 0-1, no probability; empty where none was made",
}
"""Of summary.csv, a row per photograph, which is one eye, but for signs: see `summary_columns`."""

FAILURES = {
    "photograph": "path below the folder that was screened",
    "reason": "unreadable, too_large, no_fov, too_small, too_dark, overexposed, not_fundus, "
    "crashed, timed_out or failed",
    "message": "what was expected and found",
}
"""Of failures.csv: a row per photograph that was not screened."""

Row = Mapping[str, object]


def crossings_columns() -> dict[str, str]:
    """Of crossings.csv, a row per crossing: each column and what it means.

    Columns of signs come last, in the order of the signs; they are empty where a crossing is not
    gradable.
    """
    found = {**_CROSSINGS, **_ADDED}
    for sign in signs():
        if sign.name == "caliber":
            continue
        found |= sign.meanings()
        found |= {
            in_disc_diameters(column): f"{column.name}, in diameters of the optic disc"
            for column in sign.columns
            if column.in_disc_diameters
        }
    return found


def summary_columns() -> dict[str, str]:
    """Of summary.csv: each column and what it means; those of signs come last. They are empty where
    nothing was measured."""
    found = dict(SUMMARY)
    for finding in findings():
        if finding.answer:
            found[finding.present] = (
                f"number of gradable crossings whose {finding.answer} is {ANSWERS[-1]}"
            )
        found[finding.strongest] = finding.meaning
    return found


def in_disc_diameters(column: Column) -> str:
    """Name of the column that tells a length in disc diameters."""
    return column.name.removesuffix("_drive_px") + "_dd"


def crossings_dtypes() -> dict[str, str]:
    """Of crossings.csv for `pandas.read_csv(path, dtype=crossings_dtypes())`: empty integers stay
    integers."""
    texts = ("photograph", "id", "disc_zone", "disc_quadrant", "patch", "av_map")
    found = {
        **dict.fromkeys(crossings_columns(), "float64"),
        **dict.fromkeys((*texts, "not_gradable_reason", *_ADDED), "str"),
        **dict.fromkeys(("crossing", "grade", "gradable"), "Int64"),
    }
    kinds = {"number": "float64", "integer": "Int64", "text": "str"}
    return found | {c.name: kinds[c.kind] for sign in signs() for c in sign.columns}


def filled(row: Row) -> dict[str, object]:
    """The columns that hold something."""
    return {name: value for name, value in row.items() if value not in ("", None)}


def format_csv(columns: Iterable[str], rows: Iterable[Row], *, header: bool = True) -> str:
    """CSV text; a column that a row lacks stays empty.

    Raises:
        ValueError: a row has a column that is not known.
    """
    return format_table(columns, rows, header=header)
