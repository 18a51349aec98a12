"""Every figure of artery/vein maps on a set of photographs, for resampling photographs."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from av_detectron.data import annotations as read
from av_detectron.evaluation.av_evaluator import MapCounts, count_map
from av_detectron.evaluation.center_matching import (
    PhotographCenters,
    labelled_centers,
    measured_tolerances,
    pool,
    tolerance_name,
)
from av_detectron.evaluation.topology import Topology, count_topology
from av_detectron.maps.consistency import agree_along_segments
from av_detectron.maps.map_crossings import SMALLEST, find_map_crossings


@dataclass(frozen=True)
class MapScores:
    """One photograph's map against its labels.

    Attributes:
        raw: pixels of the map as it is.
        agreed: pixels after `agree_along_segments`.
        centers: crossings from the map alone, against the labelled ones (DRIVE px).
        topology: paths along the map's vessels.
    """

    raw: MapCounts
    agreed: MapCounts
    centers: PhotographCenters
    topology: Topology


def map_centers(probabilities: NDArray[np.float32], record: dict[str, Any]) -> PhotographCenters:
    """Crossings of a map (3, H, W) alone, against those of its photograph's dataset dict."""
    drive_px = record["fov"].drive_px
    centers, scores = find_map_crossings(probabilities, drive_px)
    return PhotographCenters(centers / drive_px, scores, labelled_centers(record))


def score_map(probabilities: NDArray[np.float32], record: dict[str, Any]) -> MapScores:
    """Score a map (3, H, W) of the photograph of a dataset dict that has artery/vein labels.

    Raises:
        InputFileError: the labels are unreadable.
        ValueError: they are of another size.
    """
    labels = read.read_av_map(Path(record["av_file_name"]))
    drive_px = record["fov"].drive_px
    agreed = agree_along_segments(probabilities, SMALLEST * drive_px**2)
    return MapScores(
        raw=count_map(probabilities, labels, record["fov"]),
        agreed=count_map(agreed, labels, record["fov"]),
        centers=map_centers(probabilities, record),
        topology=count_topology(probabilities, labels, record["fov"]),
    )


def map_metrics(
    photographs: Sequence[MapScores], threshold: float | None, tolerance: float
) -> dict[str, float]:
    """Flat names → values, 0-1, pooled over photographs.

    The names of `MapCounts.metrics` for the map as it is, those of artery and vein again with
    the suffix `_agreed` for consistent segments, `map_center_<precision, recall, f1>_<t>px`, and
    those of `Topology.metrics`.

    Args:
        photographs: scores, a resample of them too.
        threshold: score from which on a crossing of the map counts; None leaves crossings out.
        tolerance: greatest distance of centres that counts as found (DRIVE px).
    """
    values = sum((p.raw for p in photographs), MapCounts()).metrics()
    agreed = sum((p.agreed for p in photographs), MapCounts()).metrics()
    values.update({f"{k}_agreed": v for k, v in agreed.items() if k.startswith("av_")})
    if threshold is not None:
        for measured in measured_tolerances(tolerance):
            matches = pool([p.centers.matches(measured) for p in photographs])
            for name, value in matches.at(threshold).items():
                values[tolerance_name(f"map_center_{name}", measured)] = value
    values.update(sum((p.topology for p in photographs), Topology()).metrics())
    return values
