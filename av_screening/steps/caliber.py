"""The caliber step: the vein's width on both sides of a crossing, by `av_grading.caliber`."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from av_grading.caliber.severity import measure_crossing
from av_grading.formats.errors import NotMeasurable
from av_grading.formats.grade_definition import Thresholds
from av_screening.errors import RejectedPhotograph
from av_screening.steps.patches import CrossingPatch
from av_screening.write.columns import CALIBER


class Measure(Protocol):
    """Columns of `write.columns.CALIBER` for one crossing; where it cannot be measured,
    "measurable" is 0 and "not_measurable" says why."""

    def __call__(self, crossing: CrossingPatch) -> Mapping[str, object]: ...


def measure_all(crossings: Sequence[CrossingPatch], measure: Measure) -> list[Mapping[str, object]]:
    """Columns of every crossing, in their order.

    Raises:
        RejectedPhotograph: `measure` gives a column that is not in `write.columns.CALIBER`.
    """
    measured = [measure(crossing) for crossing in crossings]
    unknown = sorted({name for columns in measured for name in columns} - CALIBER.keys())
    if unknown:
        raise RejectedPhotograph("failed", f"caliber: unknown columns {unknown}")
    return measured


def measure_caliber(crossing: CrossingPatch) -> Mapping[str, object]:
    """Columns of `write.columns.CALIBER`: measurable where both sides are."""
    middle = (crossing.patch.shape[0] - 1) / 2
    try:
        caliber = measure_crossing(
            crossing.patch, crossing.av_map, (middle, middle), crossing.drive_px
        )
    except NotMeasurable as error:
        return {"measurable": 0, "not_measurable": str(error)}
    columns: dict[str, object] = {"measurable": int(not caliber.not_measurable)}
    columns["not_measurable"] = caliber.not_measurable
    columns |= caliber.columns(crossing.drive_px)
    if caliber.ratios is not None:
        columns["severity_index"] = caliber.severity_index
        columns["caliber_grade"] = caliber.grade(Thresholds())
    return columns
