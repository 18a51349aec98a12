"""What a finished run has left: its tables, and what tells it from other runs."""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from av_screening.errors import FileProblems
from av_screening.write.columns import crossings_dtypes

_SUMMARY_DTYPES = dict.fromkeys(
    ("photograph", "id", "sha256", "folder", "eye", "eye_source"), "str"
)

SECOND_LOOK = ("gradable", "not_gradable_reason", "flagged")
"""Columns that are left out of tables in which they are empty."""


def run_folders(path: Path) -> list[Path]:
    """A run's folder by itself, or, where it is none, the runs in its sub-folders."""
    inside = sorted(p.parent for p in path.glob("*/run.json"))
    is_run = any((path / name).is_file() for name in ("run.json", "crossings.csv"))
    return [path] if is_run or not inside else inside


@dataclass(frozen=True)
class FinishedRun:
    """Tables of a run's folder.

    Attributes:
        output: the folder.
        crossings: crossings.csv, a row per crossing.
        summary: summary.csv, a row per photograph.
        failures: failures.csv, a row per photograph that was not screened.
        run_id: the word that its pages write into review files; empty in runs of version 0.2.0
            and earlier, which have none.
    """

    output: Path
    crossings: pd.DataFrame
    summary: pd.DataFrame
    failures: pd.DataFrame
    run_id: str

    @classmethod
    def read(cls, output: Path) -> "FinishedRun":
        """Read a run's folder.

        Raises:
            FileProblems: it is none, or a table cannot be read or lacks a column.
        """
        path = output / "run.json"
        try:
            run_id = str(json.loads(path.read_text("utf-8")).get("run", ""))
        except FileNotFoundError as error:
            raise FileProblems(
                path, ["expected the folder of a finished run, found no run.json in it"]
            ) from error
        except (OSError, ValueError, AttributeError) as error:
            raise FileProblems(path, [f"expected the record of a run ({error!r})"]) from error
        needed = ["photograph", "crossing", "x_px", "y_px", "score"]
        return cls(
            output,
            read_table(output / "crossings.csv", needed, crossings_dtypes()),
            read_table(
                output / "summary.csv", ["photograph", "fov_diameter_px", "folder"], _SUMMARY_DTYPES
            ),
            read_table(output / "failures.csv", ["photograph", "reason"], {"photograph": "str"}),
            run_id,
        )

    @classmethod
    def read_all(cls, path: Path) -> "FinishedRun":
        """Read a run's folder, or a folder whose sub-folders are runs of different photographs,
        such as those of a cross-validation, as one: its tables, one after the other.

        Raises:
            FileProblems: see `read`; a photograph is in two of the runs.
        """
        folders = run_folders(path)
        if folders == [path]:
            return cls.read(path)
        runs = [cls.read(folder) for folder in folders]
        homes: dict[str, Path] = {}
        for run in runs:
            for name in run.folders:
                if name in homes:
                    both = f"expected a photograph in one run, found it in {homes[name]} too"
                    raise FileProblems(run.output, [f"{name}: {both}"])
                homes[name] = run.output
        return cls(
            path,
            pd.concat([run.crossings for run in runs], ignore_index=True),
            pd.concat([run.summary for run in runs], ignore_index=True),
            pd.concat([run.failures for run in runs], ignore_index=True),
            "",
        )

    @cached_property
    def folders(self) -> dict[str, Path]:
        """Photograph → folder of its outputs."""
        rows = zip(self.summary["photograph"], self.summary["folder"], strict=True)
        return {str(name): self.output / str(folder) for name, folder in rows}

    @cached_property
    def fov_diameters(self) -> dict[str, float]:
        """Photograph → diameter of its field of view (px)."""
        rows = zip(self.summary["photograph"], self.summary["fov_diameter_px"], strict=True)
        return {str(name): float(diameter) for name, diameter in rows}


def read_table(path: Path, needed: list[str], dtypes: dict[str, Any]) -> pd.DataFrame:
    """A CSV with at least the columns `needed`; empty cells are missing values.

    Args:
        path: the file.
        needed: columns that have to be there.
        dtypes: of columns; those of others are found from their values.

    Raises:
        FileProblems: it cannot be read, or lacks a column.
    """
    try:
        table = pd.read_csv(
            path, dtype=dtypes, keep_default_na=False, na_values=[""], encoding="utf-8-sig"
        )
    except (OSError, ValueError) as error:
        raise FileProblems(path, [f"not a readable CSV file: {error}"]) from error
    missing = [name for name in needed if name not in table]
    if missing:
        raise FileProblems(
            path, [f"expected the columns {','.join(needed)}, found none named {','.join(missing)}"]
        )
    # Without the second look nobody has said what is gradable: the columns are there, empty.
    return table.drop(columns=[c for c in SECOND_LOOK if c in table and table[c].isna().all()])
