"""The second look: every crossing at the photograph's own resolution, with a fine map."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from av_detectron import Prediction
from av_grading.close_ups.cut import PIXELS, SCALE, cut_close_up, cut_coarse
from av_grading.close_ups.fine_map import CloseUp
from av_grading.close_ups.grader_maps import grader_map
from av_grading.formats.labels import first_largest, likeliest
from av_grading.formats.patches import PIXELS as PATCH_PIXELS
from av_grading.formats.patches import SIDE, cut_patch
from av_grading.gradable import GradableRule, why_not_gradable
from av_grading.vessels.crossing_vessels import CrossingVessels, crossing_vessels
from av_screening.steps.patches import CrossingPatch, window_around


@dataclass(frozen=True)
class CloseLook:
    """A crossing close up.

    Attributes:
        center: x and y (px of the photograph), where the fine map has the crossing.
        patch: RGB, (P, P, 3), around the detector's centre, `SCALE` px a DRIVE px.
        shares: its fine map: probabilities of background, artery, vein, overlap, (4, P, P).
        middle: the crossing in it, x and y (px).
        vessels: the two that cross.
        artery_above: probability that the artery lies above the vein, 0-1.
        probability: that it is read as gradable, 0-1.
        why_not: the reason for which it is not gradable; empty where it is.
    """

    center: tuple[float, float]
    patch: NDArray[np.uint8]
    shares: NDArray[np.float32]
    middle: tuple[float, float]
    vessels: CrossingVessels
    artery_above: float
    probability: float
    why_not: str

    @property
    def labels(self) -> NDArray[np.uint8]:
        """Labels 0-3 of the fine map, (P, P)."""
        return first_largest(self.shares)


def look_together(
    photographs: Sequence[NDArray[np.uint8]],
    predictions: Sequence[Prediction],
    close_up: CloseUp,
    rule: GradableRule,
) -> list[list[CloseLook]]:
    """Close looks at all crossings of several photographs, whose close-ups share batches; of each
    photograph in the detector's order.

    Args:
        photographs: RGB, (H, W, 3).
        predictions: the crossings and coarse map of each.
        close_up: the network.
        rule: what a crossing has to be like to be graded.
    """
    crossings = [
        (number, place)
        for number, prediction in enumerate(predictions)
        for place in prediction.centers.astype(float)
    ]
    found: list[list[CloseLook]] = [[] for _ in predictions]
    if not crossings:
        return found
    cut = [
        cut_close_ups(pixels, prediction)
        for pixels, prediction in zip(photographs, predictions, strict=True)
        if len(prediction.centers)
    ]
    patches, coarse = (np.concatenate(parts) for parts in zip(*cut, strict=True))
    look = close_up.look(torch.from_numpy(patches.transpose(0, 3, 1, 2)), torch.from_numpy(coarse))
    vessels = [
        crossing_vessels(patch, share, (float(x), float(y)))
        for patch, share, (x, y) in zip(patches, look.shares, look.middles, strict=True)
    ]
    answers = close_up.read(look, vessels)
    for number, (photograph, (x, y)) in enumerate(crossings):
        prediction = predictions[photograph]
        drive_px = prediction.fov.drive_px
        middle = float(look.middles[number, 0]), float(look.middles[number, 1])
        off = np.subtract(middle, (PIXELS - 1) / 2) * drive_px / SCALE
        center = float(x + off[0]), float(y + off[1])
        distance = None if prediction.disc is None else prediction.disc.distance(*center)
        above, probability = answers[number].tolist()
        edge = prediction.fov.edge_distance(*center, prediction.shape) / drive_px
        why = why_not_gradable(vessels[number], above, probability, distance, edge, rule)
        found[photograph].append(
            CloseLook(
                center,
                patches[number],
                look.shares[number],
                middle,
                vessels[number],
                above,
                probability,
                why,
            )
        )
    return found


def cut_close_ups(
    pixels: NDArray[np.uint8], prediction: Prediction
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """What the network takes of the crossings of a photograph, at least one.

    Args:
        pixels: the photograph, RGB, (H, W, 3).
        prediction: its crossings and coarse map.

    Returns:
        close-ups (N, P, P, 3), `SCALE` px a DRIVE px, and their coarse maps (N, 2, P / 4, P / 4).
    """
    drive_px = prediction.fov.drive_px
    patches, coarse = [], []
    for place in prediction.centers.astype(float):
        rows, columns, inner = window_around(place, SIDE * drive_px, prediction.shape)
        patches.append(cut_close_up(pixels[rows, columns], inner, drive_px))
        coarse.append(cut_coarse(prediction.av_window(rows, columns), inner, drive_px))
    return np.stack(patches), np.stack(coarse)


def grader_patches(
    pixels: NDArray[np.uint8], prediction: Prediction, looks: Sequence[CloseLook]
) -> list[CrossingPatch]:
    """What graders are given of close looks, cut around the refined centres."""
    drive_px = prediction.fov.drive_px
    scale = PATCH_PIXELS / (SIDE * drive_px)
    found = []
    for look in looks:
        rows, columns, inner = window_around(look.center, SIDE * drive_px, prediction.shape)
        shares = grader_map(look.shares, look.middle)
        found.append(
            CrossingPatch(
                cut_patch(pixels[rows, columns], inner, drive_px, SIDE, PATCH_PIXELS),
                likeliest(shares),
                drive_px * scale,
                scale,
                shares,
            )
        )
    return found


def fine_patch(crossing: CrossingPatch, look: CloseLook) -> CrossingPatch:
    """The close-up as the caliber step takes it: pixels and labels at `SCALE`, its crossing in the
    middle."""
    middle = (PIXELS - 1) / 2
    shift = np.array([[1, 0, middle - look.middle[0]], [0, 1, middle - look.middle[1]]], np.float64)
    size = (PIXELS, PIXELS)
    patch = cv2.warpAffine(look.patch, shift, size, flags=cv2.INTER_CUBIC)
    labels = cv2.warpAffine(look.labels, shift, size, flags=cv2.INTER_NEAREST)
    scale = crossing.scale * SCALE / crossing.drive_px
    return CrossingPatch(np.asarray(patch), np.asarray(labels), float(SCALE), scale)
