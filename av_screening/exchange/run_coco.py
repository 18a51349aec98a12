"""A whole run as one COCO file, for CVAT, FiftyOne and whatever else reads COCO.

Ids are unique in the file. Grade, gradability, the answer of a reading centre's form and what signs
were found are `attributes` of an annotation, where CVAT and Datumaro look for them, and keys of its
own, where FiftyOne does.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from av_grading.signs.registry import findings
from av_screening.errors import FileProblems
from av_screening.exchange.polygons import polygons_of
from av_screening.run.finished_run import FinishedRun
from av_screening.write.notice import NOTICE

MASKS = ("rle", "polygons")
ATTRIBUTES = ("crossing", "grade", "gradable", "not_gradable_reason", "nicking_answer")
"""Columns of crossings.csv that become attributes, where the run has them, as do those of signs:
see `attribute_names`."""
ANSWER = "nicking_answer"
WHOLE = ("crossing", "grade", "gradable")
"""Those that are whole numbers."""
Box = tuple[float, float, float, float]
Record = dict[str, Any]


def run_coco(run: FinishedRun, masks: str = "rle") -> dict[str, Any]:
    """COCO JSON of a run: an image per photograph, an annotation per crossing.

    Args:
        run: the run.
        masks: "rle", or "polygons", which can be edited corner by corner.

    Raises:
        FileProblems: a photograph's crossings.json is missing or damaged.
        ValueError: another word than those.
    """
    if masks not in MASKS:
        raise ValueError(f"masks: expected one of {', '.join(MASKS)}, found {masks!r}")
    attributes = run_attributes(run)
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    categories: list[dict[str, Any]] = []
    for photograph in run.folders:
        coco = photograph_coco(run, photograph)
        categories = coco["categories"]
        images.append({**coco["images"][0], "id": len(images) + 1, "file_name": photograph})
        for annotation in coco["annotations"]:
            number = annotation["id"] - 1
            found = attributes.get((photograph, number), {"crossing": number})
            own = {k: v for k, v in found.items() if k != "crossing"}
            new = {**annotation, **own, "attributes": found}
            new |= {"id": len(annotations) + 1, "image_id": len(images)}
            if masks == "polygons":
                new["segmentation"] = polygons_of(annotation["segmentation"])
            annotations.append(new)
    return {
        "info": {"description": f"CrossPos, detected. {NOTICE}", "run": run.run_id},
        "licenses": [],
        "images": images,
        "annotations": annotations,
        "categories": categories,
    }


def attribute_names() -> list[str]:
    """Columns of crossings.csv that become attributes: `ATTRIBUTES`, then of every sign whether it
    is there, and how strong."""
    found = list(ATTRIBUTES)
    for finding in findings():
        found += [finding.answer] if finding.answer else []
        found += finding.columns
    return list(dict.fromkeys(found))


def photograph_coco(run: FinishedRun, photograph: str) -> dict[str, Any]:
    """COCO JSON that the run has written for one photograph.

    Raises:
        FileProblems: missing or damaged.
    """
    path = run.folders[photograph] / "crossings.json"
    try:
        coco = json.loads(path.read_text("utf-8"))
        if isinstance(coco, dict) and len(coco["images"]) == 1 and "annotations" in coco:
            return coco
    except (OSError, ValueError, KeyError) as error:
        raise FileProblems(path, [f"expected COCO JSON of a photograph ({error!r})"]) from error
    raise FileProblems(path, ["expected COCO JSON of one photograph, found something else"])


def run_attributes(run: FinishedRun) -> dict[tuple[str, int], dict[str, Any]]:
    """(photograph, crossing) → the attributes that are known of it."""
    names = [name for name in attribute_names() if name in run.crossings]
    numbers = {name for finding in findings() for name in finding.columns}
    found = {}
    for row in run.crossings.to_dict("records"):
        known = {n: row[n] for n in names if not pd.isna(row[n])}
        values: dict[str, Any] = {
            n: int(v) if n in WHOLE else float(v) if n in numbers else str(v)
            for n, v in known.items()
        }
        found[(str(row["photograph"]), int(row["crossing"]))] = values
    return found


@dataclass(frozen=True)
class Crossing:
    """A crossing of a run, or as it was corrected.

    Attributes:
        photograph: its path below the folder that was screened.
        number: in the photograph; None for one that was added.
        box: x, y, width, height (px), where pixel i covers [i, i + 1).
        center: x and y (px; pixel centres at integers).
        mask: COCO's compressed RLE, None where there is none.
        grade: 0-3 or None.
        gradable: or None where that is not known.
        changes: what is not as in the run: "added", "moved", "mask", "grade", "gradable".
        signs: what was measured and answered of signs, by column; empty in a corrected file.
    """

    photograph: str
    number: int | None
    box: Box
    center: tuple[float, float]
    mask: Record | None
    grade: int | None
    gradable: bool | None
    changes: tuple[str, ...] = ()
    signs: Mapping[str, str | float] = field(default_factory=dict, compare=False)


def crossings_of(run: FinishedRun) -> dict[tuple[str, int], Crossing]:
    """Crossings as the run found them.

    Raises:
        FileProblems: a photograph's crossings.json is missing or damaged.
    """
    found = {}
    attributes = run_attributes(run)
    for photograph in run.folders:
        for annotation in photograph_coco(run, photograph)["annotations"]:
            number = annotation["id"] - 1
            known = attributes.get((photograph, number), {})
            x, y = annotation["center"]
            left, top, width, height = annotation["bbox"]
            found[(photograph, number)] = Crossing(
                photograph,
                number,
                (left, top, width, height),
                (x, y),
                annotation.get("segmentation"),
                known.get("grade"),
                None if "gradable" not in known else bool(known["gradable"]),
                signs={n: v for n, v in known.items() if n not in ATTRIBUTES or n == ANSWER},
            )
    return found
