"""The vein's width at its walls, beside the artery and away from it, on both sides."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from av_grading.languages.catalogue import translate, translate_reason
from av_grading.signs.sign import (
    SIDES,
    Column,
    Finding,
    Measurement,
    Polyline,
    Row,
    Sign,
    Value,
    number_in,
    on_side,
    percent,
)

if TYPE_CHECKING:
    from av_grading.close_ups.close_look import CloseLook

NOT_GRADABLE = "not gradable"
"""Why such a crossing is not measured: a width there would be no sign."""

COLUMNS = (
    Column(
        "measurable",
        "",
        "1 where the vein's width could be measured, 0 where not",
        kind="integer",
    ),
    Column("not_measurable", "", "why not", kind="text"),
    Column(
        "own_width_first_drive_px",
        "drive_px",
        "the vein's own width away from the crossing, on the first side: that nearer to the optic "
        "disc, or the left one where no disc is to be seen",
        in_disc_diameters=True,
    ),
    Column("own_width_second_drive_px", "drive_px", "on the other side", in_disc_diameters=True),
    Column(
        "edge_width_first_drive_px",
        "drive_px",
        "its width beside the artery, on the first side",
        in_disc_diameters=True,
    ),
    Column("edge_width_second_drive_px", "drive_px", "on the other side", in_disc_diameters=True),
    Column("ratio_first", "share", "width beside the artery over own width, on the first side"),
    Column("ratio_second", "share", "on the other side"),
    Column("severity_index", "share", "mean share of the width that is lost on the two sides, 0-1"),
    Column("caliber_grade", "grade", "grade that follows from the two ratios, 0-3", kind="integer"),
)


def compute(look: "CloseLook") -> Measurement:
    """Measurable where both sides are; the widths along the vein, its detail, are kept even where
    neither is."""
    from av_grading.caliber.severity import REACH, classify
    from av_grading.caliber.width import measure_widths
    from av_grading.formats.errors import NotMeasurable
    from av_grading.formats.grade_definition import Thresholds
    from av_grading.formats.labels import VEIN
    from av_grading.vessels.centerline import trace
    from av_grading.vessels.sides import in_order, ordered_as

    patch, labels = look.centered_patch, look.centered_labels
    middle, widths = (patch.shape[0] - 1) / 2, None
    try:
        line = trace(labels, VEIN, (middle, middle), look.drive_px, REACH)
        widths = measure_widths(patch, labels, line, look.drive_px)
        known = look.vessels.vein if look.vessels is not None else None
        told = in_order(line, look.disc_direction) if known is None else ordered_as(line, known)
        # Turned once it is measured: a fit that starts at the other end has other last digits.
        widths = widths if told is line else widths.reverse()
        caliber = classify(widths, look.drive_px)
    except NotMeasurable as error:
        return Measurement({"measurable": 0, "not_measurable": str(error)}, detail=widths)
    values: dict[str, Value] = {"measurable": int(not caliber.not_measurable)}
    values["not_measurable"] = caliber.not_measurable
    values |= caliber.columns(look.drive_px)
    index, grade = caliber.severity_index, caliber.grade(Thresholds())
    if index is not None and grade is not None:
        values["severity_index"] = index
        values["caliber_grade"] = grade
    return Measurement(values, detail=widths)


def sentences(row: Row) -> list[str]:
    """Widths of the sides that were measured, the grade by them alone, and what was not."""
    found = []
    sides = [(side, number_in(row, f"ratio_{side}")) for side in SIDES]
    measured = [on_side(side, percent(ratio)) for side, ratio in sides if ratio is not None]
    if measured:
        text = translate(
            "Measured at its walls, beside the artery the vein has this share of its own width: "
            "{sides}.",
            sides=", ".join(measured),
        )
        found.append(text)
    grade = number_in(row, "caliber_grade")
    if grade is not None:
        text = translate(
            "From these widths alone the grade would be {grade}.", grade=f"{grade:.0f}"
        )
        found.append(text)
    if row.get("not_measurable"):
        why = translate_reason(str(row["not_measurable"]))
        found.append(translate("Width not measured: {why}.", why=why))
    return found


def draw(look: "CloseLook", measurement: Measurement) -> Sequence[Polyline]:
    """Both walls of the vein, where its width was fitted."""
    if measurement.detail is None:
        return []
    shift = np.subtract(look.middle, (look.patch.shape[0] - 1) / 2)
    return [wall + shift for wall in measurement.detail.edges()]


SIGN = Sign(
    name="caliber",
    position=2,
    title="Caliber, measured at the walls",
    columns=COLUMNS,
    compute=compute,
    sentences=sentences,
    draw=draw,
    needs_vessels=False,
    findings=(
        Finding(
            "caliber",
            "Width lost at the walls",
            ("severity_index",),
            "greatest mean share of a vein's width that is lost on the two sides, as measured",
        ),
    ),
    not_gradable={"measurable": 0, "not_measurable": NOT_GRADABLE},
)
