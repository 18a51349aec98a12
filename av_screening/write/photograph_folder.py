"""What is written of a screened photograph."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from av_grading.formats.files import png
from av_grading.formats.images import shares_picture
from av_grading.formats.manifest import MAP_KIND, PLACE, format_manifest
from av_grading.languages.catalogue import ENGLISH, speaking
from av_screening.photograph import Screened
from av_screening.write.columns import crossings_columns, format_csv
from av_screening.write.data_uri import jpeg
from av_screening.write.folder_names import PHOTOGRAPHS
from av_screening.write.index_data import marks
from av_screening.write.page import DATA, review_page, review_script
from av_screening.write.pictures import (
    draw_overlay,
    map_labels,
    on_page,
    overlay_size,
    resize_to,
    thumbnail,
)
from av_screening.write.review_data import review_data
from av_screening.write.rows import coco_record, crossing_rows, summary_row
from av_screening.write.whole_folder import RECORD, write_folder


@dataclass(frozen=True)
class Source:
    """Where a photograph comes from.

    Attributes:
        name: its path below the input folder, as text.
        sha256: of the file.
        identity: that the user asked for, from the DICOM header.
        folder: name of its outputs' folder.
        run: the run's id, under which browsers keep its review.
        eye: "OD" or "OS" by the DICOM header; empty otherwise.
        language: of its review page.
    """

    name: str
    sha256: str
    identity: str
    folder: str
    run: str = ""
    eye: str = ""
    language: str = ENGLISH


MANIFEST = "manifest.csv"
"""In a photograph's folder: its patches with the maps that graders read, for `grade`."""


def patch_manifest(screened: Screened, photograph: str) -> str:
    """CSV of a photograph's patches as `av-nicking grade --manifest` reads them; no reader has
    graded them."""
    rows: list[dict[str, object]] = [
        {
            "patch": f"patches/{crossing.number}.png",
            "av_map": f"{'av_maps' if crossing.patch.shares is None else 'av_shares'}/"
            f"{crossing.number}.png",
            "group": photograph,
            "source": "screened",
            MAP_KIND: "labels" if crossing.patch.shares is None else "shares",
            "x": f"{crossing.place[0]:.1f}",
            "y": f"{crossing.place[1]:.1f}",
            "scale": f"{crossing.patch.scale:.4f}",
        }
        for crossing in screened.crossings
    ]
    return format_manifest(rows, (MAP_KIND, *PLACE))


def write_outputs(
    output: Path, source: Source, pixels: NDArray[np.uint8], screened: Screened, settings: str
) -> None:
    """Write everything of a photograph to a temporary folder, then rename it.

    Args:
        output: folder of the run.
        source: of the photograph.
        pixels: RGB, (H, W, 3).
        screened: what is known of it.
        settings: fingerprint of the run's settings.

    Raises:
        OSError: it cannot be written; what was there stays.
    """
    place = f"{PHOTOGRAPHS}/{source.folder}"
    rows = crossing_rows(screened, source.name, source.identity, place)
    summary = summary_row(screened, source.name, source.identity, source.sha256, place, source.eye)
    picture = on_page(pixels)
    base = resize_to(picture, overlay_size(pixels))
    labels = map_labels(screened, (base.shape[1], base.shape[0]))
    overlay = draw_overlay(base, labels, screened)
    height, width = pixels.shape[:2]
    record = {
        "sha256": source.sha256,
        "settings": settings,
        "language": source.language,
        "summary": summary,
        "aspect": round(width / height, 4),
        "marks": marks(rows, (height, width)),
    }
    with speaking(source.language):
        page = review_page(source.run, record)
        data = review_data(pixels, picture, screened, rows, summary, source.folder)
    files: dict[str, str | bytes] = {
        "crossings.csv": format_csv(crossings_columns(), rows),
        "crossings.json": json.dumps(coco_record(screened, source.name)) + "\n",
        "overlay.jpg": jpeg(overlay, 90),
        "thumbnail.jpg": thumbnail(base),
        "review.html": page,
        DATA: review_script(data),
        MANIFEST: patch_manifest(screened, source.name),
        RECORD: json.dumps(record, indent=1) + "\n",
    }
    for crossing in screened.crossings:
        number = crossing.number
        files[f"patches/{number}.png"] = png(crossing.patch.patch)
        files[f"av_maps/{number}.png"] = png(crossing.patch.av_map)
        if crossing.patch.shares is not None:
            files[f"av_shares/{number}.png"] = png(shares_picture(crossing.patch.shares))
        if crossing.explained is not None:
            files[f"explained/{number}.png"] = png(crossing.explained)
    write_folder(output / PHOTOGRAPHS / source.folder, files)
