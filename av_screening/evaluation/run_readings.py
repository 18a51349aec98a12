"""What a run says of crossings that were read: each reading's nearest crossing of the run."""

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
import pandas as pd

from av_detectron.config import DRIVE_FOV_DIAMETER
from av_detectron.evaluation.center_matching import TOLERANCE, match_places
from av_screening.errors import FileProblems
from av_screening.run.finished_run import FinishedRun, run_folders

GIVEN = ("grade", "expected_grade")
"""Columns of crossings.csv that a run needs to be compared with grades."""
SAID = (
    *("crossing", "grade", "expected_grade", "gradable", "not_gradable_reason"),
    *("above_artery_probability", "gradable_probability", "bent_probability"),
    *("side_first_expected", "side_second_expected"),
    *("visible_width_first", "visible_width_second", "deflection_degrees"),
)
"""Columns of crossings.csv that readings stand beside, those of them that the run has."""


@dataclass(frozen=True)
class Runs:
    """Crossings of one run, or of several of different photographs.

    Attributes:
        path: the folder that was given.
        crossings: crossings.csv of all of them.
        drive_px: photograph → length of its DRIVE px (px); NaN where it was not screened.
        homes: photograph → folder of its run.
    """

    path: Path
    crossings: pd.DataFrame
    drive_px: dict[str, float]
    homes: dict[str, Path]

    @classmethod
    def read(cls, path: Path) -> "Runs":
        """Read the output folder of a run, or a folder whose sub-folders are such.

        Raises:
            FileProblems: neither; a table that is not as it should be; a run without grades; a
                photograph in two runs.
        """
        runs = [FinishedRun.read(folder) for folder in run_folders(path)]
        drive_px: dict[str, float] = {}
        homes: dict[str, Path] = {}
        for run in runs:
            missing = [name for name in GIVEN if name not in run.crossings]
            if missing:
                raise FileProblems(
                    run.output / "crossings.csv",
                    [f"expected the columns {','.join(GIVEN)}, found none named {missing}"],
                )
            failed = dict.fromkeys(run.failures["photograph"].astype(str), math.nan)
            for name, diameter in {**failed, **run.fov_diameters}.items():
                if name in homes:
                    raise FileProblems(
                        run.output,
                        [
                            f"{name}: expected a photograph in one run, "
                            f"found it in {homes[name]} too"
                        ],
                    )
                drive_px[name] = diameter / DRIVE_FOV_DIAMETER
                homes[name] = run.output
        crossings = pd.concat([run.crossings for run in runs], ignore_index=True)
        return cls(path, crossings, drive_px, homes)

    def photographs_of(self, names: Iterable[str]) -> dict[str, str]:
        """Names in a table → photographs of the run: the same path, else the same file name.

        Names that the run does not hold are left out.

        Raises:
            FileProblems: two photographs have a name's file name, or two names one photograph.
        """
        by_name: dict[str, list[str]] = {}
        for photograph in self.homes:
            by_name.setdefault(PurePosixPath(photograph).name, []).append(photograph)
        found: dict[str, str] = {}
        problems = []
        for name in dict.fromkeys(names):
            if name in self.homes:
                found[name] = name
                continue
            same = by_name.get(PurePosixPath(name).name, [])
            if len(same) > 1:
                where = " and ".join(str(self.homes[p] / p) for p in same)
                problems.append(f"{name}: expected one photograph of that name, found {where}")
            elif same:
                found[name] = same[0]
        for photograph, count in Counter(found.values()).items():
            if count > 1:
                both = " and ".join(name for name, p in found.items() if p == photograph)
                problems.append(f"{photograph}: expected it under one name, found {both}")
        if problems:
            raise FileProblems(self.path, problems)
        return found

    def compared(self, readings: pd.DataFrame, photographs: dict[str, str]) -> pd.DataFrame:
        """Readings beside what the run says there.

        Within a photograph each reading takes the nearest crossing that is still free, those that
        lie closest first, at most 10 DRIVE px away.

        Args:
            readings: of `paired_readings`, of photographs that the run holds.
            photographs: of `photographs_of`.

        Returns:
            The same rows with photograph (of the run), found (0 or 1), distance_drive_px, and those
            columns of `SAID` that the run has, NaN where nothing is found.
        """
        table = readings.assign(photograph=readings["image"].map(photographs))
        said = [name for name in SAID if name in self.crossings]
        groups = dict(iter(self.crossings.groupby("photograph", sort=False)))
        parts = []
        for name, rows in table.groupby("photograph", sort=False):
            here = groups.get(name, self.crossings.iloc[:0])
            scale = rows["drive_px"].fillna(self.drive_px[str(name)]).to_numpy(float)[:, None]
            read = rows[["x_px", "y_px"]].to_numpy(float)
            run = here[["x_px", "y_px"]].to_numpy(float)
            # One scale a photograph: all its readings are measured in the first one's DRIVE px.
            read, run = read / scale[0], run / scale[0]
            chosen = match_places(read, run, TOLERANCE)
            is_found = chosen >= 0
            part = rows.assign(found=is_found.astype(int), distance_drive_px=np.nan)
            off = read[is_found] - run[chosen[is_found]]
            part.loc[is_found, "distance_drive_px"] = np.linalg.norm(off, axis=1)
            beside = here[said].reset_index(drop=True).reindex(chosen)  # -1 is no row: empty
            parts.append(part.assign(**{c: beside[c].to_numpy(dtype=object) for c in said}))
        return pd.concat(parts).sort_index()
