"""Cut the close-ups that the network and graders learn from: crossings as they are, and nicked.

One safetensors file a photograph, and a CSV beside it with a row for each of its patches.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from safetensors.torch import save

from av_grading.close_ups.cut import SCALE, cut_close_up, cut_coarse
from av_grading.formats.errors import NotMeasurable
from av_grading.formats.files import write_whole
from av_grading.formats.grade_definition import GRADES
from av_grading.formats.labels import ARTERY, OVERLAP, VEIN
from av_grading.simulation.crossing import CrossingWindow, open_window
from av_grading.simulation.fading import Fading
from av_grading.simulation.grades import MARGIN, GradeRule, draw_nicking, draw_squeeze
from av_grading.simulation.order import draw_above
from av_grading.simulation.squeeze import Squeeze
from av_grading.vessels.centerline import course, trace

STORED = 208
"""Side of a stored close-up (px): room to move the network's window about."""
JITTER = 2.5
"""How far centres lie off the labelled ones, as detected ones do (standard deviation, DRIVE px)."""

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class CloseUpSource:
    """A photograph with labels, what a detector said of it, and which crossings there are.

    Attributes:
        name: of the photograph, its group in splits.
        set_name: of its set.
        pixels: RGB, (H, W, 3).
        labels: (H, W), 0-3.
        unknown: (H, W), 255 where labels say nothing, else 0.
        av: coarse probabilities of background, artery and vein, (3, H, W).
        drive_px: length of one DRIVE px in px.
        crossings: labelled centres, (N, 2), x and y (px).
        others: detected centres that are none, (M, 2).
        readings: what people read of natural crossings there: columns x_px, y_px, above and
            says_gradable; None without.
    """

    name: str
    set_name: str
    pixels: Pixels
    labels: Pixels
    unknown: Pixels
    av: NDArray[np.float32]
    drive_px: float
    crossings: NDArray[np.float64]
    others: NDArray[np.float64]
    readings: pd.DataFrame | None = None


@dataclass(frozen=True)
class Options:
    """What is cut.

    Attributes:
        draws: nicked patches of every clear crossing, the grades in turn; 0 for none.
        unclear: patches of crossings that cannot be nicked, at most, of a photograph.
        others: of detections that are no crossings, at most.
        like_disease: share of nicked ones that fade, swell and bend beside being narrowed.
        ordered: redraw clear crossings with the artery above and with the vein above, instead of
            nicking them.
        rule: thresholds between grades.
        seed: of everything that is drawn, with the photograph's name.
    """

    draws: int = 4
    unclear: int = 12
    others: int = 4
    like_disease: float = 0.5
    ordered: bool = False
    rule: GradeRule = field(default_factory=GradeRule)
    seed: int = 0


Patch = tuple[dict[str, object], Pixels, Pixels, Pixels]
"""Row, close-up (P, P, 3), shares of artery, vein, overlap and unknown (4, P, P), coarse map."""


def cut_photograph(photograph: CloseUpSource, options: Options) -> Iterator[Patch]:
    """All patches of one photograph; with readings, those of what was read alone."""
    rng = np.random.default_rng([options.seed, *photograph.name.encode()])
    if photograph.readings is not None:
        for x, y, above, votes in photograph.readings.itertuples(index=False):
            row: dict[str, object] = {
                "kind": "read",
                "read_above": above,
                "read_gradable_votes": votes,
            }
            yield _cut(photograph, (float(x), float(y)), row, rng)
        return
    unclear = []
    for number, place in enumerate(photograph.crossings):
        center = float(place[0]), float(place[1])
        try:
            window = open_window(
                photograph.pixels,
                photograph.labels,
                center,
                photograph.drive_px,
                STORED / SCALE,
                options.rule.pressed + MARGIN,
            )
        except NotMeasurable as error:
            unclear.append((number, center, str(error).split(":")[0]))
            continue
        yield from _clear(photograph, window, center, number, options, rng)
    if options.ordered:
        return
    for chosen in rng.permutation(len(unclear))[: options.unclear].tolist():
        number, center, why = unclear[chosen]
        row = {"kind": "unclear", "crossing": number, "why": why}
        yield _cut(photograph, center, row, rng)
    for chosen in rng.permutation(len(photograph.others))[: options.others].tolist():
        center = float(photograph.others[chosen][0]), float(photograph.others[chosen][1])
        yield _cut(photograph, center, {"kind": "no_crossing"}, rng)


def _clear(
    photograph: CloseUpSource,
    window: CrossingWindow,
    center: tuple[float, float],
    number: int,
    options: Options,
    rng: np.random.Generator,
) -> Iterator[Patch]:
    """A clear crossing as it is and with nicking of each grade."""
    vein, drive_px = window.vein, window.drive_px
    if options.ordered:
        yield from _ordered(photograph, window, center, number, rng)
        return
    common: dict[str, object] = {
        "crossing": number,
        "vein_width_drive_px": round(2 * vein.half_width / drive_px, 3),
        "first_arm_degrees": round(course(vein.line.first, drive_px), 1),
    }
    order = [
        g for _ in range(-(-options.draws // 4)) for g in rng.permutation(len(GRADES)).tolist()
    ]
    for draw in range(-1, options.draws):
        amount, fading = Squeeze(), Fading()
        if draw >= 0:
            grade = order[draw]
            if rng.random() < options.like_disease:
                amount, fading = draw_nicking(rng, grade, options.rule)
            else:
                amount = draw_squeeze(rng, grade, options.rule)
        amount = vein.pressed_to(amount)
        pixels, labels = window.nicked(amount, fading)
        ratios = amount.first * vein.at_edge[0], amount.second * vein.at_edge[1]
        row: dict[str, object] = {
            "kind": "nicked" if draw >= 0 else "plain",
            **common,
            "grade": options.rule.grade(*ratios),
            "ratio_first": round(ratios[0], 4),
            "ratio_second": round(ratios[1], 4),
            "length_drive_px": round(amount.length, 2),
            "swelling": round(amount.swelling, 3),
            "deflection_drive_px": round(amount.deflection, 3),
            "faded_first": round(fading.first, 3),
            "faded_second": round(fading.second, 3),
        }
        yield _cut(photograph, center, row, rng, (pixels, labels, window.center))


def _ordered(
    photograph: CloseUpSource,
    window: CrossingWindow,
    center: tuple[float, float],
    number: int,
    rng: np.random.Generator,
) -> Iterator[Patch]:
    """A clear crossing with either vessel drawn above the other."""
    artery = trace(window.av_map, ARTERY, window.center, window.drive_px)
    for name, kind, line in (("artery", ARTERY, artery), ("vein", VEIN, window.vein.line)):
        opacity = float(rng.uniform(0.6, 0.95))
        drawn = draw_above(window.photograph, window.av_map, line, kind, window.drive_px, opacity)
        row: dict[str, object] = {"kind": "ordered", "crossing": number, "read_above": name}
        yield _cut(photograph, center, row, rng, (drawn, window.av_map, window.center))


def _cut(
    photograph: CloseUpSource,
    center: tuple[float, float],
    row: dict[str, object],
    rng: np.random.Generator,
    nicked: tuple[Pixels, Pixels, tuple[float, float]] | None = None,
) -> Patch:
    """Cut around a centre, a little off it, from the photograph or from a window of it."""
    drive_px = photograph.drive_px
    away = np.clip(rng.normal(0, JITTER, 2), -2 * JITTER, 2 * JITTER)
    if nicked is not None:  # the window has a margin that the patch must not leave
        away = np.clip(away, -3.5, 3.5)
    shift = (away * drive_px).tolist()
    pixels, labels, inner = nicked or (photograph.pixels, photograph.labels, center)
    inner = inner[0] + shift[0], inner[1] + shift[1]
    outer = center[0] + shift[0], center[1] + shift[1]
    patch = cut_close_up(pixels, inner, drive_px, STORED)
    shares = [
        cut_close_up((labels == kind).astype(np.uint8) * 255, inner, drive_px, STORED)
        for kind in (ARTERY, VEIN, OVERLAP)
    ]
    shares.append(cut_close_up(photograph.unknown, outer, drive_px, STORED))
    coarse = cut_coarse(photograph.av, outer, drive_px, STORED)
    place = {
        "x_px": round(outer[0], 1),
        "y_px": round(outer[1], 1),
        "off_x_px": round(-float(away[0]) * SCALE, 1),
        "off_y_px": round(-float(away[1]) * SCALE, 1),
    }
    return {**row, **place}, patch, np.stack(shares), coarse


def write_photograph(
    photograph: CloseUpSource, patches: Sequence[Patch], output: Path
) -> pd.DataFrame:
    """Write the patches of a photograph; their rows.

    Raises:
        OSError: they cannot be written.
    """
    rows, pixels, labels, coarse = zip(*patches, strict=True)
    stem = f"{photograph.set_name}_{Path(photograph.name).stem}"
    tensors = {
        "patches": torch.from_numpy(np.stack(pixels).transpose(0, 3, 1, 2).copy()),
        "labels": torch.from_numpy(np.stack(labels)),
        "coarse": torch.from_numpy(np.stack(coarse)),
    }
    table = pd.DataFrame(rows)
    table.insert(0, "group", photograph.name)
    table.insert(1, "set", photograph.set_name)
    table["drive_px"] = round(photograph.drive_px, 4)
    write_whole(output / f"{stem}.csv", table.to_csv(index=False, lineterminator="\n"))
    write_whole(output / f"{stem}.safetensors", save(tensors))
    return table
