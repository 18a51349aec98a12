"""Machine readings of natural crossings, three each: which vessel lies above, and whether nicking
could be graded there. A vision-language model gave them; no person did."""

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from av_detectron.data.errors import InputFileError

COLUMNS = ("set", "image", "x_px", "y_px", "above", "says_gradable")
ABOVE = ("artery", "vein", "unclear")
GRADABLE_VOTES = 2
"""Least number of the three machine readings by which a crossing is read as gradable."""


def read_readings(path: Path) -> pd.DataFrame:
    """Readings by photograph (set and file name, as `LabelledPhotograph.name`) and position.

    Returns:
        columns photograph, x_px, y_px, above (artery, vein or unclear), says_gradable (votes 0-3).

    Raises:
        InputFileError: no table, or a column or a word that is not known; names the row.
    """
    try:
        table = pd.read_csv(path)
    except (OSError, ValueError, UnicodeDecodeError) as error:
        raise InputFileError(path, f"expected a CSV of readings ({error})") from error
    missing = [name for name in COLUMNS if name not in table]
    if missing:
        raise InputFileError(path, f"expected the columns {', '.join(missing)}, found none")
    unknown = np.flatnonzero(~table["above"].isin(ABOVE))
    if len(unknown):
        row = int(unknown[0])
        raise InputFileError(
            path,
            f"row {row + 2}: above: expected {', '.join(ABOVE)}, found {table['above'].iloc[row]}",
        )
    table["photograph"] = table["set"].astype(str) + "/" + table["image"].astype(str)
    return table[["photograph", "x_px", "y_px", "above", "says_gradable"]]


def positions(table: pd.DataFrame) -> NDArray[np.float64]:
    """x and y of rows, (N, 2), px."""
    return np.asarray(table[["x_px", "y_px"]].to_numpy(float))
