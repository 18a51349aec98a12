"""Graded patches, with fine maps, of close-ups."""

import argparse
from pathlib import Path

import numpy as np
from tqdm import tqdm

from av_grading.close_ups.cut import PIXELS, SCALE
from av_grading.close_ups.fine_map import load_close_up
from av_grading.close_ups.grader_maps import grader_map
from av_grading.close_ups.load import load_close_ups
from av_grading.formats.files import png, write_whole
from av_grading.formats.images import shares_picture
from av_grading.formats.manifest import MAP_KIND, format_manifest
from av_grading.formats.patches import PIXELS as PATCH_PIXELS
from av_grading.formats.patches import SIDE, cut_patch

MORE = (MAP_KIND, "x", "y", "scale", "ratio_first", "ratio_second", "vein_width_drive_px", "kind")


def write(args: argparse.Namespace) -> None:
    """Look, cut, write, and say how many patches there are."""
    close_up = load_close_up(args.weights, head=False)
    data = load_close_ups(args.close_ups, tuple(args.kinds))
    patches, coarse, start = data.middles(PIXELS)
    rows = []
    for first in tqdm(range(0, len(data), 32), desc="graded patches", disable=None):
        part = slice(first, first + 32)
        look = close_up.look(patches[part], coarse[part])
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
    print(f"written: {len(rows)} patches, {args.output / 'manifest.csv'}")
