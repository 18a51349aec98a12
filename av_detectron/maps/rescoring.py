"""Rescoring of detections by the map's own crossings: agreement raises a score, its lack lowers it.

The detector sees one place, the crossings of the map follow from the vessels that lead
there; they err in different ways.
"""

import numpy as np
from numpy.typing import NDArray

REACH = 10.0
"""A crossing of the map speaks for detections within this distance (DRIVE px)."""


def agreement(
    centers: NDArray[np.float64],
    map_centers: NDArray[np.float64],
    map_scores: NDArray[np.float64],
    reach: float,
) -> NDArray[np.float64]:
    """How sure the map is of a crossing at each detection: (N,), 0-1, 0 where it has none.

    Args:
        centers: detections (N, 2).
        map_centers: crossings of the map (M, 2), in the same px.
        map_scores: (M,), 0-1.
        reach: greatest distance at which a crossing speaks for a detection (the same px).
    """
    if len(centers) == 0 or len(map_centers) == 0:
        return np.zeros(len(centers))
    distances = np.linalg.norm(centers[:, None] - map_centers[None], axis=2)  # (N, M)
    return np.asarray(np.where(distances <= reach, map_scores, 0.0).max(axis=1))


def rescore(
    scores: NDArray[np.float64], agreed: NDArray[np.float64], weight: float
) -> NDArray[np.float64]:
    """Scores after rescoring: their log-odds plus weight * (agreement - 1/2).

    >>> rescore(np.array([0.5, 0.5]), np.array([0.5, 1.0]), 2.0).round(3)
    array([0.5  , 0.731])
    """
    return _from_log_odds(_log_odds(scores) + weight * (agreed - 0.5))


def least_score(threshold: float, weight: float) -> float:
    """Score below which rescoring cannot lift a detection to `threshold`."""
    return float(_from_log_odds(_log_odds(np.array(threshold)) - weight / 2))


def _log_odds(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    inside = np.clip(scores, 1e-6, 1 - 1e-6)
    return np.asarray(np.log(inside / (1 - inside)))


def _from_log_odds(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(1 / (1 + np.exp(-values)))
