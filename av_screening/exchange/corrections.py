"""Crossings as they were corrected in another tool, compared with the run that they come from."""

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import pycocotools.mask

from av_screening.errors import FileProblems
from av_screening.exchange.run_coco import Box, Crossing, Record, crossings_of, photograph_coco
from av_screening.run.finished_run import FinishedRun

SAME = 0.51
"""Differences of boxes that are rounding (px)."""
SAME_AS_MASK = 1.01
"""The same of a mask's own box: some tools count to the last pixel's middle."""
CHANGED = "photograph crossing x_px y_px changes screened_grade grade".split()
"""Columns of changes.csv."""


@dataclass(frozen=True)
class Corrections:
    """A run's crossings after correction.

    Attributes:
        crossings: those that there are now.
        removed: those of the run that are no crossings.
        photographs: that were looked at; those that the file leaves out are not.
    """

    crossings: list[Crossing]
    removed: list[Crossing]
    photographs: list[str]


def read_corrections(path: Path, run: FinishedRun) -> Corrections:
    """Read a COCO file of a run that another tool has changed.

    An annotation is a crossing of the run where its attribute `crossing` says so, or, since tools
    may drop attributes, where its box or mask is that of one. Tools that keep masks alone give back
    the mask's own box: the crossing then keeps the box that it had.

    Raises:
        FileProblems: no COCO file, photographs that are not the run's or of another size, ids that
            occur twice, two annotations of one crossing, or values that are none; lists all of it.
    """
    coco = _load(path)
    problems: list[str] = []
    names = _photographs(coco["images"], run, problems)
    categories = {c.get("id"): c.get("name") for c in coco.get("categories", [])}
    before = crossings_of(run)
    seen: dict[object, int] = {}
    taken: dict[tuple[str, int], object] = {}
    crossings = []
    for place, annotation in enumerate(coco["annotations"], start=1):
        at = f"annotation {place} (id {annotation.get('id')}): "
        if annotation.get("id") in seen:
            problems.append(
                f"{at}expected an id of its own, found that of {seen[annotation['id']]}"
            )
        seen.setdefault(annotation.get("id"), place)
        name = categories.get(annotation.get("category_id"))
        if name != "CrossPos":
            problems.append(f"{at}category: expected CrossPos, found {name!r}")
            continue
        photograph, size = names.get(annotation.get("image_id"), ("", (0, 0)))
        if not photograph:
            problems.append(f"{at}image_id: expected one of images, found another")
            continue
        try:
            crossing = _corrected(annotation, photograph, size, before, taken)
        except (ValueError, TypeError, KeyError) as error:
            problems.append(f"{at}{error}")
            continue
        if crossing.number is not None:
            first = taken.setdefault((photograph, crossing.number), annotation.get("id"))
            if first != annotation.get("id"):
                problems.append(
                    f"{at}{photograph}, crossing {crossing.number}: expected one annotation, "
                    f"found id {first} too"
                )
        crossings.append(crossing)
    if problems:
        raise FileProblems(path, problems)
    looked = [name for name, _ in names.values()]
    removed = [c for key, c in before.items() if key[0] in looked and key not in taken]
    return Corrections(crossings, removed, looked)


def _load(path: Path) -> Record:
    try:
        coco = json.loads(path.read_text("utf-8"))
        lists = all(isinstance(coco[name], list) for name in ("images", "annotations"))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise FileProblems(path, [f"expected a COCO file ({error!r})"]) from error
    if not lists:
        raise FileProblems(path, ["expected lists of images and annotations, found none"])
    return dict(coco)


def _photographs(
    images: Iterable[Record], run: FinishedRun, problems: list[str]
) -> dict[object, tuple[str, tuple[int, int]]]:
    """Id of an image → photograph of the run, and its height and width."""
    found: dict[object, tuple[str, tuple[int, int]]] = {}
    for image in images:
        name = str(image.get("file_name"))
        at = f"image {image.get('id')} ({name}): "
        # Tools may leave out folders, but not so that two names become one.
        known = [name] if name in run.folders else _same_file(name, run.folders)
        if len(known) != 1:
            what = f"{len(known)} of that name" if known else "none of that name"
            problems.append(f"{at}expected a photograph of {run.output}, found {what}")
            continue
        if image.get("id") in found or known[0] in [n for n, _ in found.values()]:
            problems.append(f"{at}expected each photograph and id once, found it again")
            continue
        own = photograph_coco(run, known[0])["images"][0]
        size = int(own["height"]), int(own["width"])
        if (image.get("height"), image.get("width")) != size:
            problems.append(
                f"{at}expected {size[1]} x {size[0]} px, "
                f"found {image.get('width')} x {image.get('height')} px"
            )
            continue
        found[image.get("id")] = known[0], size
    return found


def _same_file(name: str, photographs: Iterable[str]) -> list[str]:
    last = PurePosixPath(name.replace("\\", "/")).name
    return [p for p in photographs if PurePosixPath(p).name == last]


def _corrected(
    annotation: Record,
    photograph: str,
    size: tuple[int, int],
    before: dict[tuple[str, int], Crossing],
    taken: dict[tuple[str, int], object],
) -> Crossing:
    """An annotation as a crossing; ValueError says what is wrong with it."""
    box = _box(annotation.get("bbox"), size)
    mask = _mask(annotation.get("segmentation"), size)
    attributes = {**annotation, **(annotation.get("attributes") or {})}
    grade = _whole(attributes, "grade", 3)
    gradable = _whole(attributes, "gradable", 1)
    number = _whole(attributes, "crossing", 10**6)
    if number is not None and (photograph, number) not in before:
        raise ValueError(f"crossing: expected one of {photograph}, found {number}")
    if number is None:
        free = [c for k, c in before.items() if k[0] == photograph and k not in taken]
        number = _nearest(box, mask, free)
    known = before[(photograph, number)] if number is not None else None
    tight = None if mask is None else _tight(mask)
    of_mask = tight is not None and _same_box(box, tight, SAME_AS_MASK)
    if known is not None and of_mask and _inside(known.center, box):
        box = known.box
    center = _middle(box)
    changes = []
    if known is None:
        changes.append("added")
    else:
        if _same_box(box, known.box):
            box, center = known.box, known.center
        else:
            changes.append("moved")
        if mask is None:
            mask = known.mask if box == known.box else None
        elif known.mask is None or mask["counts"] != known.mask["counts"]:
            changes.append("mask")
        changes += ["grade"] if grade != known.grade else []
        is_gradable = None if gradable is None else bool(gradable)
        changes += ["gradable"] if is_gradable != known.gradable else []
    return Crossing(
        photograph,
        number,
        box,
        center,
        mask,
        grade,
        None if gradable is None else bool(gradable),
        tuple(changes),
    )


def _box(value: Any, size: tuple[int, int]) -> Box:
    numbers = [float(v) for v in value] if isinstance(value, list) else []
    if len(numbers) != 4 or not all(map(math.isfinite, numbers)) or min(numbers[2:]) <= 0:
        raise ValueError(f"bbox: expected x, y, width, height, found {value!r}")
    x, y, width, height = numbers
    if min(x, y) < -1 or x + width > size[1] + 1 or y + height > size[0] + 1:
        raise ValueError(f"bbox: expected it inside {size[1]} x {size[0]} px, found {value!r}")
    return x, y, width, height


def _mask(value: Any, size: tuple[int, int]) -> Record | None:
    """A mask in any of COCO's forms as compressed RLE; None where there is none."""
    if not value:
        return None
    if isinstance(value, dict) and list(value.get("size", ())) != list(size):
        raise ValueError(f"segmentation: expected the size {list(size)}, found {value.get('size')}")
    compressed = isinstance(value, dict) and isinstance(value.get("counts"), str)
    try:
        rles = value if compressed else pycocotools.mask.frPyObjects(value, *size)
        rle = pycocotools.mask.merge(rles) if isinstance(rles, list) else rles
        counts = rle["counts"]
    except Exception as error:  # whatever its C code trips over
        raise ValueError(f"segmentation: expected RLE or polygons ({error})") from error
    return {"size": list(size), "counts": counts if isinstance(counts, str) else counts.decode()}


def _whole(attributes: Record, name: str, largest: int) -> int | None:
    """An attribute as a number, which some tools write as text; None where it is empty."""
    value = attributes.get(name)
    if value is None or str(value).strip() == "":
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if number != int(number if math.isfinite(number) else -1) or not 0 <= number <= largest:
        raise ValueError(f"{name}: expected 0 to {largest} or nothing, found {value!r}")
    return int(number)


def _nearest(box: Box, mask: Record | None, free: Sequence[Crossing]) -> int | None:
    """Number of the crossing whose box, or whose mask's box, overlaps most; half of it at least."""
    best, number = 0.5, None
    for crossing in free:
        boxes = [crossing.box, *([_tight(crossing.mask)] if crossing.mask and mask else [])]
        overlap = max(_iou(box, other) for other in boxes)
        if overlap > best:
            best, number = overlap, crossing.number
    return number


def _iou(first: Box, second: Box) -> float:
    (value,), *_ = pycocotools.mask.iou([list(first)], [list(second)], [0])
    return float(value)


def _tight(mask: Record) -> Box:
    x, y, width, height = (float(v) for v in pycocotools.mask.toBbox(mask))
    return x, y, width, height


def _same_box(first: Box, second: Box, most: float = SAME) -> bool:
    return all(abs(a - b) <= most for a, b in zip(first, second, strict=True))


def _inside(center: tuple[float, float], box: Box) -> bool:
    x, y = center[0] + 0.5, center[1] + 0.5
    return box[0] <= x <= box[0] + box[2] and box[1] <= y <= box[1] + box[3]


def _middle(box: Box) -> tuple[float, float]:
    return box[0] + box[2] / 2 - 0.5, box[1] + box[3] / 2 - 0.5
