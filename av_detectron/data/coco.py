"""From photographs and their labels to COCO JSON.

One category, `CrossPos`, id 1. Beside COCO's own keys an image carries `fov` (diameter, x, y in
px of the photograph), `disc` (x, y, diameter in px; none where it is not known or not to be seen),
`unmarked_crossings` (x, y in px; none where crossings do not come from a map) and the paths of its
maps; an annotation carries `center` (x, y in px, pixel
centres at integers), since a box that is cut at the image's edge has lost its middle. The file's
`info` says how boxes and masks were made, and training makes them the same way.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pycocotools.mask
from numpy.typing import NDArray

from av_detectron.config import BOX_SIDE
from av_detectron.data import annotations as read
from av_detectron.data.crossing_rule import (
    CrossingRule,
    crossing_box,
    crossing_mask,
    find_crossings,
)
from av_detectron.data.disc import OpticDisc
from av_detectron.data.errors import InputFileError
from av_detectron.data.find_labels import Photograph
from av_detectron.data.fov import FieldOfView, detect_fov, measure_fov
from av_detectron.data.unmarked_crossings import find_unmarked_crossings

EDGES = ("fine", "broad")
CATEGORY = {"id": 1, "name": "CrossPos", "supercategory": "vessel"}


@dataclass(frozen=True)
class LabelOptions:
    """How boxes and masks are made from crossings.

    Attributes:
        box_side: side of the square box (DRIVE px).
        mask: "box" or "vessels-through", see `crossing_mask`.
        rule: when an overlap in an artery/vein map is a crossing.
        edges: "fine" where labels end where vessels do, "broad" where they are drawn with a broad
            brush and teach the kind of a vessel alone.
        crossings: whether labels tell where vessels cross; without, photographs teach maps alone.
    """

    box_side: float = BOX_SIDE
    mask: str = "box"
    rule: CrossingRule = field(default_factory=CrossingRule)
    edges: str = "fine"
    crossings: bool = True

    def __post_init__(self) -> None:
        if self.edges not in EDGES:
            raise ValueError(f"edges must be one of {EDGES}, got {self.edges!r}")


def annotate(
    photograph: Photograph,
    options: LabelOptions,
    points: NDArray[np.float64] | None = None,
    disc: OpticDisc | None = None,
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """COCO image record and annotations of one photograph, without ids.

    Args:
        photograph: the files.
        options: how boxes and masks are made.
        points: crossings read elsewhere (a CSV), (N, 2); by default they come from the junction
            file if there is one, else from the artery/vein map.
        disc: the optic disc (px of the photograph), where it is known.

    Raises:
        InputFileError: any of the files is unreadable, of another size, or not what it should
            be; no source of crossings, though `options` expect them.
    """
    pixels = read.read_photograph(photograph.image)
    shape = pixels.shape[:2]
    fov = photograph_fov(photograph, pixels)
    av = vessels = unmarked = None
    if photograph.av is not None:
        av = read.read_av_labels(photograph.av)
        read.check_size(photograph.av, av.labels.shape, shape)
        vessels = av.labels > read.BACKGROUND
    if photograph.vessels is not None:
        vessels = read.read_mask(photograph.vessels)
        read.check_size(photograph.vessels, vessels.shape, shape)
    if not options.crossings:
        points = np.zeros((0, 2))
    elif points is not None:
        read.check_inside(photograph.image, points, shape)
    elif photograph.junctions is not None:
        points = read.read_junctions_mat(photograph.junctions)
        read.check_inside(photograph.junctions, points, shape)
    elif av is not None:
        rule, known = options.rule, disc
        if not av.tells_overlap:
            # Of an index map the rule stays what it was, so that figures compare over time.
            rule, known = replace(rule, min_area=0.0), None
        points = find_crossings(av.labels, fov.drive_px, rule, known)
        unmarked = find_unmarked_crossings(av.labels, fov.drive_px)
    else:
        raise InputFileError(
            photograph.image, "expected a junction file, a CSV or an artery/vein map, found none"
        )
    image = {
        "height": shape[0],
        "width": shape[1],
        "file_name": str(photograph.image),
        "fov": asdict(fov),
        "av_file_name": str(photograph.av) if photograph.av else None,
        "vessels_file_name": str(photograph.vessels) if photograph.vessels else None,
    }
    if disc is not None:
        image["disc"] = {"x": disc.x, "y": disc.y, "diameter": disc.diameter}
    if unmarked is not None:
        image["unmarked_crossings"] = unmarked.round(3).tolist()
    return image, [annotation(p, fov, vessels, shape, options) for p in points]


def photograph_fov(photograph: Photograph, pixels: NDArray[np.uint8]) -> FieldOfView:
    """Field of view from the photograph's mask file, or found in the photograph itself."""
    try:
        if photograph.fov is None:
            return measure_fov(detect_fov(pixels))
        mask = read.read_mask(photograph.fov)
        read.check_size(photograph.fov, mask.shape, pixels.shape)
        return measure_fov(mask)
    except InputFileError:
        raise
    except ValueError as error:
        raise InputFileError(photograph.fov or photograph.image, str(error)) from error


def annotation(
    center: NDArray[np.float64],
    fov: FieldOfView,
    vessels: NDArray[np.bool_] | None,
    shape: tuple[int, ...],
    options: LabelOptions,
) -> dict[str, Any]:
    """COCO annotation of one crossing: XYWH box, RLE mask where a vessel map is at hand."""
    box = crossing_box(center, fov.drive_px, options.box_side)
    height, width = shape[:2]
    x0, y0, x1, y1 = np.clip(box, 0, (width, height, width, height))
    record: dict[str, Any] = {
        "category_id": CATEGORY["id"],
        "iscrowd": 0,
        "bbox": [round(float(v), 3) for v in (x0, y0, x1 - x0, y1 - y0)],
        "center": [round(float(v), 3) for v in center],
        "area": round(float((x1 - x0) * (y1 - y0)), 3),
    }
    if vessels is not None:
        pixels, left, top = crossing_mask(vessels, box, options.mask)
        full = np.zeros((height, width), np.uint8, order="F")
        full[top : top + pixels.shape[0], left : left + pixels.shape[1]] = pixels
        record["segmentation"] = encode_mask(full)
    return record


def encode_mask(mask: NDArray[Any]) -> dict[str, Any]:
    """COCO's compressed RLE of a binary mask (H, W), as JSON takes it."""
    rle = pycocotools.mask.encode(np.asfortranarray(mask, np.uint8))
    return {"size": rle["size"], "counts": rle["counts"].decode("ascii")}


def encode_window(
    mask: NDArray[np.bool_], left: int, top: int, shape: tuple[int, int]
) -> dict[str, Any]:
    """`encode_mask` of an image (H, W) = `shape` that is empty but for a window, whose corner is
    at (left, top): neither time nor memory of the whole image."""
    height, width = shape
    columns, rows = np.nonzero(mask.T)  # COCO counts along columns
    places = (columns + left) * height + rows + top
    starts = np.flatnonzero(np.diff(places, prepend=-2) != 1)
    ends = np.append(starts[1:], len(places)) - 1
    counts, reached = [], 0
    for first, last in zip(places[starts], places[ends], strict=True) if len(places) else ():
        counts += [int(first) - reached, int(last) - int(first) + 1]
        reached = int(last) + 1
    if reached < height * width:
        counts.append(height * width - reached)
    rle = pycocotools.mask.frPyObjects({"size": [height, width], "counts": counts}, height, width)
    return {"size": rle["size"], "counts": rle["counts"].decode("ascii")}


def build_coco(
    records: Iterable[tuple[dict[str, Any], list[dict[str, Any]]]],
    options: LabelOptions,
    root: Path,
) -> dict[str, Any]:
    """Number images and annotations from 1 and make paths relative to `root` where they can be."""
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for image, crossings in records:
        paths = {k: relative_to(image[k], root) for k in image if k.endswith("file_name")}
        images.append({**image, **paths, "id": len(images) + 1})
        for crossing in crossings:
            ids = {"id": len(annotations) + 1, "image_id": len(images)}
            annotations.append({**crossing, **ids})
    info = {"description": "CrossPos", "options": asdict(options)}
    return {
        "info": info,
        "licenses": [],
        "images": images,
        "annotations": annotations,
        "categories": [CATEGORY],
    }


def relative_to(path: str | None, root: Path) -> str | None:
    """Path below `root` relative to it, any other as an absolute one."""
    if path is None:
        return None
    full = Path(path).resolve()
    base = root.resolve()
    return str(full.relative_to(base)) if full.is_relative_to(base) else str(full)
