"""The caliber step: the vein's width on both sides of a crossing, by `av_grading.caliber`."""

from collections.abc import Mapping
from typing import Protocol

from av_grading.caliber.severity import measure_crossing
from av_grading.errors import NotMeasurable
from av_grading.thresholds import Thresholds
from av_screening.steps.patches import CrossingPatch


class Measure(Protocol):
    """Columns of `write.columns.CALIBER` for one crossing; where it cannot be measured,
    "measurable" is 0 and "not_measurable" says why."""

    def __call__(self, crossing: CrossingPatch) -> Mapping[str, object]: ...


def measure_caliber(crossing: CrossingPatch) -> Mapping[str, object]:
    """Columns of `write.columns.CALIBER`: measurable where both sides are."""
    middle = (crossing.patch.shape[0] - 1) / 2
    try:
        caliber = measure_crossing(
            crossing.patch, crossing.av_map, (middle, middle), crossing.drive_px
        )
    except NotMeasurable as error:
        return {"measurable": 0, "not_measurable": str(error)}
    columns: dict[str, object] = {"measurable": int(not caliber.failure)}
    columns["not_measurable"] = caliber.failure
    columns |= caliber.columns(crossing.drive_px)
    if caliber.ratios is not None:
        columns["severity_index"] = caliber.index
        columns["caliber_grade"] = caliber.grade(Thresholds())
    return columns
