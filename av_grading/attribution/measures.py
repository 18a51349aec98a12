"""Every measure of every patch, and their means with intervals."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from av_grading.attribution.copies import CHANGES, changed, mapped_back
from av_grading.attribution.curves import Curves, measure_curves
from av_grading.attribution.localization import RADIUS, energy_share, pointing, vein_region
from av_grading.attribution.maps import Attribution, attribute
from av_grading.attribution.options import METHOD, TARGET
from av_grading.attribution.randomization import shuffled
from av_grading.attribution.scored import Scored, choose_targets
from av_grading.attribution.similarity import map_similarity
from av_grading.data.patch_set import PatchSet
from av_grading.evaluation.metrics import interval, resample_groups
from av_grading.grader import Grader

Table = dict[str, NDArray[np.float64]]
"""Measure → value of each patch (N,), NaN where it has none."""


CHANCE = "vein_energy_chance"
"""The vein's share of the patch: energy of a map that is the same everywhere."""


@dataclass(frozen=True)
class Options:
    """What is explained, and how.

    Attributes:
        target: "predicted", "expected" or a grade.
        method: of attribution, see `maps.METHODS`.
        radius: of the crossing's neighbourhood (px of a patch).
        seed: of random orders and of shuffled weights.
        batch: patches at a time.
    """

    target: str = TARGET
    method: str = METHOD
    radius: float = RADIUS
    seed: int = 0
    batch: int = 32


@dataclass(frozen=True)
class Explained:
    """A grader's patches, explained.

    Attributes:
        probabilities: (N, 4).
        targets: (N,), see `choose_targets`.
        attribution: of the patches.
        copies: of their changed copies, in the order of `CHANGES`, not mapped back.
        curves: deletion and insertion.
        table: all measures.
    """

    probabilities: NDArray[np.float64]
    targets: torch.Tensor
    attribution: Attribution
    copies: list[Attribution]
    curves: Curves
    table: Table


def explain(grader: Grader, data: PatchSet, options: Options, name: str = "grader") -> Explained:
    """Attribution maps of a set and all that is measured of them.

    Copies and shuffled graders are explained for the patches' own targets, so that only what was
    changed differs. Maps are likened with their signs: where nothing is a vessel all of them are 0,
    which alone would make those of any two graders of one patch alike.

    Args:
        grader: of one or two streams.
        data: patches.
        options: what is explained, and how.
        name: for progress.

    Raises:
        ValueError: an option is unknown, or the patches are smaller than the grader's crop.
    """
    crop, side = grader.config.data.crop, data.patches.shape[-1]
    probabilities = grader.predict(data, np.arange(len(data)))
    targets = choose_targets(options.target, probabilities)

    def maps_of(of: Grader, patches: PatchSet, what: str) -> Attribution:
        _say(f"{name}: {what}")
        return attribute(
            Scored(of),
            patches,
            targets,
            crop=crop,
            method=options.method,
            batch=options.batch,
            title=what,
        )

    found = maps_of(grader, data, "patches")
    table = _on_vein(found, _middle(data, crop), options.radius)
    combined, signed = found.combined(), found.signed()
    copies = []
    for how in CHANGES:
        copies.append(maps_of(grader, changed(data, how), f"copies: {how.kind}"))
        back, known = mapped_back(copies[-1].signed(), how, side)
        table[f"agreement_{how.kind}"] = map_similarity(signed, back, known)
    each = np.stack([table[f"agreement_{how.kind}"] for how in CHANGES])
    table["agreement"] = _mean(each)
    for key, only in (("randomised_classifier_similarity", True), ("randomised_similarity", False)):
        other = maps_of(shuffled(grader, options.seed, classifier_only=only), data, "shuffled")
        table[key] = map_similarity(signed, other.signed())
    table["other_patch_similarity"] = map_similarity(signed, np.roll(signed, 1, axis=0))
    _say(f"{name}: deletion and insertion")
    curves = measure_curves(
        Scored(grader),
        data,
        targets,
        combined,
        crop=crop,
        seed=options.seed,
        batch=options.batch,
        title="curves",
    )
    table |= curves.gains()
    if found.delta is not None:
        table["convergence_delta"] = np.abs(found.delta).astype(np.float64)
    return Explained(probabilities, targets, found, copies, curves, table)


def compare(
    tables: Mapping[str, Table], groups: Sequence[str], draws: int, seed: int
) -> tuple[dict[str, float], dict[str, list[float]]]:
    """Means of all measures and of their differences between models, with 95 % intervals.

    Args:
        tables: model → its table, of the same patches; the first is compared with each other.
        groups: of the patches (N,).
        draws: resamples of the groups, the same for all models.
        seed: of the resampling.

    Returns:
        `<measure>_<model>` and `<first>_minus_<model>_<measure>`, and their intervals. Measures
        without any value are left out.
    """
    columns: Table = {}
    for model, table in tables.items():
        columns |= {f"{name}_{model}": values for name, values in table.items()}
    first, *others = tables
    for other in others:
        # What chance gives is the same for all.
        shared = [n for n in tables[first] if n in tables[other] and not n.endswith("chance")]
        for name in shared:
            difference = tables[first][name] - tables[other][name]
            columns[f"{first}_minus_{other}_{name}"] = difference
    columns = {name: values for name, values in columns.items() if np.isfinite(values).any()}
    resamples = list(resample_groups(groups, draws, seed))
    metrics = {name: float(np.nanmean(values)) for name, values in columns.items()}
    ci95 = {
        name: interval([float(_mean(values[rows])) for rows in resamples])
        for name, values in columns.items()
    }
    return metrics, ci95


def _on_vein(found: Attribution, av_maps: NDArray[np.uint8], radius: float) -> Table:
    region = vein_region(av_maps, radius)
    combined = found.combined()
    table = {
        "vein_energy": energy_share(combined, region),
        "pointing": pointing(combined, region),
        CHANCE: region.mean(axis=(1, 2), dtype=np.float64),
    }
    for stream, maps in found.maps.items():
        table[f"vein_energy_{stream}"] = energy_share(maps, region)
    return table


def _middle(data: PatchSet, crop: int) -> NDArray[np.uint8]:
    """Labels (N, crop, crop) that a grader sees."""
    start = (data.maps.shape[-1] - crop) // 2
    return data.labels[:, start : start + crop, start : start + crop]


def _mean(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean over the first axis without NaN; NaN where there is nothing else."""
    known = np.isfinite(values)
    count = known.sum(axis=0)
    total = np.where(known, values, 0).sum(axis=0)
    return np.asarray(np.where(count > 0, total / np.maximum(count, 1), np.nan))


def _say(text: str) -> None:
    if not sys.stderr.isatty():  # where tqdm is silent
        print(text, flush=True)
