"""What networks that learn from readings are given of close-ups, as in use: through the fine map,
around its centre, along the vessels that are followed in it."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from tqdm import tqdm

from av_grading.close_ups.cut import SCALE, middle_of
from av_grading.close_ups.fine_map import CloseUp
from av_grading.close_ups.grader_maps import grader_map
from av_grading.close_ups.readings import ReadCloseUps
from av_grading.formats.errors import InputFileError
from av_grading.formats.files import write_whole
from av_grading.formats.patches import PIXELS, SIDE, cut_patch
from av_grading.models.reading_head import all_features
from av_grading.vessels.crossing_vessels import crossing_vessels
from av_grading.vessels.straighten import straighten_both

BATCH = 32
TENSORS = ("strips", "widths", "patches", "maps", "features", "followed")


@dataclass(frozen=True)
class ReadingInputs:
    """Of N crossings.

    Attributes:
        strips: vein and artery, straightened, (N, VESSELS, CHANNELS, ROWS, COLUMNS), 0-255, uint8;
            zeros where they were not followed.
        widths: of both (DRIVE px), (N, VESSELS), likewise.
        patches: RGB, (N, 3, 96, 96), uint8, as graders take them.
        maps: shares of artery, vein and overlap, likewise.
        features: of the reading head, (N, F).
        followed: whether the vein was, without which no strip is read, (N,).
        table: their rows, as `readings.ReadCloseUps.table`.
    """

    strips: torch.Tensor
    widths: torch.Tensor
    patches: torch.Tensor
    maps: torch.Tensor
    features: torch.Tensor
    followed: torch.Tensor
    table: pd.DataFrame

    def __len__(self) -> int:
        return len(self.table)


def see(close_up: CloseUp, data: ReadCloseUps) -> ReadingInputs:
    """Look at close-ups, follow the vessels, straighten them and cut patches.

    Of larger close-ups the middle is seen, as large as they are in use: how far the vessels are
    followed depends on it.
    """
    seen, coarse, _ = middle_of(data.patches, data.coarse)
    found: dict[str, list[torch.Tensor]] = {name: [] for name in TENSORS}
    starts = range(0, len(data), BATCH)
    for start in tqdm(starts, desc="close-ups", disable=None):
        part = slice(start, start + BATCH)
        look = close_up.look(seen[part], coarse[part])
        pixels = seen[part].permute(0, 2, 3, 1).contiguous().numpy()
        middles = [(float(x), float(y)) for x, y in look.middles]
        vessels = [
            crossing_vessels(p, s, m) for p, s, m in zip(pixels, look.shares, middles, strict=True)
        ]
        both = [straighten_both(*one) for one in zip(pixels, look.shares, vessels, strict=True)]
        strips, widths = zip(*both, strict=True)
        patches = [
            cut_patch(p, m, SCALE, SIDE, PIXELS) for p, m in zip(pixels, middles, strict=True)
        ]
        maps = [grader_map(s, m) for s, m in zip(look.shares, middles, strict=True)]
        found["strips"].append(torch.from_numpy(np.stack(strips)))
        found["widths"].append(torch.from_numpy(np.stack(widths)))
        found["patches"].append(torch.from_numpy(np.stack(patches).transpose(0, 3, 1, 2).copy()))
        found["maps"].append(torch.from_numpy(np.stack(maps)))
        found["features"].append(all_features(look.pooled, vessels).float())
        found["followed"].append(torch.tensor([v.vein is not None for v in vessels]))
    return ReadingInputs(**{k: torch.cat(v) for k, v in found.items()}, table=data.table)


def write_inputs(inputs: ReadingInputs, path: Path) -> None:
    """Keep inputs in a file, with their table beside it, since looking takes minutes.

    Raises:
        OSError: it cannot be written.
    """
    table = inputs.table.to_csv(index=False, lineterminator="\n")
    write_whole(path.with_suffix(".csv"), table)
    write_whole(path, save({name: getattr(inputs, name).contiguous() for name in TENSORS}))


def load_inputs(path: Path) -> ReadingInputs:
    """Read a file of `write_inputs`.

    Raises:
        InputFileError: missing, damaged, or its table does not fit.
    """
    try:
        tensors, table = load_file(path), pd.read_csv(path.with_suffix(".csv"))
    except (OSError, ValueError, SafetensorError) as error:
        raise InputFileError(path, f"expected inputs of readings ({error})") from error
    if any(len(tensors.get(name, ())) != len(table) for name in TENSORS):
        raise InputFileError(path, f"expected {len(table)} crossings as its table has rows")
    return ReadingInputs(**{name: tensors[name] for name in TENSORS}, table=table)
