"""Seconds of one way of doing something over those of another, on the same photographs."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from av_detectron.evaluation.detector_scores import bootstrap_metrics

DRAWS = 1000
"""Resamples of the photographs for an interval."""


def time_ratio(
    metric: str,
    seconds: Mapping[str, NDArray[np.float64]],
    over: tuple[str, str],
    seed: int,
) -> tuple[dict[str, float], dict[str, list[float]]]:
    """The ratio of two sums of seconds with its 95 % interval, and the mean seconds of each way.

    Args:
        metric: the ratio's name.
        seconds: of every photograph, by the name of the way, (photographs,) each.
        over: names of the ways whose sums are above and below the line.
        seed: of the resampling of photographs.

    Returns:
        metrics, that of a way as `NAME_seconds`, and the interval of the ratio.
    """
    above, below = (seconds[name] for name in over)

    def ratio(chosen: NDArray[np.int64]) -> dict[str, float]:
        return {metric: float(above[chosen].sum() / below[chosen].sum())}

    metrics, ci95 = bootstrap_metrics(ratio, len(above), DRAWS, seed)
    return metrics | {f"{name}_seconds": float(s.mean()) for name, s in seconds.items()}, ci95
