"""The caliber step: the vein's width on both sides of a crossing, by `av_grading.caliber`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from av_grading.caliber.severity import REACH, classify
from av_grading.caliber.width import Widths, measure_widths
from av_grading.formats.errors import NotMeasurable
from av_grading.formats.grade_definition import Thresholds
from av_grading.formats.labels import VEIN
from av_grading.vessels.centerline import trace
from av_screening.errors import RejectedPhotograph
from av_screening.steps.patches import CrossingPatch
from av_screening.write.columns import CALIBER


@dataclass(frozen=True)
class VeinCaliber:
    """The vein at one crossing.

    Attributes:
        columns: of `write.columns.CALIBER`; where it cannot be measured, "measurable" is 0 and
            "not_measurable" says why.
        widths: along the vein (px of the patch); None where it could not be followed.
    """

    columns: Mapping[str, object]
    widths: Widths | None = None


class Measure(Protocol):
    """Measures the vein at one crossing."""

    def __call__(self, crossing: CrossingPatch) -> VeinCaliber: ...


NOT_GRADABLE = "not gradable"
"""Why such a crossing is not measured: a width there would be no sign."""


def measure_all(
    crossings: Sequence[CrossingPatch],
    measure: Measure,
    gradable: Sequence[bool] | None = None,
) -> list[VeinCaliber]:
    """The vein at every crossing, in their order.

    Args:
        crossings: N of them.
        measure: what measures one.
        gradable: which of them are measured, N values; by default all.

    Raises:
        RejectedPhotograph: `measure` gives a column that is not in `write.columns.CALIBER`.
    """
    measured = [
        measure(crossing)
        if gradable is None or gradable[number]
        else VeinCaliber({"measurable": 0, "not_measurable": NOT_GRADABLE})
        for number, crossing in enumerate(crossings)
    ]
    unknown = sorted({name for found in measured for name in found.columns} - CALIBER.keys())
    if unknown:
        raise RejectedPhotograph("failed", f"caliber: unknown columns {unknown}")
    return measured


def measure_caliber(crossing: CrossingPatch) -> VeinCaliber:
    """Measurable where both sides are; widths are kept even where neither is."""
    middle, widths = (crossing.patch.shape[0] - 1) / 2, None
    try:
        line = trace(crossing.av_map, VEIN, (middle, middle), crossing.drive_px, REACH)
        widths = measure_widths(crossing.patch, crossing.av_map, line, crossing.drive_px)
        caliber = classify(widths, crossing.drive_px)
    except NotMeasurable as error:
        return VeinCaliber({"measurable": 0, "not_measurable": str(error)}, widths)
    columns: dict[str, object] = {"measurable": int(not caliber.not_measurable)}
    columns["not_measurable"] = caliber.not_measurable
    columns |= caliber.columns(crossing.drive_px)
    if caliber.ratios is not None:
        columns["severity_index"] = caliber.severity_index
        columns["caliber_grade"] = caliber.grade(Thresholds())
    return VeinCaliber(columns, widths)
