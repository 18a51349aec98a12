"""Trainings repeated with several seeds: means, spread, and differences seed by seed."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy import stats

from av_detectron.data.cross_fit import set_of
from av_detectron.engine.training_curves import mean_over_sets
from av_detectron.evaluation.center_matching import TOLERANCE, tolerance_name

METRICS = {
    "bbox_AP": ("bbox/AP", 0.01),
    "bbox_AP50": ("bbox/AP50", 0.01),
    "segm_AP50": ("segm/AP50", 0.01),
    tolerance_name("center_f1", TOLERANCE): (tolerance_name("center/f1", TOLERANCE), 1.0),
    "vessel_dice": ("av/vessel_dice", 1.0),
    "av_accuracy": ("av/av_accuracy", 1.0),
}
"""Name in results files → name in the training's log, and what makes it a share of 1."""

Runs = Mapping[str, Sequence[Mapping[str, float]]]


def read_metrics(logged: Mapping[str, Any]) -> dict[str, float]:
    """Those of `METRICS` that a training logged, means over its validation sets, 0-1."""
    metrics = {}
    for name, (key, factor) in METRICS.items():
        value = mean_over_sets(dict(logged), key)
        if value is not None:
            metrics[name] = value * factor
    return metrics


def by_set(logged: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    """Those of `METRICS` that a training logged, apart for each of its validation sets, 0-1."""
    sets = {name: set_of(name.split("/")[0]) for name in logged}
    return {
        part: read_metrics({k: v for k, v in logged.items() if sets[k] == part})
        for part in dict.fromkeys(sets.values())
        if part
    }


def split_metrics(logged: Mapping[str, Any], left_out: Sequence[str]) -> dict[str, float]:
    """Those of `METRICS`, apart for the sets that a training learned from and those it did not.

    Args:
        logged: metrics by "<dataset>/<metric>", as of several validation sets.
        left_out: sets without which it was trained, such as "hrf".

    Returns:
        `seen_<metric>` and `left_out_<metric>`, means over their sets, 0-1.

    Raises:
        ValueError: a set was not evaluated; names those that were.
    """
    sets = by_set(logged)
    for name in left_out:
        if name not in sets:
            found = ", ".join(sorted(sets))
            raise ValueError(f"{name} was left out of training but not evaluated, only: {found}")
    metrics = {}
    for part, names in (("seen", sets.keys() - set(left_out)), ("left_out", set(left_out))):
        for metric in METRICS:
            values = [sets[name][metric] for name in names if metric in sets[name]]
            if values:
                metrics[f"{part}_{metric}"] = float(np.mean(values))
    return metrics


def summarise(runs: Runs, reference: str) -> tuple[dict[str, float], dict[str, list[float]]]:
    """Mean, standard deviation and 95 % interval (Student's t) of every variant's metrics.

    Args:
        runs: variant → metrics of its runs, in the same order of seeds for all.
        reference: variant that the others are compared with, seed by seed.

    Returns:
        `<variant>_<metric>`, `…_std` and `<reference>_minus_<variant>_<metric>`; and intervals of
        the means and the differences where there are two seeds at least.
    """
    values: dict[str, list[float]] = {}
    for variant, results in runs.items():
        for metric in results[0]:
            values[f"{variant}_{metric}"] = [r[metric] for r in results]
    for variant, results in runs.items():
        for metric in results[0]:
            ours, theirs = values.get(f"{reference}_{metric}"), values.get(f"{variant}_{metric}")
            if variant != reference and ours is not None and theirs is not None:
                difference = [a - b for a, b in zip(ours, theirs, strict=True)]
                values[f"{reference}_minus_{variant}_{metric}"] = difference
    metrics, ci95 = {}, {}
    for name, numbers in values.items():
        metrics[name] = float(np.mean(numbers))
        if len(numbers) > 1:
            spread = float(np.std(numbers, ddof=1))
            metrics[f"{name}_std"] = spread
            half = float(stats.t.ppf(0.975, len(numbers) - 1)) * spread / len(numbers) ** 0.5
            ci95[name] = [metrics[name] - half, metrics[name] + half]
    return metrics, ci95
