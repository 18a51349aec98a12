"""Close-ups of real crossings that were read, and what the readings say, as targets.

Two readings of a crossing need not agree. A target is their mean: a distribution over grades, a
probability of yes; what one of them called not clear it says nothing else about. A clear reading
may leave out grade, sides or bent, as readers do who look at grades alone: the other one stands.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file, save

from av_grading.formats.errors import InputFileError
from av_grading.formats.files import write_whole
from av_grading.formats.grade_definition import GRADES

TENSORS = ("patches", "coarse")
READINGS = (1, 2)
"""Columns of a reading end in its number."""
_PER_READING = ("clear", "above", "sideA", "sideB", "bent", "grade")
COLUMNS = tuple(f"{name}_{number}" for number in READINGS for name in _PER_READING)
"""What a table has of either reading; see docs/FORMATS.md, paired readings."""

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class ReadCloseUps:
    """N close-ups.

    Attributes:
        patches: RGB, (N, 3, P, P), 0-255, uint8, as `cut.cut_close_up` cuts them.
        coarse: what the detector's map says, (N, 2, P / 4, P / 4), 0-255, uint8.
        table: a row for each: `group` (photograph), `set`, `x_px`, `y_px` and `COLUMNS`.
    """

    patches: torch.Tensor
    coarse: torch.Tensor
    table: pd.DataFrame

    def __len__(self) -> int:
        return len(self.table)


@dataclass(frozen=True)
class Targets:
    """What two readings say of N crossings.

    Attributes:
        grade, worse, better: distributions over 0-3, (N, 4): of the grade, and of the vein's worse
            and better side; zeros where neither reading says it.
        clear, bent, artery_above: probabilities, (N,).
        weight: share of the readings that are clear, (N,): 0, 0.5 or 1.
        says_bent: whether a clear reading says bent or not, (N,): 0 or 1.
    """

    grade: Floats
    worse: Floats
    better: Floats
    clear: Floats
    bent: Floats
    artery_above: Floats
    weight: Floats
    says_bent: Floats

    @property
    def graded(self) -> NDArray[np.bool_]:
        """Whether a reading gives a grade, (N,)."""
        return np.asarray(self.grade.sum(axis=1) > 0)

    @property
    def mean(self) -> Floats:
        """Mean grade, (N,); NaN where neither reading gives one."""
        known = self.graded
        steps = np.arange(len(GRADES), dtype=np.float32)
        return np.asarray(np.where(known, self.grade @ steps, np.nan), np.float32)


def targets_of(table: pd.DataFrame) -> Targets:
    """Targets of a table's rows.

    Raises:
        ValueError: a value that is none of those of docs/FORMATS.md; names column and row.
    """
    clear = np.stack([_words(table, f"clear_{n}", {"y": 1.0, "n": 0.0}) for n in READINGS], axis=1)

    def distribution(name: str) -> Floats:
        found = np.zeros((len(table), len(GRADES)), np.float32)
        for column, number in enumerate(READINGS):
            values = table[f"{name}_{number}"].to_numpy(float)
            rows = np.flatnonzero((clear[:, column] > 0) & ~np.isnan(values))
            wrong = rows[~np.isin(values[rows], GRADES)]
            if len(wrong):
                raise ValueError(
                    f"{name}_{number}: row {wrong[0] + 2}: expected 0 to 3, found "
                    f"{values[wrong[0]]:g}"
                )
            found[rows, values[rows].astype(int)] += 1
        return np.asarray(found / np.maximum(found.sum(axis=1, keepdims=True), 1), np.float32)

    def probability(name: str, words: Mapping[str, float]) -> tuple[Floats, Floats]:
        """Of yes, and whether a clear reading says it."""
        columns = [_words(table, f"{name}_{n}", {**words, "": np.nan}) for n in READINGS]
        given = np.stack(columns, axis=1)
        said = clear * np.isfinite(given)
        total = (np.nan_to_num(given) * said).sum(axis=1)
        known = said.sum(axis=1) > 0
        share = np.where(known, total / np.maximum(said.sum(axis=1), 1), 0.0)
        return share.astype(np.float32), known.astype(np.float32)

    bent, says_bent = probability("bent", {"y": 1.0, "n": 0.0})
    above, _ = probability("above", {"artery": 1.0, "vein": 0.0, "unclear": 0.5})
    return Targets(
        distribution("grade"),
        distribution("sideA"),
        distribution("sideB"),
        clear.mean(axis=1).astype(np.float32),
        bent,
        above,
        clear.mean(axis=1).astype(np.float32),
        says_bent,
    )


def _words(table: pd.DataFrame, column: str, words: Mapping[str, float]) -> NDArray[np.float64]:
    given = table[column].fillna("").astype(str)
    unknown = np.flatnonzero(~given.isin(list(words)))
    if len(unknown):
        raise ValueError(
            f"{column}: row {unknown[0] + 2}: expected {', '.join(filter(None, words))}, found "
            f"{given.iloc[unknown[0]]!r}"
        )
    return np.asarray(given.map(words).to_numpy(float))


def write_read_close_ups(close_ups: ReadCloseUps, path: Path) -> None:
    """Write a photograph's close-ups and, beside it, their table.

    Raises:
        OSError: they cannot be written.
    """
    table = close_ups.table.to_csv(index=False, lineterminator="\n")
    write_whole(path.with_suffix(".csv"), table)
    write_whole(path, save({"patches": close_ups.patches, "coarse": close_ups.coarse}))


def load_read_close_ups(folder: Path) -> ReadCloseUps:
    """Read all close-ups of a folder, in name order.

    Raises:
        InputFileError: none are there, or a file is damaged or does not fit its table.
    """
    parts: dict[str, list[torch.Tensor]] = {name: [] for name in TENSORS}
    tables = []
    for path in sorted(folder.glob("*.safetensors")):
        try:
            tensors, table = load_file(path), pd.read_csv(path.with_suffix(".csv"))
        except (OSError, ValueError, SafetensorError) as error:
            raise InputFileError(path, f"expected close-ups and their table ({error})") from error
        missing = [c for c in ("group", "set", *COLUMNS) if c not in table]
        if missing:
            raise InputFileError(
                path.with_suffix(".csv"), f"expected the columns {', '.join(missing)}, found none"
            )
        if any(len(tensors.get(name, ())) != len(table) for name in TENSORS):
            raise InputFileError(path, f"expected {len(table)} close-ups as its table has rows")
        tables.append(table)
        for name in TENSORS:
            parts[name].append(tensors[name])
    if not tables:
        raise InputFileError(folder, "expected close-ups with readings, found none")
    return ReadCloseUps(
        torch.cat(parts["patches"]),
        torch.cat(parts["coarse"]),
        pd.concat(tables, ignore_index=True),
    )
