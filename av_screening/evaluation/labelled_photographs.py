"""Photographs with artery/vein labels: which there are, and what is known of each."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from av_detectron.data.annotations import UNCERTAIN, check_size, read_av_map, read_photograph
from av_detectron.data.coco import LabelOptions, annotate
from av_detectron.data.crosspos import json_path, load_crosspos
from av_detectron.data.find_labels import find_photographs
from av_detectron.data.fov import FieldOfView
from av_grading.formats.labels import BACKGROUND

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class LabelledPhotograph:
    """A photograph with its labels.

    Attributes:
        set_name: of the set it belongs to.
        image: the photograph.
        av: its artery/vein map.
        drive_px: length of one DRIVE px in px of the photograph.
        centers: labelled crossings, (N, 2), x and y (px).
    """

    set_name: str
    image: Path
    av: Path
    drive_px: float
    centers: tuple[tuple[float, float], ...]

    @property
    def name(self) -> str:
        """Of the photograph in tables: set and file name."""
        return f"{self.set_name}/{self.image.name}"

    def read(self) -> tuple[Pixels, Pixels]:
        """RGB (H, W, 3) and labels (H, W), 0-3; vessels of uncertain kind count as background
        where the map tells them from overlaps.

        Raises:
            InputFileError: a file is unreadable, or the map has another size.
        """
        pixels, labels = read_photograph(self.image), read_av_map(self.av)
        check_size(self.av, labels.shape, pixels.shape)
        return pixels, np.where(labels == UNCERTAIN, np.uint8(BACKGROUND), labels)


def prepared_photographs(root: Path, sets: Sequence[str], split: str) -> list[LabelledPhotograph]:
    """Photographs of one split of sets that `av-nicking prepare` has prepared.

    Raises:
        InputFileError: a set was not prepared.
    """
    return [
        _labelled(name, record["file_name"], record["av_file_name"], record["fov"], record)
        for name in sets
        for record in load_crosspos(json_path(root, f"crosspos_{name}_{split}"), root)
        if record["av_file_name"]
    ]


def folder_photographs(folder: Path) -> list[LabelledPhotograph]:
    """Photographs of a folder with images/ and av/ (and fov/), whose crossings are derived here.

    Raises:
        InputFileError: files do not pair up, or one cannot be read.
    """
    found = []
    for photograph in find_photographs(folder):
        if photograph.av is not None:
            record, annotations = annotate(photograph, LabelOptions())
            files = record["file_name"], record["av_file_name"]
            fov = FieldOfView(**record["fov"])
            found.append(_labelled(folder.name, *files, fov, {"annotations": annotations}))
    return found


def _labelled(
    name: str, image: str, av: str, fov: FieldOfView, record: dict[str, Any]
) -> LabelledPhotograph:
    centers = tuple((float(x), float(y)) for x, y in (a["center"] for a in record["annotations"]))
    return LabelledPhotograph(name, Path(image), Path(av), fov.drive_px, centers)
