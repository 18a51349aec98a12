"""Patches without a map, and without their photograph: the close-up network makes their maps."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch

from av_grading.close_ups.cut import SCALE, cut_close_up
from av_grading.close_ups.fine_map import CloseUp, Look
from av_grading.close_ups.grader_maps import grader_map
from av_grading.data.patch_set import PatchSet
from av_grading.formats.errors import InputFileError
from av_grading.formats.images import read_patch
from av_grading.formats.patches import PIXELS, SIDE, cut_patch
from av_grading.models.reading_head import NAME as HEAD
from av_grading.models.reading_outputs import Answers
from av_grading.models.reading_strip import NAME as STRIP
from av_grading.models.reading_strip import StripReader
from av_grading.vessels.crossing_vessels import crossing_vessels

DISC_DIAMETER = 83.0
"""Of an ordinary optic disc in DRIVE's photographs (DRIVE px): what a disc's diameter is taken for
where a patch's scale is told by it."""
SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp")


def find_patches(folder: Path) -> list[Path]:
    """Images of a folder, in name order.

    Raises:
        InputFileError: there are none.
    """
    found = sorted(p for p in folder.glob("*") if p.suffix.lower() in SUFFIXES)
    if not found:
        raise InputFileError(folder, f"expected patches ({', '.join(SUFFIXES)}), found none")
    return found


@dataclass(frozen=True)
class LonePatches:
    """Patches that were looked at.

    Attributes:
        data: as graders take them.
        paths: their files.
        failures: what is wrong with files that could not be read.
        answers: what the reading head, and a reader of strips, say of them, by their names; empty
            where they were not asked.
    """

    data: PatchSet
    paths: list[Path]
    failures: list[str]
    answers: dict[str, Answers]


def look_at_patches(
    paths: Sequence[Path],
    close_up: CloseUp,
    drive_px: float,
    strip: StripReader | None = None,
    *,
    ask_head: bool = False,
) -> LonePatches:
    """Patches as graders take them, with maps of their own, the crossing in the middle.

    Args:
        paths: images with a crossing in their middle.
        close_up: the network that makes the maps.
        drive_px: length of one DRIVE px in px of the patches.
        strip: reads their straightened veins; None: not asked.
        ask_head: ask the close-up network's reading head, where it has one.

    Raises:
        ValueError: the scale is not above 0.
        InputFileError: none can be read.
    """
    if not drive_px > 0:
        raise ValueError(f"drive_px: expected more than 0, found {drive_px}")
    pictures, read, failures = [], [], []
    for path in paths:
        try:
            pictures.append(read_patch(path))
            read.append(path)
        except InputFileError as error:
            failures.append(str(error))
    if not pictures:
        raise InputFileError(paths[0].parent, f"expected patches, found none: {failures[0]}")
    middles = [((p.shape[1] - 1) / 2, (p.shape[0] - 1) / 2) for p in pictures]
    # Beyond a patch's edge there is no black of a field of view: it goes on as its edge is.
    reach = int(np.ceil(SIDE * drive_px / 2)) + 4
    padded = [_padded(p, reach) for p in pictures]
    places = [(x + reach, y + reach) for x, y in middles]
    views = [cut_close_up(p, m, drive_px) for p, m in zip(padded, places, strict=True)]
    look = look_at(views, close_up)
    patches, maps = cut_for_graders(views, look)
    answers: dict[str, Answers] = {}
    if strip is not None or (ask_head and close_up.head is not None):
        vessels = [
            crossing_vessels(view, share, (float(x), float(y)))
            for view, share, (x, y) in zip(views, look.shares, look.middles, strict=True)
        ]
        if strip is not None:
            answers[STRIP] = strip(views, list(look.shares), vessels)
        if ask_head and close_up.head is not None:
            answers[HEAD] = close_up.read(look, vessels)
    data = PatchSet(
        torch.from_numpy(np.stack(patches).transpose(0, 3, 1, 2).copy()),
        torch.from_numpy(np.stack(maps)),
        torch.full((len(read),), -1),
        [path.stem for path in read],
    )
    return LonePatches(data, read, failures, answers)


def look_at(views: Sequence[np.ndarray], close_up: CloseUp) -> Look:
    """Fine maps of views of `cut.cut_close_up`; no detector's map is needed."""
    return close_up.look(torch.from_numpy(np.stack(views).transpose(0, 3, 1, 2)))


def cut_for_graders(
    views: Sequence[np.ndarray], look: Look
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Patches (PIXELS, PIXELS, 3) and shares (3, PIXELS, PIXELS), 0-255, as graders take them.

    Args:
        views: of `cut.cut_close_up`; no detector's map is needed.
        look: their maps, and where the crossings lie.
    """
    patches, maps = [], []
    for view, share, middle in zip(views, look.shares, look.middles, strict=True):
        center = float(middle[0]), float(middle[1])
        patches.append(cut_patch(view, center, SCALE, SIDE, PIXELS))
        maps.append(grader_map(share, center))
    return patches, maps


def _padded(patch: np.ndarray, reach: int) -> np.ndarray:
    return np.asarray(cv2.copyMakeBorder(patch, *(reach,) * 4, cv2.BORDER_REPLICATE))
