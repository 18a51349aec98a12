"""Make graded patches, with fine maps, of close-ups: what graders are trained on is what they meet.

    python -m av_grading.close_up.write_patches --close-ups output/close_ups/train \\
        --weights output/close_up.safetensors --output output/graded

Writes patches/, maps/ (shares of artery, vein and overlap) and manifest.csv, for
`python -m av_grading.train`. Centres are those that the fine map gives.
Exit codes: 0 done, 1 a file cannot be read or written, 2 wrong usage.
"""

import argparse
import sys
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from av_grading.close_up.close_up import load_close_up
from av_grading.close_up.cut import PIXELS, SCALE
from av_grading.close_up.grader_maps import grader_map
from av_grading.close_up.shards import load_close_ups
from av_grading.formats.errors import InputFileError
from av_grading.formats.files import png, write_whole
from av_grading.formats.images import shares_picture
from av_grading.formats.manifest import MAP_KIND, format_manifest
from av_grading.formats.patches import PIXELS as PATCH_PIXELS
from av_grading.formats.patches import SIDE, cut_patch
from av_grading.models.encoder import WeightsError

MORE = (MAP_KIND, "x", "y", "scale", "ratio_first", "ratio_second", "vein_width_drive_px", "kind")


def write(args: argparse.Namespace) -> int:
    """Look, cut, write; the number of patches."""
    close_up = load_close_up(args.weights)
    data = load_close_ups(args.close_ups, tuple(args.kinds))
    start = (data.patches.shape[-1] - PIXELS) // 2
    window = slice(start, start + PIXELS)
    small = slice(start // SCALE, start // SCALE + PIXELS // SCALE)
    rows = []
    for first in tqdm(range(0, len(data), 32), desc="graded patches", disable=None):
        part = slice(first, first + 32)
        look = close_up.look(
            data.patches[part, :, window, window], data.coarse[part, :, small, small]
        )
        for i, (share, middle) in enumerate(zip(look.shares, look.middles, strict=True), first):
            row = data.table.iloc[i]
            pixels = np.ascontiguousarray(data.patches[i].permute(1, 2, 0).numpy())
            center = float(middle[0]) + start, float(middle[1]) + start
            patch = cut_patch(pixels, center, SCALE, SIDE, PATCH_PIXELS)
            shares = grader_map(share, (float(middle[0]), float(middle[1])))
            name = f"{row['set']}_{Path(row['group']).stem}_{i}.png"
            files = {"patch": f"patches/{name}", "av_map": f"maps/{name}"}
            for path, picture in zip(files.values(), (patch, shares_picture(shares)), strict=True):
                write_whole(args.output / path, png(picture))
            rows.append(
                {
                    **files,
                    "grade": int(row["grade"]) if row["grade"] == row["grade"] else "",
                    "group": row["group"],
                    "source": f"simulated:{row['set']}",
                    MAP_KIND: "shares",
                    "x": row["x_px"],
                    "y": row["y_px"],
                    "scale": round(PATCH_PIXELS / (SIDE * row["drive_px"]), 4),
                    **{k: row[k] for k in MORE[4:] if k in row and row[k] == row[k]},
                }
            )
    write_whole(args.output / "manifest.csv", format_manifest(rows, MORE))
    return len(rows)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--close-ups", type=Path, required=True, help="folder of datasets/cut_close_ups.py")
    add("--weights", type=Path, required=True, help="of the close-up network")
    add("--output", type=Path, required=True, help="folder to write")
    add("--kinds", nargs="*", default=["plain", "nicked"], help="of the close-ups")
    args = parser.parse_args(argv)
    try:
        print(f"written: {write(args)} patches, {args.output / 'manifest.csv'}")
    except (InputFileError, WeightsError, OSError) as error:
        print(f"stopped: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    cv2.setNumThreads(1)
    sys.exit(main())
