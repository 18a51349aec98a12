"""The caliber step: the vein's width on both sides of a crossing, by `av_grading.caliber`."""

from collections.abc import Mapping

from av_grading.caliber.severity import Caliber, measure_crossing
from av_grading.errors import NotMeasurable
from av_grading.thresholds import Thresholds
from av_screening.steps import CrossingPatch


def measure_caliber(crossing: CrossingPatch) -> Mapping[str, object]:
    """Columns of `columns.CALIBER`: measurable where both sides are."""
    middle = (crossing.patch.shape[0] - 1) / 2
    try:
        caliber = measure_crossing(
            crossing.patch, crossing.av_map, (middle, middle), crossing.drive_px
        )
    except NotMeasurable as error:
        return {"measurable": 0, "not_measurable": str(error)}
    sides = zip(("first", "second"), caliber.failures, strict=True)
    why = "; ".join(f"{which} side {text}" for which, text in sides if text)
    columns: dict[str, object] = {"measurable": int(not why), "not_measurable": why}
    return columns | _widths(caliber, crossing.drive_px)


def _widths(caliber: Caliber, drive_px: float) -> dict[str, object]:
    columns: dict[str, object] = {}
    for which, side in zip(("first", "second"), caliber.sides, strict=True):
        if side is not None:
            own = side.own / drive_px
            columns[f"own_width_{which}_drive_px"] = own
            columns[f"edge_width_{which}_drive_px"] = own * side.ratio
            columns[f"ratio_{which}"] = side.ratio
    if caliber.ratios is not None:
        columns["severity_index"] = caliber.index
        columns["caliber_grade"] = caliber.grade(Thresholds())
    return columns
