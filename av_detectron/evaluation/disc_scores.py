"""The optic disc against its label: where it is, how large, and whether it is said where it is not.

Distances are in diameters of the labelled disc (dd).
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from detectron2.evaluation import DatasetEvaluator
from detectron2.utils import comm

from av_detectron.data.disc import OpticDisc

NEAR = 0.1
"""Distance of the centres up to which a disc is found where it is (dd)."""
CLEARANCE = 0.5
"""How far beyond the disc's margin a crop without it begins (dd): labels are good to a tenth."""
LEAST_CROP = 2.0
"""Least side of a crop (dd); a smaller one is nothing that anybody would photograph."""


@dataclass(frozen=True)
class DiscPair:
    """One photograph's optic disc.

    Attributes:
        labelled: its label (px of the photograph).
        found: what the detector says (px of the photograph).
        in_crop: whether it says one in a crop that has none; None where no crop was looked at.
    """

    labelled: OpticDisc
    found: OpticDisc | None
    in_crop: bool | None = None

    @property
    def center_error(self) -> float:
        """Distance of the centres (dd); infinite where none was found."""
        if self.found is None:
            return float("inf")
        return self.labelled.distance(self.found.x, self.found.y)

    @property
    def diameter_error(self) -> float:
        """Difference of the diameters as a share of the labelled one; infinite for none."""
        if self.found is None:
            return float("inf")
        return abs(self.found.diameter - self.labelled.diameter) / self.labelled.diameter


def disc_metrics(pairs: Sequence[DiscPair]) -> dict[str, float]:
    """Flat names → values; what there was nothing to measure with is left out.

    disc_found (share of photographs in which a disc is said), disc_center_error_dd and
    disc_diameter_error (medians over these), disc_center_within_0.1dd (share of all photographs:
    a disc that is missed is not within), disc_false_in_crop (share of crops without a disc in
    which one is said).
    """
    if not pairs:
        return {}
    found = [p for p in pairs if p.found is not None]
    near = [p.center_error <= NEAR for p in pairs]
    values = {
        "disc_found": len(found) / len(pairs),
        f"disc_center_within_{NEAR:g}dd": float(np.mean(near)),
    }
    if found:
        values["disc_center_error_dd"] = float(np.median([p.center_error for p in found]))
        values["disc_diameter_error"] = float(np.median([p.diameter_error for p in found]))
    crops = [p.in_crop for p in pairs if p.in_crop is not None]
    if crops:
        values["disc_false_in_crop"] = float(np.mean(crops))
    return values


def crop_without_disc(record: dict[str, Any]) -> dict[str, Any] | None:
    """The largest part of a photograph, left or right of its disc, above or below, without it.

    Args:
        record: mapped dataset dict: "image" (3, H, W) at the working scale, "disc" (px of the
            photograph) and the photograph's "height" and "width".

    Returns:
        The same for the crop, or None: the disc is not known, or no part is large enough.
    """
    disc = record.get("disc")
    if disc is None:
        return None
    height, width = record["image"].shape[1:]
    disc = disc.moved((width / record["width"], height / record["height"]))
    reach = (0.5 + CLEARANCE) * disc.diameter
    left, right = max(0, int(disc.x - reach)), min(width, int(disc.x + reach) + 2)
    top, bottom = max(0, int(disc.y - reach)), min(height, int(disc.y + reach) + 2)
    parts = [(0, height, 0, left), (0, height, right, width)]
    parts += [(0, top, 0, width), (bottom, height, 0, width)]
    y0, y1, x0, x1 = max(parts, key=lambda p: (p[1] - p[0]) * (p[3] - p[2]))
    if min(y1 - y0, x1 - x0) < LEAST_CROP * disc.diameter:
        return None
    cropped = {**record, "image": record["image"][:, y0:y1, x0:x1], "disc": None}
    return {**cropped, "height": y1 - y0, "width": x1 - x0}


class DiscEvaluator(DatasetEvaluator):
    """Scores the "disc" output on the photographs whose disc is labelled."""

    def __init__(self, records: Sequence[dict[str, Any]]) -> None:
        """
        Args:
            records: dataset dicts, perhaps with `disc`.
        """
        self.labelled = {r["image_id"]: r["disc"] for r in records if r.get("disc")}
        self.pairs: dict[int, DiscPair] = {}

    def reset(self) -> None:
        self.pairs = {}

    def process(self, inputs: list[dict[str, Any]], outputs: list[dict[str, Any]]) -> None:
        for given, output in zip(inputs, outputs, strict=True):
            labelled = self.labelled.get(given["image_id"])
            if labelled is not None:
                self.pairs[given["image_id"]] = DiscPair(labelled, output["disc"])

    def evaluate(self) -> "OrderedDict[str, dict[str, float]] | None":
        """Metrics under "disc", see `disc_metrics`, without the names' first word."""
        gathered = comm.gather(self.pairs, dst=0)
        if not comm.is_main_process():
            return None
        self.pairs = {k: v for part in gathered for k, v in part.items()}
        metrics = disc_metrics(list(self.pairs.values()))
        return OrderedDict(disc={k.removeprefix("disc_"): v for k, v in metrics.items()})
