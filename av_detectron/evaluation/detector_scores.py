"""All figures of a detector on a set of photographs, curves, and its bootstrap over photographs."""

import contextlib
import copy
import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from av_detectron.data.crosspos import load_crosspos
from av_detectron.evaluation.center_matching import (
    PhotographCenters,
    labelled_centers,
    measured_tolerances,
    pool,
    tolerance_name,
    unmarked_centers,
)
from av_detectron.evaluation.coco_evaluator import RECALLS

Indices = NDArray[np.int64] | None


class CocoScores:
    """COCO's metrics of one task, for all photographs or for a resample of them."""

    def __init__(self, targets: COCO, predictions: list[dict[str, Any]], task: str) -> None:
        """
        Args:
            targets: the labels.
            predictions: in COCO's result format.
            task: "bbox" or "segm".
        """
        with contextlib.redirect_stdout(io.StringIO()):  # pycocotools prints its progress
            detections = targets.loadRes(copy.deepcopy(predictions)) if predictions else COCO()
            self._eval = COCOeval(targets, detections, task)
            self._eval.params.areaRng = self._eval.params.areaRng[:1]
            self._eval.params.areaRngLbl = ["all"]
            self._eval.evaluate()
        self._per_image = list(self._eval.evalImgs)
        self.task = task

    def metrics(self, indices: Indices = None) -> dict[str, float]:
        """AP, AP50, AP75, AR1, AR10 and AR100, each 0-1, named `<task>_<metric>`.

        Args:
            indices: photographs to take, with repetition, in order of image id; all by default.
        """
        chosen = range(len(self._per_image)) if indices is None else indices
        evaluation = self._eval
        evaluation.evalImgs = [self._per_image[i] for i in chosen]
        # Repeated photographs need ids of their own to be counted again.
        evaluation.params.imgIds = list(range(len(evaluation.evalImgs)))
        evaluation._paramsEval = copy.deepcopy(evaluation.params)
        with contextlib.redirect_stdout(io.StringIO()):
            evaluation.accumulate()
        precision, recall = evaluation.eval["precision"], evaluation.eval["recall"]
        thresholds = list(np.round(evaluation.params.iouThrs, 2))
        values = {"AP": _mean(precision[..., 0, -1])}
        for name, iou in (("AP50", 0.5), ("AP75", 0.75)):
            values[name] = _mean(precision[thresholds.index(iou), ..., 0, -1])
        for i, name in enumerate(RECALLS):
            values[name] = _mean(recall[..., 0, i])
        return {f"{self.task}_{name}": value for name, value in values.items()}


def _mean(values: NDArray[np.float64]) -> float:
    """Mean of what pycocotools measured; it marks what it could not with -1."""
    measured = values[values > -1]
    return float(measured.mean()) if measured.size else float("nan")


class DetectorScores:
    """All figures of one detector on one CrossPos file."""

    def __init__(
        self,
        json_file: Path,
        predictions: list[dict[str, Any]],
        threshold: float,
        tolerance: float,
    ) -> None:
        """
        Args:
            json_file: CrossPos file with the labels.
            predictions: in COCO's result format, boxes and perhaps masks.
            threshold: score from which on a detection counts for precision, recall and F1.
            tolerance: greatest distance of centres that counts as found (DRIVE px).
        """
        with contextlib.redirect_stdout(io.StringIO()):
            targets = COCO(str(json_file))
        tasks = ["bbox"]
        if any("segmentation" in p for p in predictions):
            tasks.append("segm")
        self._coco = [CocoScores(targets, predictions, task) for task in tasks]
        self._threshold = threshold
        self.tolerance = tolerance
        records = sorted(load_crosspos(json_file, json_file.parent), key=lambda r: r["image_id"])
        self.photographs = [r["file_name"] for r in records]
        self.image_ids = [r["image_id"] for r in records]
        self._centers = [_photograph_centers(r, predictions) for r in records]
        self._matches = {
            t: [c.matches(t) for c in self._centers] for t in measured_tolerances(tolerance)
        }
        # Of files prepared before unmarked crossings were looked for nothing is known.
        self._neutral = (
            [c.matches(tolerance, unmarked_neutral=True) for c in self._centers]
            if all(r["unmarked_crossings"] is not None for r in records)
            else None
        )

    def metrics(self, indices: Indices = None) -> dict[str, float]:
        """Flat names → values, 0-1; for a resample of the photographs if `indices` are given.

        Names that end in `_unmarked_neutral`, where unmarked crossings are known: detections of
        them count neither way; `unmarked_share`: how many of all crossings are unmarked.
        """
        values: dict[str, float] = {}
        for coco in self._coco:
            values.update(coco.metrics(indices))
        chosen = range(len(self.photographs)) if indices is None else indices
        for tolerance, matches in self._matches.items():
            pooled = pool([matches[i] for i in chosen])
            for name, value in pooled.at(self._threshold).items():
                values[tolerance_name(f"center_{name}", tolerance)] = value
            name = tolerance_name("center_sensitivity_at_1_fp", tolerance)
            values[name] = pooled.sensitivity_at(1.0)
        if self._neutral is not None:
            pooled = pool([self._neutral[i] for i in chosen])
            for name, value in pooled.at(self._threshold).items():
                values[neutral_name(name, self.tolerance)] = value
            values[neutral_name("sensitivity_at_1_fp", self.tolerance)] = pooled.sensitivity_at(1.0)
            unmarked = sum(len(self._centers[i].unmarked) for i in chosen)
            values["unmarked_share"] = unmarked / max(pooled.crossings + unmarked, 1)
        return values

    def curves(self) -> dict[str, list[float]]:
        """F1 over tolerances of 1-20 DRIVE px, and FROC at the chosen one, as lists.

        Keys: tolerance_px, f1; false_positives (a photograph), sensitivity.
        """
        tolerances = list(range(1, 21))
        pooled = {t: pool([c.matches(t) for c in self._centers]) for t in tolerances}
        false, true = pool([c.matches(self.tolerance) for c in self._centers]).froc()
        corners = np.append(np.diff(false) > 0, True)  # the end of each level of false positives
        return {
            "tolerance_px": [float(t) for t in tolerances],
            "f1": [round(pooled[t].at(self._threshold)["f1"], 4) for t in tolerances],
            "false_positives": [round(float(v), 3) for v in false[corners]],
            "sensitivity": [round(float(v), 4) for v in true[corners]],
        }


def _photograph_centers(
    record: dict[str, Any], predictions: list[dict[str, Any]]
) -> PhotographCenters:
    """Centres of one photograph's labels and predictions, in DRIVE px."""
    drive_px = record["fov"].drive_px
    mine = [p for p in predictions if p["image_id"] == record["image_id"]]
    boxes = np.array([p["bbox"] for p in mine], float).reshape(-1, 4)
    return PhotographCenters(
        predicted=(boxes[:, :2] + boxes[:, 2:] / 2 - 0.5) / drive_px,
        scores=np.array([p["score"] for p in mine], float),
        labelled=labelled_centers(record),
        unmarked=unmarked_centers(record),
    )


def neutral_name(metric: str, tolerance: float) -> str:
    """Name of a metric of centres for which detections of unmarked crossings do not count.

    >>> neutral_name("f1", 10.0)
    'center_f1_10px_unmarked_neutral'
    """
    return tolerance_name(f"center_{metric}", tolerance) + "_unmarked_neutral"


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


def bootstrap(
    scores: dict[str, DetectorScores], draws: int, seed: int
) -> dict[str, list[dict[str, float]]]:
    """Metrics of several detectors on the same resamples of photographs.

    Args:
        scores: detectors evaluated on the same photographs.
        draws: number of resamples.
        seed: of the resampling.

    Returns:
        For each detector its metrics, one dict per resample, in the same order for all.
    """
    count = len(next(iter(scores.values())).photographs)
    rng = np.random.default_rng(seed)
    samples = [rng.integers(count, size=count) for _ in range(draws)]
    return {name: [s.metrics(i) for i in samples] for name, s in scores.items()}


def bootstrap_metrics(
    metrics: Callable[[NDArray[np.int64]], dict[str, float]], count: int, draws: int, seed: int
) -> tuple[dict[str, float], dict[str, list[float]]]:
    """Metrics of all photographs, and 95 % intervals over resamples of them.

    What cannot be measured (absent or NaN) with all of them is left out; an interval is over those
    resamples with which a metric can be.

    Args:
        metrics: of the photographs with these indices, with repetition.
        count: number of photographs.
        draws: number of resamples.
        seed: of the resampling.
    """
    rng = np.random.default_rng(seed)
    sampled = [metrics(rng.integers(count, size=count)) for _ in range(draws)]
    values = {k: v for k, v in metrics(np.arange(count)).items() if not np.isnan(v)}
    ci95 = {k: interval([d.get(k, np.nan) for d in sampled]) for k in values}
    return values, ci95


def interval(values: Sequence[float]) -> list[float]:
    """Central 95 % interval of bootstrap values, [low, high]."""
    low, high = np.nanpercentile(np.asarray(values, float), [2.5, 97.5])
    return [float(low), float(high)]
