"""Close-ups that `write.py` has cut, in memory."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from av_grading.close_ups.cut import middle_of
from av_grading.formats.errors import InputFileError

TENSORS = ("patches", "labels", "coarse")


@dataclass(frozen=True)
class CloseUps:
    """N close-ups with their labels.

    Attributes:
        patches: RGB, (N, 3, S, S), 0-255, uint8.
        labels: shares of artery, vein, overlap and unknown, (N, 4, S, S), 0-255, uint8.
        coarse: what the detector's map says, (N, 2, S / 4, S / 4), 0-255, uint8.
        table: a row for each, see `write.cut_photograph`.
    """

    patches: torch.Tensor
    labels: torch.Tensor
    coarse: torch.Tensor
    table: pd.DataFrame

    def __len__(self) -> int:
        return len(self.table)

    def centers(self) -> torch.Tensor:
        """Where the crossing lies, (N, 2), x and y (px of the close-up)."""
        middle = (self.patches.shape[-1] - 1) / 2
        off = self.table[["off_x_px", "off_y_px"]].to_numpy(np.float32)
        return torch.from_numpy(off + np.float32(middle))

    def middles(self, side: int) -> tuple[torch.Tensor, torch.Tensor, int]:
        """The inner `side` px of close-ups, the coarse maps there, and where they start (px)."""
        return middle_of(self.patches, self.coarse, side)


def load_close_ups(
    folder: Path, kinds: tuple[str, ...] = (), files: Sequence[Path] = ()
) -> CloseUps:
    """Read all close-ups of a folder, in name order.

    Args:
        folder: that `write_photograph` wrote to.
        kinds: of the table's column `kind`; empty for all.
        files: of the folder; empty for all.

    Raises:
        InputFileError: none are there, or a file is damaged or does not fit its table.
    """
    parts: dict[str, list[torch.Tensor]] = {name: [] for name in TENSORS}
    tables = []
    for path in files or sorted(folder.glob("*.safetensors")):
        try:
            tensors, table = load_file(path), pd.read_csv(path.with_suffix(".csv"))
        except (OSError, ValueError, SafetensorError) as error:
            raise InputFileError(path, f"expected close-ups and their table ({error})") from error
        if any(len(tensors.get(name, ())) != len(table) for name in TENSORS):
            raise InputFileError(path, f"expected {len(table)} close-ups as its table has rows")
        chosen = np.flatnonzero(table["kind"].isin(kinds)) if kinds else np.arange(len(table))
        tables.append(table.iloc[chosen])
        for name in TENSORS:
            parts[name].append(tensors[name][torch.as_tensor(chosen)])
    if not tables or not sum(map(len, tables)):
        raise InputFileError(folder, "expected close-ups, found none")
    joined = {name: torch.cat(found) for name, found in parts.items()}
    return CloseUps(**joined, table=pd.concat(tables, ignore_index=True))
