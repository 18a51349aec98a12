"""A crossing as it was measured: the patch with the walls, and the width along the vein."""

from io import BytesIO

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from av_grading.caliber.measure import Measured
from av_grading.caliber.severity import Caliber
from av_grading.caliber.width import Widths

SIDES = ("tab:blue", "tab:orange")
"""Colours of the first and the second side."""


def draw_crossing(photograph: NDArray[np.uint8], measured: Measured) -> bytes:
    """PNG of one crossing.

    Args:
        photograph: the patch, RGB, (S, S, 3).
        measured: of it; where it has no widths, the reason stands in their place.
    """
    figure = Figure(figsize=(10.5, 3.8), layout="constrained")
    plain, walls, along = figure.subplots(1, 3, width_ratios=(1, 1, 1.6))
    for axis in (plain, walls):
        axis.imshow(photograph, interpolation="lanczos")
        axis.set_axis_off()
    widths = measured.widths
    if widths is None:
        along.set_axis_off()
        along.text(0.5, 0.5, measured.not_measurable, ha="center", va="center", wrap=True)
    else:
        _walls(walls, widths, photograph.shape[0])
        _along(along, widths, measured)
    plain.set_title("" if measured.row.grade is None else f"graded {measured.row.grade}")
    figure.suptitle(_headline(measured), fontsize="medium")
    data = BytesIO()
    figure.savefig(data, dpi=100, format="png")
    return data.getvalue()


def _headline(measured: Measured) -> str:
    name, caliber = measured.row.patch.name, measured.caliber
    if caliber is None:
        return f"{name}: not measured"
    texts = [
        f"{which} side {side.ratio:.2f} ± {side.ratio_error:.2f}" if side is not None else ""
        for which, side in zip(("first", "second"), caliber.sides, strict=True)
    ]
    ratios = "width at the artery against the vein's own: " + ", ".join(s for s in texts if s)
    index = (
        "" if caliber.severity_index is None else f", severity index {caliber.severity_index:.2f}"
    )
    why = "".join(f"\n{text}" for text in measured.not_measurable.split("; ") if text)
    return f"{name}: " + (ratios if any(texts) else "not measured") + index + why


def _walls(axis: Axes, widths: Widths, size: int) -> None:
    """Centreline and both walls, each side in its colour; nothing where the artery covers it."""
    center = widths.points + widths.center[:, None] * widths.normals
    for color, side in zip(SIDES, (widths.along < 0, widths.along >= 0), strict=True):
        shown = side & ~widths.covered
        for line, style in ((center, ":"), *((e, "-") for e in widths.edges())):
            seen = np.where(shown[:, None], line, np.nan)
            axis.plot(seen[:, 0], seen[:, 1], style, color=color, lw=1.2)
    axis.set(xlim=(-0.5, size - 0.5), ylim=(size - 0.5, -0.5))


def _along(axis: Axes, widths: Widths, measured: Measured) -> None:
    drive_px = measured.drive_px
    way = widths.along / drive_px
    seen = np.where(widths.covered, np.nan, widths.width) / drive_px
    error = np.where(widths.covered, np.nan, widths.error) / drive_px
    axis.fill_between(way, seen - error, seen + error, color="0.85", label="± standard error")
    axis.plot(way, seen, color="k", lw=1, label="photograph")
    axis.plot(way, widths.mask / drive_px, ":", color="0.4", lw=1, label="map")
    if widths.covered.any():
        left, right = way[widths.covered][[0, -1]]
        axis.axvspan(left, right, color="tab:red", alpha=0.15, lw=0, label="artery")
    if measured.caliber is not None:
        _narrowing(axis, measured.caliber, drive_px)
    free = seen[np.isfinite(seen)]
    top = 2.2 * float(np.median(free)) if len(free) else 1.0
    axis.set(xlabel="way along the vein (DRIVE px)", ylabel="width (DRIVE px)", ylim=(0, top))
    axis.legend(fontsize="small", frameon=False, ncols=2, loc="upper center")


def _narrowing(axis: Axes, caliber: Caliber, drive_px: float) -> None:
    """The vein's own width on either side, and how far it falls at the artery's edge."""
    for sign, color, side, edge, stop in zip(
        (-1, 1), SIDES, caliber.sides, caliber.edges, caliber.stops, strict=True
    ):
        if side is None:
            continue
        own, at = side.own / drive_px, sign * edge / drive_px
        axis.plot([at, sign * stop / drive_px], [own, own], color=color, lw=2, alpha=0.6)
        axis.annotate(
            "",
            xy=(at, own * side.ratio),
            xytext=(at, own),
            arrowprops={"arrowstyle": "-|>", "color": color, "lw": 2},
        )
        axis.text(at, own * side.ratio, f" {side.ratio:.2f}", color=color, va="top", ha="center")
