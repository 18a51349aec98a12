"""What the signs say at known crossings, as in use: the detector's centre and map, the close-up
network's map of the pixels as they are, the vessels followed in it, the signs measured."""

from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from av_detectron.evaluation.center_matching import TOLERANCE, match_places
from av_grading.close_ups.close_look import CloseLook
from av_grading.formats.errors import NotMeasurable
from av_grading.signs.registry import get_sign
from av_screening.evaluation.drawn_signs import (
    KINDS,
    UNCHANGED,
    DrawnSigns,
    draw_into,
    draw_signs,
    draw_together,
)
from av_screening.evaluation.squeezing import ClearCrossing
from av_screening.read.quality import check_quality
from av_screening.steps.pipeline import Pipeline, with_strip_signs
from av_screening.steps.second_look import close_looks, cut_around

Pixels = NDArray[np.uint8]
Row = dict[str, Any]

SIGNS = ("visible_width", "deflection", "banking", "artery")
"""That are measured."""
VERSIONS = ("full", "half", "jpeg_95", "jpeg_75")
"""Of a photograph, between which measurements are compared."""
WHOLE = VERSIONS[:1]
"""The photograph as it is."""


def look_at(
    pixels: Pixels, places: NDArray[np.float64], drive_px: float, pipeline: Pipeline
) -> list[CloseLook | None]:
    """Crossings that are known, close up as the pipeline sees them; None where it finds none within
    10 DRIVE px.

    Args:
        pixels: the photograph, RGB, (H, W, 3).
        places: of the crossings, (N, 2), x and y (px).
        drive_px: length of one DRIVE px in px.
        pipeline: with a second look.

    Raises:
        RejectedPhotograph: it does not take the photograph.
        ValueError: it has no second look.
    """
    if pipeline.close_up is None:
        raise ValueError("expected a pipeline with a second look")
    fov = check_quality(pixels, pipeline.quality)
    (prediction,) = pipeline.predictor.predict_together([pixels], [fov])
    detected = prediction.centers.astype(float).reshape(-1, 2)
    chosen = match_places(places, detected, TOLERANCE * drive_px)
    there = np.flatnonzero(chosen >= 0)
    looks: list[CloseLook | None] = [None] * len(places)
    if len(there):
        centers = detected[chosen[there]]
        patches, coarse = cut_around(pixels, prediction, centers)
        look = pipeline.close_up.look(
            torch.from_numpy(patches.transpose(0, 3, 1, 2)), torch.from_numpy(coarse)
        )
        at = [(prediction, (float(x), float(y))) for x, y in centers]
        seen = [found for found, _ in close_looks(patches, look, at)]
        if pipeline.sign_strip is not None:
            seen, _ = with_strip_signs(seen, pipeline.sign_strip)
        for number, found in zip(there.tolist(), seen, strict=True):
            looks[number] = found
    return looks


def sign_cells(look: CloseLook | None) -> Row:
    """What every sign says, by column; empty of a crossing that was not found."""
    cells: Row = {"found": int(look is not None)}
    if look is None:
        return cells
    for name in SIGNS:
        sign = get_sign(name)
        try:
            cells |= sign.cells(sign.compute(look))
        except NotMeasurable:
            continue
    return cells


def drawn_rows(
    pixels: Pixels,
    crossings: Sequence[ClearCrossing],
    notes: Mapping[int, Row],
    pipeline: Pipeline,
    rng: np.random.Generator,
    draws: int,
) -> list[Row]:
    """A row for each crossing and kind: what is true (`true_` before its name), what is measured.

    Args:
        pixels: the photograph, RGB, (H, W, 3).
        crossings: where signs are drawn.
        notes: further cells of a crossing, by its number.
        pipeline: that measures.
        rng: of what is drawn.
        draws: of each kind at each crossing; unchanged ones are looked at once, and have a row for
            every two draws, so that more draws leave the mixture as it is.
    """
    rows = []
    for kind in KINDS:
        looked, times = (1, max(1, draws // 2)) if kind == UNCHANGED else (draws, 1)
        for _ in range(looked):
            found = (draw_signs(crossing, kind, rng) for crossing in crossings)
            for drawn in draw_together([one for one in found if one is not None]):
                looks = _looks_of(pixels, drawn, pipeline)
                for one, look in zip(drawn, looks, strict=True):
                    row = _drawn_row(one, look) | notes.get(one.crossing.number, {})
                    rows += times * [row]
    return rows


def _looks_of(
    pixels: Pixels, drawn: Sequence[DrawnSigns], pipeline: Pipeline
) -> list[CloseLook | None]:
    places = np.array([one.crossing.center for one in drawn], np.float64)
    drive_px = drawn[0].crossing.window.drive_px
    return look_at(draw_into(pixels, drawn), places, drive_px, pipeline)


def _drawn_row(one: DrawnSigns, look: CloseLook | None) -> Row:
    vein = None if look is None or look.vessels is None else look.vessels.vein
    truth = {f"true_{name}": round(value, 4) for name, value in one.truth(vein).items()}
    window = one.crossing.window
    return {
        "kind": one.kind,
        "crossing": one.crossing.number,
        "vein_width_drive_px": round(one.crossing.vein_width, 3),
        "artery_width_drive_px": round(2 * window.artery.half_width / window.drive_px, 3),
        **truth,
        **sign_cells(look),
    }


def version_rows(
    pixels: Pixels,
    places: NDArray[np.float64],
    drive_px: float,
    pipeline: Pipeline,
    versions: Sequence[str] = VERSIONS,
) -> list[Row]:
    """A row for each crossing and version of a photograph; arguments as `look_at`."""
    rows = []
    for version in versions:
        picture, factor = as_version(pixels, version)
        at = places * factor + (factor - 1) / 2
        for number, look in enumerate(look_at(picture, at, drive_px * factor, pipeline)):
            rows.append({"version": version, "crossing": number, **sign_cells(look)})
    return rows


def as_version(pixels: Pixels, version: str) -> tuple[Pixels, float]:
    """A photograph at half its resolution, or compressed, and how much smaller it is.

    Raises:
        ValueError: no version of `VERSIONS`.
    """
    if version == "full":
        return pixels, 1.0
    if version == "half":
        size = pixels.shape[1] // 2, pixels.shape[0] // 2
        small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
        return np.asarray(small, np.uint8), 0.5
    name, _, quality = version.partition("_")
    if version not in VERSIONS or name != "jpeg":
        raise ValueError(f"expected one of {', '.join(VERSIONS)}, found {version!r}")
    file = BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=int(quality))
    return np.asarray(Image.open(file).convert("RGB"), np.uint8), 1.0
