"""Corrected crossings as what trainings take: a CrossPos set, a manifest of grades, readings."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pycocotools.mask

from av_detectron.config import BOX_SIDE, DRIVE_FOV_DIAMETER
from av_detectron.data.coco import LabelOptions, build_coco
from av_detectron.data.crosspos import json_path
from av_grading.formats.files import png, write_whole
from av_screening.errors import FileProblems
from av_screening.exchange.corrections import CHANGED, Corrections
from av_screening.exchange.run_coco import Crossing, photograph_coco
from av_screening.review.answers import Answer
from av_screening.review.reviewed_labels import Labels, labels_of, write_labels
from av_screening.run.finished_run import FinishedRun
from av_screening.write.columns import format_csv
from av_screening.write.folder_names import folder_name

FAR = 5.0
"""A crossing that was moved further (DRIVE px) is no longer in the middle of the run's patch."""


def write_training_set(
    corrections: Corrections,
    run: FinishedRun,
    photographs: Path,
    output: Path,
    name: str,
    split: str = "train",
    persons: Mapping[str, str] | None = None,
) -> Labels:
    """Write crosspos/, vessels/, manifest.csv, readings.csv and changes.csv.

    Training cuts boxes and masks anew from crossings and vessels; so the masks of a photograph
    become a vessel map, which has all vessels within boxes and none elsewhere. A photograph that
    has a crossing without a mask gets none.

    Args:
        corrections: what is there now.
        run: where it comes from.
        photographs: the folder that was screened.
        output: folder to write, the data sets' root.
        name: of the set.
        split: of the set.
        persons: photograph → person, see `labels_of`.

    Raises:
        FileProblems: a photograph is not below `photographs`, or the run does not know its field of
            view.
        OSError: it cannot be written.
    """
    records, problems, maps = [], [], {}
    for photograph in corrections.photographs:
        image = photograph_coco(run, photograph)["images"][0]
        file = photographs / photograph
        if not file.is_file():
            problems.append(f"{photograph}: expected it below {photographs}, found none")
            continue
        if "fov" not in image:
            problems.append(
                f"{photograph}: expected its field of view in crossings.json, found none, as in "
                "runs of version 0.2.0 and earlier: screen it again"
            )
            continue
        here = [c for c in corrections.crossings if c.photograph == photograph]
        vessels = _vessels(here, (int(image["height"]), int(image["width"])))
        target = output / "vessels" / name / split / f"{folder_name(Path(photograph))}.png"
        if vessels is not None:
            maps[target] = vessels
        record = {
            **{k: v for k, v in image.items() if k != "id"},
            "file_name": str(file),
            "av_file_name": None,
            "vessels_file_name": str(target) if vessels is not None else None,
        }
        records.append((record, [_annotation(c) for c in here]))
    if problems:
        raise FileProblems(run.output, problems)
    coco = build_coco(records, LabelOptions(BOX_SIDE), output)
    for path, pixels in maps.items():
        write_whole(path, pixels)
    write_whole(json_path(output, f"crosspos_{name}_{split}"), json.dumps(coco) + "\n")
    write_whole(output / "changes.csv", format_csv(CHANGED, _changes(corrections, run)))
    labels = labels_of(_answers(corrections, run), run, output, persons)
    write_labels(output, labels)
    return labels


def _annotation(crossing: Crossing) -> dict[str, Any]:
    record: dict[str, Any] = {
        "category_id": 1,
        "iscrowd": 0,
        "bbox": list(crossing.box),
        "center": list(crossing.center),
        "area": round(crossing.box[2] * crossing.box[3], 3),
    }
    if crossing.mask is not None:
        record["segmentation"] = crossing.mask
    if crossing.grade is not None:
        record["grade"] = crossing.grade
    if crossing.gradable is not None:
        record["gradable"] = int(crossing.gradable)
    return record


def _vessels(crossings: Sequence[Crossing], shape: tuple[int, int]) -> bytes | None:
    """PNG of all masks together, (H, W), 0 or 255; None where a crossing has none."""
    together = np.zeros(shape, np.uint8)
    for crossing in crossings:
        if crossing.mask is None:
            return None
        together |= pycocotools.mask.decode(crossing.mask)
    return png(together * 255)


def _answers(corrections: Corrections, run: FinishedRun) -> list[Answer]:
    """Corrected crossings as answers; one that was moved far has no patch, as if added."""
    grades, positions = _screened_grades(run), _positions(run)
    answers = []
    for crossing in corrections.crossings:
        far = FAR * run.fov_diameters[crossing.photograph] / DRIVE_FOV_DIAMETER
        before = positions.get((crossing.photograph, crossing.number))
        x, y = crossing.center
        near = before is not None and max(abs(x - before[0]), abs(y - before[1])) <= far
        answer = "cannot_grade" if crossing.gradable is False else str(crossing.grade)
        if crossing.gradable is not False and crossing.grade is None:
            continue  # no one says anything of it
        answers.append(
            Answer(
                crossing.photograph,
                crossing.number if near else None,
                x,
                y,
                answer,
                grade=grades.get((crossing.photograph, crossing.number)),
                reader="corrected" if crossing.changes else "as screened",
            )
        )
    for crossing in corrections.removed:
        at = (crossing.photograph, crossing.number, *crossing.center)
        answers.append(Answer(*at, "no_crossing", reader="corrected"))
    return answers


def _positions(run: FinishedRun) -> Mapping[tuple[str, int | None], tuple[float, float]]:
    table = run.crossings
    rows = zip(table["photograph"], table["crossing"], table["x_px"], table["y_px"], strict=True)
    return {(str(p), int(n)): (float(x), float(y)) for p, n, x, y in rows}


def _screened_grades(run: FinishedRun) -> Mapping[tuple[str, int | None], int]:
    if "grade" not in run.crossings:
        return {}
    known = run.crossings.dropna(subset=["grade"])
    rows = zip(known["photograph"], known["crossing"], known["grade"], strict=True)
    return {(str(p), int(n)): int(g) for p, n, g in rows}


def _changes(corrections: Corrections, run: FinishedRun) -> list[dict[str, object]]:
    """A row per crossing: what is not as in the run; "kept" where nothing is."""
    grades = _screened_grades(run)
    words = [(c, " ".join(c.changes) or "kept") for c in corrections.crossings]
    rows: list[dict[str, object]] = []
    for crossing, word in [*words, *((c, "removed") for c in corrections.removed)]:
        rows.append(
            {
                "photograph": crossing.photograph,
                "crossing": crossing.number,
                "x_px": f"{crossing.center[0]:.1f}",
                "y_px": f"{crossing.center[1]:.1f}",
                "changes": word,
                "screened_grade": grades.get((crossing.photograph, crossing.number)),
                "grade": crossing.grade,
            }
        )
    return rows
