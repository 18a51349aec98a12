"""Measure every crossing of a manifest; one that fails is reported, the rest goes on."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from av_grading.caliber.severity import NAMES, REACH, Caliber, classify
from av_grading.caliber.validity import Validity, check_crossing
from av_grading.caliber.width import Widths, measure_widths
from av_grading.formats.errors import InputFileError, NotMeasurable
from av_grading.formats.grade_definition import Thresholds
from av_grading.formats.images import read_map, read_patch
from av_grading.formats.labels import VEIN
from av_grading.formats.manifest import GradedPatch
from av_grading.vessels.centerline import trace

COLUMNS = (
    "patch",
    "group",
    "grade",
    "own_width_first_drive_px",
    "own_width_second_drive_px",
    "edge_width_first_drive_px",
    "edge_width_second_drive_px",
    "ratio_first",
    "ratio_second",
    "ratio_error_first",
    "ratio_error_second",
    "ratio",
    "severity_index",
    "caliber_grade",
    "first_x_px",
    "first_y_px",
    "patch_px_per_drive_px",
    "angle_deg",
    "artery_above",
    "valid_crossing",
    "not_measurable",
)
"""Of the table: the vein's own width away from the crossing and its width at the artery's edge on
either side (DRIVE px), their ratio with its standard error, the smaller ratio, the severity index
(0-1), the grade by the thresholds, where the first side's arm ends in the patch (px), the patch's
scale, the angle between the vessels (degrees), whether the artery's colour (1) or the vein's (-1)
shows where they overlap, whether both vessels go through at an angle (1 or 0), and why
something was not measured. What is not known is empty."""


@dataclass(frozen=True)
class Measured:
    """One row of a manifest.

    Attributes:
        row: of the manifest.
        drive_px: length of one DRIVE px in px of the patch; 0 where the patch cannot be read.
        widths: along the vein, None where it could not be followed.
        caliber: None where it could not be followed.
        validity: whether it is a crossing, None where the patch cannot be read.
        not_measurable: why a side or all was not measured, or empty.
        broken: the files cannot be read or do not fit, which is not the crossing's fault.
    """

    row: GradedPatch
    drive_px: float
    widths: Widths | None
    caliber: Caliber | None
    validity: Validity | None = None
    not_measurable: str = ""
    broken: bool = False


def measure_row(row: GradedPatch, side: float, source: str = "both") -> Measured:
    """Measure the crossing in the middle of a patch; never raises for what is in the files.

    Args:
        row: of a manifest.
        side: of the patch (DRIVE px).
        source: see `severity.SOURCES`.
    """
    drive_px, widths, validity = 0.0, None, None
    try:
        photograph, av_map = read_patch(row.patch), read_map(row.av_map)
        height, width = av_map.shape
        drive_px = width / side
        if photograph.shape[:2] != av_map.shape:
            found = f"{photograph.shape[1]} x {photograph.shape[0]}"
            raise InputFileError(row.patch, f"expected {width} x {height} px, found {found}")
        center = ((width - 1) / 2, (height - 1) / 2)
        validity = check_crossing(photograph, av_map, center, drive_px)
        line = trace(av_map, VEIN, center, drive_px, REACH)
        widths = measure_widths(photograph, av_map, line, drive_px)
        caliber = classify(widths, drive_px, source)
        return Measured(row, drive_px, widths, caliber, validity, caliber.not_measurable)
    except NotMeasurable as error:
        return Measured(row, drive_px, widths, None, validity, str(error))
    except InputFileError as error:
        return Measured(row, drive_px, None, None, None, str(error), broken=True)


def table_row(measured: Measured, folder: Path, thresholds: Thresholds) -> dict[str, object]:
    """One row of the table, see `COLUMNS`; paths below `folder` are relative to it."""
    grade = "" if measured.row.grade is None else measured.row.grade
    found: dict[str, object] = {
        "patch": measured.row.name(folder),
        "group": measured.row.group,
        "grade": grade,
        "patch_px_per_drive_px": f"{measured.drive_px:.4f}" if measured.drive_px else "",
        "not_measurable": measured.not_measurable,
    }
    if measured.validity is not None:
        found["valid_crossing"] = int(measured.validity.crossing)
        if measured.validity.angle is not None:
            found["angle_deg"] = f"{measured.validity.angle:.1f}"
        if measured.validity.above is not None:
            found["artery_above"] = f"{measured.validity.above:.3f}"
    caliber = measured.caliber
    if caliber is None:
        return found
    for name, value in caliber.columns(measured.drive_px).items():
        found[name] = f"{value:.4f}" if name.startswith("ratio") else f"{value:.3f}"
    for which, side in zip(NAMES, caliber.sides, strict=True):
        if side is not None:
            found[f"ratio_error_{which}"] = f"{side.ratio_error:.4f}"
    if caliber.ratios is not None:
        found["ratio"] = f"{min(caliber.ratios):.4f}"
        found["severity_index"] = f"{caliber.severity_index:.4f}"
        found["caliber_grade"] = caliber.grade(thresholds)
    x, y = caliber.widths.points[0]
    return found | {"first_x_px": f"{x:.1f}", "first_y_px": f"{y:.1f}"}


def reasons(measured: Sequence[Measured]) -> Counter[str]:
    """How many sides were not measured, by the kind of reason; a crossing has two."""
    found: Counter[str] = Counter()
    for m in measured:
        if m.broken:
            continue
        failures = (
            m.caliber.failures if m.caliber is not None else (m.not_measurable, m.not_measurable)
        )
        found.update(text.split(":")[0] for text in failures if text)
    return found
