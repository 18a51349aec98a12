"""Straightened veins of close-ups, with what is known of their signs."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save
from tqdm import tqdm

from av_grading.close_ups.cut import PIXELS, SCALE
from av_grading.close_ups.fine_map import CloseUp
from av_grading.close_ups.load import load_close_ups
from av_grading.formats.files import write_whole
from av_grading.signs.sign import SIDES
from av_grading.signs.strip_signs import READ
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
        truth: of everything in `READ` on the side of the first and second arm, (N, 2, Q), NaN
            where it is not known.
        table: their close-ups' rows, with `seen_width_drive_px`, the vein's in the fine map.
    """

    strips: torch.Tensor
    truth: torch.Tensor
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
        return Strips(tensors["strips"], tensors["truth"], pd.read_csv(kept.with_suffix(".csv")))
    strips, truths, rows = [], [], []
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
            truth = truth_of(row)
            # Arms are numbered as their centreline happens to be followed.
            truths.append(truth if np.cos(np.radians(away)) > 0 else truth[::-1])
            strips.append(straighten(patch, share, seen.vein, seen.vein_width))
            rows.append({**row, "seen_width_drive_px": seen.vein_width})
    found = Strips(
        torch.from_numpy(np.stack(strips)),
        torch.from_numpy(np.stack(truths)),
        pd.DataFrame(rows),
    )
    kept.parent.mkdir(parents=True, exist_ok=True)
    write_whole(kept.with_suffix(".csv"), found.table.to_csv(index=False, lineterminator="\n"))
    write_whole(kept, save({"strips": found.strips, "truth": found.truth}))
    return found


def truth_of(row: pd.Series) -> NDArray[np.float32]:
    """What a close-up's row says of everything in `READ` on both sides, (2, Q), NaN where it does
    not: the clinical simulation draws all, a squeeze width alone."""
    values = np.full((2, len(READ)), np.nan, np.float32)
    for number, side in enumerate(SIDES):

        def drawn(name: str, side: str = side) -> float:
            return float(row.get(name.format(side), np.nan))

        if np.isfinite(drawn("visible_{}")):
            told = {
                "visible_width": drawn("visible_{}"),
                "contrast": drawn("contrast_{}"),
                "wall_width": drawn("width_{}"),
            }
        else:
            width, faded = drawn("ratio_{}"), np.nan_to_num(drawn("faded_{}"))
            told = {"wall_width": width}
            if not faded:
                told |= {"visible_width": width, "contrast": 1.0}
        for name, value in told.items():
            values[number, READ.index(name)] = value
    return values
