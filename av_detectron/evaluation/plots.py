"""Pictures of the evaluation by centres: F1 over tolerances, and FROC."""

from pathlib import Path
from typing import Any

from matplotlib.figure import Figure


def plot_centers(curves: dict[str, dict[str, Any]], tolerance: float, output: Path) -> None:
    """Draw the curves of several detectors as a PNG.

    Args:
        curves: name of the detector → `DetectorScores.curves()`.
        tolerance: of the FROC curves (DRIVE px).
        output: PNG file.
    """
    figure = Figure(figsize=(10, 4), layout="constrained")
    left, right = figure.subplots(1, 2)
    for name, curve in curves.items():
        left.plot(curve["tolerance_px"], curve["f1"], label=name)
        right.plot(curve["false_positives"], curve["sensitivity"], label=name)
    left.set(title="F1 of centres", xlabel="tolerance (DRIVE px)", ylim=(0, 1))
    right.set(
        title=f"FROC, tolerance {tolerance:g} DRIVE px",
        xlabel="false positives a photograph",
        ylabel="sensitivity",
        xlim=(0, 20),
        ylim=(0, 1),
    )
    for axis in (left, right):
        axis.grid(alpha=0.3)
        axis.legend(frameon=False)
    figure.savefig(output, dpi=120)
