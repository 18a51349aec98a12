"""The second look: every crossing close up, at the photograph's own resolution, on a fine map."""

from collections.abc import Mapping, Sequence
from operator import attrgetter

import numpy as np
import torch
from numpy.typing import NDArray

from av_detectron import Prediction
from av_grading.close_ups.close_look import CloseLook, one_hot
from av_grading.close_ups.cut import PIXELS, SCALE, cut_close_up, cut_coarse
from av_grading.close_ups.fine_map import CloseUp, Look
from av_grading.close_ups.grader_maps import grader_map
from av_grading.formats.labels import likeliest
from av_grading.formats.patches import PIXELS as PATCH_PIXELS
from av_grading.formats.patches import SIDE, cut_patch
from av_grading.gradable import GradableRule, KnownOfCrossing, NotGradable
from av_grading.models.reading_head import NAME as HEAD
from av_grading.models.reading_outputs import Answer
from av_grading.vessels.crossing_vessels import crossing_vessels
from av_screening.crossing import Crossing
from av_screening.steps.patches import CrossingPatch, cut_crossings, window_around


def without_second_look(pixels: NDArray[np.uint8], prediction: Prediction) -> list[Crossing]:
    """Crossings of a photograph on the detector's map alone, in its order: all are gradable.

    Args:
        pixels: the photograph, RGB, (H, W, 3).
        prediction: its crossings and coarse map.
    """
    return _on_coarse_map(pixels, prediction, dict.fromkeys(range(len(prediction.centers))))


def _on_coarse_map(
    pixels: NDArray[np.uint8],
    prediction: Prediction,
    reasons: Mapping[int, NotGradable | None],
) -> list[Crossing]:
    """Some crossings of a photograph on the detector's map.

    Args:
        pixels: the photograph, RGB, (H, W, 3).
        prediction: its crossings and coarse map.
        reasons: their numbers, and why they are not gradable; None where they are.
    """
    found = []
    patches = cut_crossings(pixels, prediction, numbers=list(reasons))
    for (number, reason), patch in zip(reasons.items(), patches, strict=True):
        middle = (patch.patch.shape[0] - 1) / 2
        look = CloseLook(
            patch.patch,
            one_hot(patch.av_map),
            (middle, middle),
            patch.drive_px,
            disc_direction=disc_direction(prediction, _center(prediction, number)),
        )
        found.append(_crossing(prediction, number, patch, look, reason=reason))
    return found


def look_together(
    photographs: Sequence[NDArray[np.uint8]],
    predictions: Sequence[Prediction],
    close_up: CloseUp,
    rule: GradableRule,
) -> list[list[Crossing]]:
    """Crossings of several photographs, looked at close up in shared batches; of each photograph in
    the detector's order.

    Those that are not gradable where the detector has them, on the disc or at the edge, are not
    looked at: they keep their place and the detector's map.

    Args:
        photographs: RGB, (H, W, 3).
        predictions: the crossings and coarse map of each.
        close_up: the network.
        rule: what a crossing has to be like to be graded.
    """
    found: list[list[Crossing]] = []
    chosen: list[tuple[int, int]] = []
    cut = []
    for photograph, (pixels, prediction) in enumerate(zip(photographs, predictions, strict=True)):
        numbers = range(len(prediction.centers))
        reasons = {n: rule.why_not(_known(prediction, _center(prediction, n))) for n in numbers}
        refused = {n: reason for n, reason in reasons.items() if reason is not None}
        found.append(_on_coarse_map(pixels, prediction, refused))
        if rest := [n for n in numbers if n not in refused]:
            chosen += [(photograph, n) for n in rest]
            cut.append(cut_close_ups(pixels, prediction, rest))
    if chosen:
        patches, coarse = (np.concatenate(parts) for parts in zip(*cut, strict=True))
        seen = _look_at(chosen, patches, coarse, predictions, close_up, rule)
        for (photograph, _), crossing in zip(chosen, seen, strict=True):
            found[photograph].append(crossing)
    return [sorted(own, key=attrgetter("number")) for own in found]


def _look_at(
    chosen: Sequence[tuple[int, int]],
    patches: NDArray[np.uint8],
    coarse: NDArray[np.uint8],
    predictions: Sequence[Prediction],
    close_up: CloseUp,
    rule: GradableRule,
) -> list[Crossing]:
    """Crossings close up, each given as the numbers of its photograph and in it; patches and coarse
    maps as `cut_close_ups` gives them."""
    look = close_up.look(torch.from_numpy(patches.transpose(0, 3, 1, 2)), torch.from_numpy(coarse))
    centers = [(predictions[p], _center(predictions[p], number)) for p, number in chosen]
    seen = close_looks(patches, look, centers)
    vessels = [found.vessels for found, _ in seen if found.vessels is not None]
    answers = close_up.read(look, vessels)
    found = []
    for row, (photograph, number) in enumerate(chosen):
        prediction, (close_look, place) = predictions[photograph], seen[row]
        patch = grader_patch(close_look, prediction.fov.drive_px)
        reason = rule.why_not(_known(prediction, place))
        answer = answers.of_row(row)
        found.append(_crossing(prediction, number, patch, close_look, place, answer, reason))
    return found


def close_looks(
    patches: NDArray[np.uint8],
    look: Look,
    centers: Sequence[tuple[Prediction, tuple[float, float]]],
) -> list[tuple[CloseLook, tuple[float, float]]]:
    """What signs are measured from at each of N crossings, their vessels followed, and the place
    (px of the photograph) where the fine map has the crossing.

    Args:
        patches: (N, P, P, 3), as `cut_close_ups` gives them.
        look: the close-up network's, at them.
        centers: what the detector says of the photograph, and where the close-up is centred (px).
    """
    found = []
    for row, (prediction, (x, y)) in enumerate(centers):
        middle = float(look.middles[row][0]), float(look.middles[row][1])
        off = np.subtract(middle, (PIXELS - 1) / 2) * prediction.fov.drive_px / SCALE
        place = float(x + off[0]), float(y + off[1])
        direction = disc_direction(prediction, place)
        vessels = crossing_vessels(patches[row], look.shares[row], middle, direction)
        close_look = CloseLook(
            patches[row], look.shares[row], middle, float(SCALE), vessels, direction
        )
        found.append((close_look, place))
    return found


def _known(prediction: Prediction, place: tuple[float, float]) -> KnownOfCrossing:
    """What the detector's answer tells of a place (px of the photograph)."""
    return KnownOfCrossing(
        disc_distance=None if prediction.disc is None else prediction.disc.distance(*place),
        edge_distance=prediction.fov.edge_distance(*place, prediction.shape)
        / prediction.fov.drive_px,
    )


def _crossing(
    prediction: Prediction,
    number: int,
    patch: CrossingPatch,
    look: CloseLook,
    place: tuple[float, float] | None = None,
    answer: Answer | None = None,
    reason: NotGradable | None = None,
) -> Crossing:
    x0, y0, x1, y1 = (float(v) for v in prediction.boxes[number])
    center = _center(prediction, number)
    return Crossing(
        number,
        center,
        (x0, y0, x1, y1),
        prediction.masks[number],
        float(prediction.scores[number]),
        patch,
        look,
        place or center,
        reason=reason,
        answers={} if answer is None else {HEAD: answer},
    )


def _center(prediction: Prediction, number: int) -> tuple[float, float]:
    x, y = (float(v) for v in prediction.centers[number])
    return x, y


def disc_direction(
    prediction: Prediction, place: tuple[float, float]
) -> NDArray[np.float64] | None:
    """Unit vector (2,), x and y, from a place (px) towards the disc's centre; None without a disc,
    or at its very centre."""
    disc = prediction.disc
    if disc is None:
        return None
    way = np.array([disc.x - place[0], disc.y - place[1]], np.float64)
    length = float(np.linalg.norm(way))
    return way / length if length > 0 else None


def cut_close_ups(
    pixels: NDArray[np.uint8], prediction: Prediction, numbers: Sequence[int] | None = None
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """What the network takes of crossings of a photograph, at least one.

    Args:
        pixels: the photograph, RGB, (H, W, 3).
        prediction: its crossings and coarse map.
        numbers: of the crossings; by default all.

    Returns:
        close-ups (N, P, P, 3), `SCALE` px a DRIVE px, and their coarse maps (N, 2, P / 4, P / 4).
    """
    centers = prediction.centers.astype(float)
    chosen = centers if numbers is None else centers[list(numbers)]
    return cut_around(pixels, prediction, chosen)


def cut_around(
    pixels: NDArray[np.uint8], prediction: Prediction, places: NDArray[np.float64]
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """The same around other places than the detector's crossings.

    Args:
        pixels: the photograph, RGB, (H, W, 3).
        prediction: its coarse map.
        places: at least one, (N, 2), x and y (px).
    """
    drive_px = prediction.fov.drive_px
    patches, coarse = [], []
    for place in places:
        rows, columns, inner = window_around(place, SIDE * drive_px, prediction.shape)
        patches.append(cut_close_up(pixels[rows, columns], inner, drive_px))
        coarse.append(cut_coarse(prediction.av_window(rows, columns), inner, drive_px))
    return np.stack(patches), np.stack(coarse)


def grader_patch(look: CloseLook, drive_px: float) -> CrossingPatch:
    """What graders are given of a crossing: cut from its close-up, as what they learn from is.

    Args:
        look: with the second look.
        drive_px: length of one DRIVE px in px of the photograph.
    """
    scale = PATCH_PIXELS / (SIDE * drive_px)
    shares = grader_map(look.fine_map, look.middle)
    return CrossingPatch(
        cut_patch(look.patch, look.middle, look.drive_px, SIDE, PATCH_PIXELS),
        likeliest(shares),
        drive_px * scale,
        scale,
        shares,
    )
