"""Straightened veins of close-ups, with what is known to be left of their widths."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from safetensors.torch import load_file, save
from tqdm import tqdm

from av_grading.close_ups.cut import PIXELS, SCALE
from av_grading.close_ups.fine_map import CloseUp
from av_grading.close_ups.load import load_close_ups
from av_grading.formats.files import write_whole
from av_grading.vessels.centerline import course
from av_grading.vessels.crossing_vessels import crossing_vessels
from av_grading.vessels.straighten import straighten

KINDS = ("plain", "nicked")
"""Close-ups whose veins are known."""


@dataclass(frozen=True)
class Strips:
    """N straightened veins.

    Attributes:
        strips: (N, CHANNELS, ROWS, COLUMNS), 0-255, uint8.
        ratios: what is left of the width on the side of the first and second arm, (N, 2).
        table: their close-ups' rows, with `seen_width_drive_px`, the vein's in the fine map.
    """

    strips: torch.Tensor
    ratios: torch.Tensor
    table: pd.DataFrame

    def __len__(self) -> int:
        return len(self.table)

    def widths(self) -> torch.Tensor:
        """Of the veins in their fine maps (DRIVE px), (N,)."""
        return torch.from_numpy(self.table["seen_width_drive_px"].to_numpy(np.float32))


def cut_strips(close_up: CloseUp, folder: Path, kept: Path) -> Strips:
    """Strips of a folder of close-ups, cut as in use: on the fine map, around its centre.

    Args:
        close_up: makes the maps.
        folder: that `datasets/cut_close_ups.py` wrote.
        kept: safetensors file, with a table beside it, to keep them in; read where it is there.

    Raises:
        InputFileError: no close-ups, or damaged ones.
    """
    if kept.is_file():
        tensors = load_file(kept)
        return Strips(tensors["strips"], tensors["ratios"], pd.read_csv(kept.with_suffix(".csv")))
    strips, ratios, rows = [], [], []
    for path in tqdm(sorted(folder.glob("*.safetensors")), desc="strips", disable=None):
        if not pd.read_csv(path.with_suffix(".csv"))["kind"].isin(KINDS).any():
            continue
        data = load_close_ups(folder, KINDS, (path,))
        patches, coarse, _ = data.middles(PIXELS)
        look = close_up.look(patches, coarse)
        for number, (share, middle) in enumerate(zip(look.shares, look.middles, strict=True)):
            patch = np.ascontiguousarray(patches[number].permute(1, 2, 0).numpy())
            seen = crossing_vessels(patch, share, (float(middle[0]), float(middle[1])))
            if seen.vein is None:
                continue  # in use it would not be gradable
            row = data.table.iloc[number]
            away = course(seen.vein.first, SCALE) - row["first_arm_degrees"]
            ratio = row["ratio_first"], row["ratio_second"]
            # Arms are numbered as their centreline happens to be followed.
            ratios.append(ratio if np.cos(np.radians(away)) > 0 else ratio[::-1])
            strips.append(straighten(patch, share, seen.vein, seen.vein_width))
            rows.append({**row, "seen_width_drive_px": seen.vein_width})
    found = Strips(
        torch.from_numpy(np.stack(strips)),
        torch.tensor(ratios, dtype=torch.float32),
        pd.DataFrame(rows),
    )
    kept.parent.mkdir(parents=True, exist_ok=True)
    write_whole(kept.with_suffix(".csv"), found.table.to_csv(index=False, lineterminator="\n"))
    write_whole(kept, save({"strips": found.strips, "ratios": found.ratios}))
    return found
