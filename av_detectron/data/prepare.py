"""Prepare whole folders: every split of a set becomes one CrossPos file."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from av_detectron.data.annotations import read_crossings_csv
from av_detectron.data.coco import LabelOptions, annotate, build_coco
from av_detectron.data.crosspos import json_path
from av_detectron.data.disc import OpticDisc
from av_detectron.data.errors import InputFileError
from av_detectron.data.find_labels import Photograph, find_photographs
from av_detectron.formats.files import write_whole

Discs = Mapping[tuple[str, str, str], OpticDisc | None]
NO_DISCS: Discs = {}


@dataclass
class Report:
    """What was written, a line per file, and what was left out and why."""

    lines: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)


def split_folders(root: Path, sets: list[str]) -> dict[str, dict[str, Path]]:
    """Folders with photographs below `root`: set → split → folder.

    Raises:
        InputFileError: a set that was asked for is not there, or nothing is.
    """
    found: dict[str, dict[str, Path]] = {}
    for images in sorted(root.glob("*/*/images")):
        folder = images.parent
        if not sets or folder.parent.name in sets:
            found.setdefault(folder.parent.name, {})[folder.name] = folder
    missing = sorted(set(sets) - set(found))
    if missing or not found:
        what = ", ".join(missing) or "any set"
        raise InputFileError(root, f"expected {what} as <set>/<split>/images, found none")
    return found


def hold_out(count: int, fraction: float, seed: int) -> set[int]:
    """Indices of the photographs to hold out for validation, at least one if fraction > 0."""
    if fraction == 0 or count < 2:
        return set()
    held = max(1, round(count * fraction))
    return set(np.random.default_rng(seed).permutation(count)[:held].tolist())


def prepare_set(
    name: str,
    folders: dict[str, Path],
    output: Path,
    options: LabelOptions,
    val_fraction: float,
    seed: int,
    discs: Discs = NO_DISCS,
) -> Report:
    """Write the CrossPos files of one set and report on them.

    The val split is taken from train by photograph, unless the set has a val folder of its own.

    Raises:
        InputFileError: a folder whose files do not pair up.
        OSError: the output cannot be written.
    """
    report = Report()
    for split, folder in folders.items():
        records = _records(folder, options, discs, report)
        parts = {split: records}
        if split == "train" and "val" not in folders:
            held = hold_out(len(records), val_fraction, seed)
            parts["val"] = [r for i, r in enumerate(records) if i in held]
            parts["train"] = [r for i, r in enumerate(records) if i not in held]
        for part, chosen in parts.items():
            if chosen:
                path = json_path(output, f"crosspos_{name}_{part}")
                write_whole(path, json.dumps(build_coco(chosen, options, output)))
                crossings = sum(len(annotations) for _, annotations in chosen)
                line = f"{path}: {len(chosen)} photographs, {crossings} crossings"
                unmarked = sum(len(image.get("unmarked_crossings", ())) for image, _ in chosen)
                if unmarked:
                    line += f", {unmarked} more shown without an overlap"
                report.lines.append(line)
    return report


def _records(
    folder: Path, options: LabelOptions, discs: Discs, report: Report
) -> list[tuple[dict[str, Any], list[dict[str, Any]]]]:
    """Annotated photographs of one folder; those that fail go into the report."""
    photographs = find_photographs(folder)
    table = _read_table(folder, photographs)
    records = []
    title = f"{folder.parent.name}/{folder.name}"
    for photograph in tqdm(photographs, title, disable=None, unit="photograph"):
        points = None if table is None else table.get(photograph.image.stem, np.zeros((0, 2)))
        try:
            disc = discs.get((folder.parent.name, folder.name, photograph.image.name))
            records.append(annotate(photograph, options, points, disc))
        except InputFileError as error:
            report.failures.append(str(error))
    return records


def _read_table(
    folder: Path, photographs: list[Photograph]
) -> dict[str, NDArray[np.float64]] | None:
    """Rows of `crossings.csv` if the folder has one, checked for unknown photographs."""
    path = folder / "crossings.csv"
    if not path.is_file():
        return None
    table = read_crossings_csv(path)
    unknown = sorted(set(table) - {p.image.stem for p in photographs})
    if unknown:
        raise InputFileError(path, f"expected names of images, found {', '.join(unknown[:5])}")
    return table
