"""CrossPos files as Detectron2 datasets: `crosspos_<set>_<split>`, see datasets/README.md."""

import json
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
from detectron2.data import DatasetCatalog, MetadataCatalog
from detectron2.structures import BoxMode

from av_detectron.data.coco import CATEGORY, LabelOptions
from av_detectron.data.crossing_rule import CrossingRule, crossing_box
from av_detectron.data.disc import OpticDisc
from av_detectron.data.errors import InputFileError
from av_detectron.data.fov import FieldOfView
from av_detectron.data.photograph_sets import PHOTOGRAPH_SETS


def load_crosspos(json_file: Path, root: Path) -> list[dict[str, Any]]:
    """Read a CrossPos file into Detectron2's dataset dicts.

    Each dict has Detectron2's standard keys (boxes XYWH_ABS in px of the photograph, masks RLE)
    and `fov` (`FieldOfView`), `disc` (`OpticDisc` or None), `unmarked_crossings` (list of x and y,
    or None where that is not known), `av_file_name` and `vessels_file_name` (path or None), and
    `label_options` (`LabelOptions`). Photographs without crossings are kept.

    Raises:
        InputFileError: missing, not JSON, or not a CrossPos file.
    """
    try:
        coco = json.loads(Path(json_file).read_text(encoding="utf-8"))
        options = coco["info"]["options"]
        label_options = LabelOptions(**{**options, "rule": CrossingRule(**options["rule"])})
    except FileNotFoundError as error:
        raise InputFileError(json_file, "not found; make it with av-nicking prepare") from error
    except (json.JSONDecodeError, KeyError, TypeError, UnicodeDecodeError) as error:
        raise InputFileError(json_file, f"expected a CrossPos file ({error!r})") from error
    by_image: dict[int, list[dict[str, Any]]] = {image["id"]: [] for image in coco["images"]}
    for item in coco["annotations"]:
        kept = {k: item[k] for k in ("bbox", "iscrowd", "segmentation", "center") if k in item}
        by_image[item["image_id"]].append(
            {**kept, "bbox_mode": BoxMode.XYWH_ABS, "category_id": 0, "id": item["id"]}
        )
    dicts = []
    for image in coco["images"]:
        paths = {
            k: os.path.join(root, image[k]) if image[k] else None
            for k in ("file_name", "av_file_name", "vessels_file_name")
        }
        dicts.append(
            {
                **paths,
                "image_id": image["id"],
                "height": image["height"],
                "width": image["width"],
                "fov": FieldOfView(**image["fov"]),
                "disc": OpticDisc(**image["disc"]) if "disc" in image else None,
                "unmarked_crossings": image.get("unmarked_crossings"),
                "label_options": label_options,
                "annotations": by_image[image["id"]],
            }
        )
    return dicts


def with_unmarked(record: dict[str, Any]) -> dict[str, Any]:
    """A dataset dict whose unmarked crossings are annotated as the others are, without masks: those
    are cut from its vessel map. Where none are known it stays as it is."""
    options, fov = record["label_options"], record["fov"]
    added = []
    for center in record["unmarked_crossings"] or ():
        x0, y0, x1, y1 = crossing_box(np.array(center), fov.drive_px, options.box_side).tolist()
        box = {"bbox": [x0, y0, x1 - x0, y1 - y0], "bbox_mode": BoxMode.XYWH_ABS}
        added.append({**box, "center": list(center), "iscrowd": 0, "category_id": 0})
    return {**record, "annotations": [*record["annotations"], *added]}


def json_path(root: Path, name: str) -> Path:
    """Where the file of a registered dataset lies: `<root>/crosspos/<name>.json`."""
    return root / "crosspos" / f"{name}.json"


def register_crosspos(name: str, root: Path) -> None:
    """Register one dataset by its name, `crosspos_<set>_<split>`; nothing is read yet."""
    path = json_path(root, name)
    load: Callable[[], list[dict[str, Any]]] = lambda: load_crosspos(path, root)  # noqa: E731
    DatasetCatalog.register(name, load)
    MetadataCatalog.get(name).set(
        thing_classes=[CATEGORY["name"]],
        thing_dataset_id_to_contiguous_id={CATEGORY["id"]: 0},
        json_file=str(path),
        image_root=str(root),
        evaluator_type="crosspos",
    )


def dataset_root() -> Path:
    """Detectron2's convention: `DETECTRON2_DATASETS`, or `datasets` in the working directory."""
    return Path(os.path.expanduser(os.environ.get("DETECTRON2_DATASETS", "datasets")))


def register_all(root: Path, names: Iterable[str] = ()) -> None:
    """Register every split of `PHOTOGRAPH_SETS`, and any other `names` (of sets of your own)."""
    known = [name for known_set in PHOTOGRAPH_SETS for name in known_set.datasets]
    for name in dict.fromkeys([*known, *names]):
        if name.startswith("crosspos_") and name not in DatasetCatalog.list():
            register_crosspos(name, root)


def check_labels(
    records: list[dict[str, Any]], maps: bool, masks: bool, crossings: bool = False
) -> None:
    """Whether training photographs have the labels that a model learns from.

    Args:
        records: dataset dicts.
        maps: it learns artery/vein maps.
        masks: it learns masks of the vessels at crossings.
        crossings: it learns nothing but crossings.

    Raises:
        InputFileError: one has not; names it, and what would do.
    """
    for record in records:
        path = Path(record["file_name"])
        if crossings and not record["label_options"].crossings:
            raise InputFileError(
                path, "expected crossings to learn from, found labels that do not tell them"
            )
        if maps and not record.get("av_file_name"):
            raise InputFileError(
                path, "expected an artery/vein map in av/ to learn from, found none"
            )
        if masks and not (record.get("vessels_file_name") or record.get("av_file_name")):
            raise InputFileError(
                path,
                "expected a vessel map in vessels/ or av/ to learn masks from, found none "
                "(MODEL.MASK_ON False learns boxes alone)",
            )
