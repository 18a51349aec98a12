"""How well widths are measured: on veins of known width."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from av_grading.caliber.vein_phantom import draw_vein
from av_grading.caliber.width import measure_widths
from av_grading.command_line.progress import progress
from av_grading.formats.labels import VEIN
from av_grading.vessels.centerline import trace

Array = NDArray[np.float64]

WIDTHS = (4.0, 5.0, 6.0, 8.0, 10.0, 12.0, 16.0, 20.0)
"""Of the veins (px)."""
REFLEXES = (0.0, 0.25, 0.5)
"""Heights of the central reflex, as shares of the vein's darkening."""
DRIVE_PX = 2.0
"""Length of one DRIVE px in px: that of patches of 96 px."""


@dataclass(frozen=True)
class PhantomErrors:
    """Errors of one phantom.

    Attributes:
        width: true (px).
        reflex: height of the central reflex.
        photograph: measured minus true width at every point (px).
        sure: the same over its standard error.
        in_map: width in the map minus true width (px).
    """

    width: float
    reflex: float
    photograph: Array
    sure: Array
    in_map: Array


def measure_phantoms(draws: int, seed: int, roundness: float = 1.0) -> list[PhantomErrors]:
    """Measure veins of every width and reflex, `draws` of each, with random blur.

    Args:
        draws: of each kind.
        seed: of the phantoms.
        roundness: of the veins, 0-1.
    """
    rng = np.random.default_rng(seed)
    kinds = [(w, r) for _ in range(draws) for w in WIDTHS for r in REFLEXES]
    found = []
    for width, reflex in progress(kinds, "phantoms", "vein"):
        blur = float(rng.uniform(0.7, 1.3))
        made = draw_vein(rng, width, reflex=reflex, roundness=roundness, blur=blur)
        line = trace(made.av_map, VEIN, made.center, DRIVE_PX)
        widths = measure_widths(made.photograph, made.av_map, line, DRIVE_PX)
        off = widths.width - width
        in_map = (widths.mask - width)[np.isfinite(widths.mask)]
        found.append(PhantomErrors(width, reflex, off, off / widths.error, in_map))
    return found


def phantom_metrics(errors: Sequence[PhantomErrors]) -> dict[str, float]:
    """Mean absolute errors, and biases under a reflex (px).

    Returns:
        `phantom_mae_px` and `phantom_mask_mae_px` over all phantoms; the largest MAE of any width;
        `phantom_reflex_bias_px`, the mean error with a reflex; its largest amount at any width and
        reflex; and how many standard errors the errors spread.
    """

    def mae(chosen: Sequence[PhantomErrors]) -> float:
        return float(np.mean([np.abs(e.photograph).mean() for e in chosen]))

    shining = [e for e in errors if e.reflex > 0]
    kinds = sorted({(e.width, e.reflex) for e in shining})
    biases = [
        float(np.mean([e.photograph.mean() for e in shining if (e.width, e.reflex) == kind]))
        for kind in kinds
    ]
    widths = sorted({e.width for e in errors})
    return {
        "phantom_mae_px": mae(errors),
        "phantom_mae_worst_width_px": max(mae([e for e in errors if e.width == w]) for w in widths),
        "phantom_mask_mae_px": float(np.mean([np.abs(e.in_map).mean() for e in errors])),
        "phantom_reflex_bias_px": float(np.mean([e.photograph.mean() for e in shining])),
        "phantom_reflex_bias_worst_px": max(biases, key=abs),
        "phantom_errors_over_standard_errors": float(
            np.sqrt(np.mean(np.concatenate([e.sure for e in errors]) ** 2))
        ),
    }
