"""The folder of a finished run, written without models: what tools that read runs are tested on."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pycocotools.mask
from PIL import Image

from av_grading.formats.files import png, write_whole
from av_screening.write.columns import FAILURES, crossings_columns, format_csv, summary_columns

RUN = "run-1"
FOV = 270.0
SIZE = (300, 320)
"""Height and width of photographs (px); a DRIVE px is half a px."""


@dataclass(frozen=True)
class Drawn:
    """A crossing of a run.

    Attributes:
        photograph: its path.
        number: in the photograph.
        x, y: (px).
        grade: 0-3, or None.
    """

    photograph: str
    number: int
    x: float
    y: float
    grade: int | None


def crossings_of(photographs: int, each: int) -> list[Drawn]:
    """Crossings whose places and grades can be told from their numbers."""
    return [
        Drawn(f"eye{p}.png", n, 60.0 + 40 * n, 80.0 + 20 * (p % 5), (p + n) % 4)
        for p in range(photographs)
        for n in range(each)
    ]


def mask_of(crossing: Drawn) -> np.ndarray:
    """Vessels of a crossing: a cross of two bars in its box, with a hole."""
    mask = np.zeros(SIZE, np.uint8)
    x, y = int(crossing.x), int(crossing.y)
    mask[y - 1 : y + 2, x - 5 : x + 5] = 1
    mask[y - 5 : y + 5, x - 2 : x + 2] = 1
    mask[y, x] = 0
    return mask


def encode(mask: np.ndarray) -> dict[str, object]:
    """COCO's compressed RLE of a mask."""
    rle = pycocotools.mask.encode(np.asfortranarray(mask))
    return {"size": rle["size"], "counts": rle["counts"].decode()}


def write_run(output: Path, crossings: list[Drawn], run: str = RUN) -> Path:
    """Write a run's tables, patches, maps, COCO files and photographs (`output`/../photographs)."""
    rng = np.random.default_rng(0)
    names = list(dict.fromkeys(c.photograph for c in crossings))
    rows, summary = [], []
    for name in names:
        folder = f"photographs/{name}"
        here = [c for c in crossings if c.photograph == name]
        annotations = []
        for c in here:
            patch = f"{folder}/patches/{c.number}.png"
            av_map = f"{folder}/av_maps/{c.number}.png"
            level = 150 - 30 * (c.grade or 0)
            pixels = rng.normal(level, 4, (32, 32, 3)).clip(0, 255).astype(np.uint8)
            labels = np.zeros((32, 32), np.uint8)
            labels[15:18], labels[:, 14:18] = 1, 2
            write_whole(output / patch, png(pixels))
            write_whole(output / av_map, png(labels))
            row: dict[str, object] = {
                "photograph": name,
                "crossing": c.number,
                "x_px": f"{c.x:.1f}",
                "y_px": f"{c.y:.1f}",
                "score": f"{0.9 - 0.1 * c.number:.3f}",
                "scale": "4.0000",
                "patch": patch,
                "av_map": av_map,
                "measurable": 1,
                "ratio_first": f"{0.9 - 0.1 * (c.grade or 0):.3f}",
            }
            if c.grade is not None:
                row |= {"grade": c.grade, "expected_grade": f"{c.grade:.3f}"}
                row |= {f"p{g}": "0.700" if g == c.grade else "0.100" for g in range(4)}
            rows.append(row)
            annotation: dict[str, object] = {
                "id": c.number + 1,
                "image_id": 1,
                "category_id": 1,
                "iscrowd": 0,
                "bbox": [c.x - 4.5, c.y - 4.5, 10.0, 10.0],
                "area": 100.0,
                "segmentation": encode(mask_of(c)),
                "center": [c.x, c.y],
                "score": 0.5,
            }
            if c.grade is not None:
                annotation["grade"] = c.grade
            annotations.append(annotation)
        coco = {
            "info": {"description": "CrossPos, detected."},
            "licenses": [],
            "images": [
                {
                    "id": 1,
                    "file_name": name,
                    "height": SIZE[0],
                    "width": SIZE[1],
                    "fov": {"diameter": FOV, "x": 160.0, "y": 150.0},
                }
            ],
            "annotations": annotations,
            "categories": [{"id": 1, "name": "CrossPos", "supercategory": "vessel"}],
        }
        write_whole(output / folder / "crossings.json", json.dumps(coco))
        grades = [c.grade for c in here if c.grade is not None]
        summary.append(
            {
                "photograph": name,
                "fov_diameter_px": f"{FOV:.0f}",
                "crossings": len(here),
                "graded": len(grades),
                "highest_grade": max(grades, default=None),
                "folder": folder,
            }
        )
        target = output.parent / "photographs" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.suffix != ".dcm":  # tests write those that they need
            Image.fromarray(np.full((*SIZE, 3), 90, np.uint8)).save(target)
    failed = [{"photograph": "dark.png", "reason": "too_dark", "message": "expected light"}]
    write_whole(output / "crossings.csv", format_csv(crossings_columns(), rows))
    write_whole(output / "summary.csv", format_csv(summary_columns(), summary))
    write_whole(output / "failures.csv", format_csv(FAILURES, failed))
    write_whole(output / "run.json", json.dumps({"run": run, "settings": {}}))
    return output
