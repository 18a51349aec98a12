"""Cut the close-ups that the network and graders learn from: crossings as they are, and nicked.

One safetensors file a photograph, and a CSV beside it with a row for each of its patches.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from safetensors.torch import save

from av_grading.close_ups.cut import SCALE, cut_close_up, cut_coarse
from av_grading.formats.errors import NotMeasurable
from av_grading.formats.files import write_whole
from av_grading.formats.labels import ARTERY, OVERLAP, VEIN
from av_grading.simulation.crossing_window import WIDTHS, CrossingWindow, open_window
from av_grading.simulation.grades import MARGIN
from av_grading.simulation.protocols import PROTOCOLS, Protocol, grades_in_turn
from av_grading.vessels.centerline import course

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
        protocol: of the simulation, by name; with "order" clear crossings are redrawn with the
            artery above and with the vein above, instead of being nicked.
        least_width: of a vein that is nicked (DRIVE px).
        seed: of everything that is drawn, with the photograph's name.
    """

    draws: int = 4
    unclear: int = 12
    others: int = 4
    protocol: str = "training"
    least_width: float = WIDTHS[0]
    seed: int = 0

    @property
    def ordered(self) -> bool:
        """Whether order is redrawn."""
        return self.protocol == "order"


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
    unclear, protocol = [], PROTOCOLS[options.protocol]
    for number, place in enumerate(photograph.crossings):
        center = float(place[0]), float(place[1])
        try:
            opened = open_window(
                photograph.pixels,
                photograph.labels,
                center,
                photograph.drive_px,
                STORED / SCALE,
                protocol.rule.pressed + MARGIN,
                (options.least_width, WIDTHS[1]),
            )
            window = protocol.prepare(opened)
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
    protocol = PROTOCOLS[options.protocol]
    grades = grades_in_turn(rng, options.draws)
    shares = window.natural if protocol.visible else vein.at_edge
    plain = {"kind": "plain", **common, **_told_from(shares, protocol)}
    yield _cut(photograph, center, plain, rng, window)
    for grade in grades:
        try:
            drawn = protocol.draw(rng, grade, window)
        except NotMeasurable:  # its other grades are drawn
            continue
        row: dict[str, object] = {
            "kind": "nicked",
            **common,
            **{name: round(value, 4) for name, value in drawn.truth(window).items()},
            **_told_from(drawn.shares(window), protocol),
        }
        yield _cut(photograph, center, row, rng, drawn.apply(window))


def _told_from(shares: tuple[float, float], protocol: Protocol) -> dict[str, object]:
    """Grade, and what it is told from on either side: one pair of columns for all protocols."""
    first, second = shares
    grade = protocol.rule.grade(first, second)
    return {"grade": grade, "ratio_first": round(first, 4), "ratio_second": round(second, 4)}


def _ordered(
    photograph: CloseUpSource,
    window: CrossingWindow,
    center: tuple[float, float],
    number: int,
    rng: np.random.Generator,
) -> Iterator[Patch]:
    """A clear crossing with either vessel drawn above the other."""
    for name, kind in (("artery", ARTERY), ("vein", VEIN)):
        drawn = PROTOCOLS["order"].draw(rng, 0, window, above=kind)
        row: dict[str, object] = {"kind": "ordered", "crossing": number, "read_above": name}
        yield _cut(photograph, center, row, rng, drawn.apply(window))


def _cut(
    photograph: CloseUpSource,
    center: tuple[float, float],
    row: dict[str, object],
    rng: np.random.Generator,
    nicked: CrossingWindow | None = None,
) -> Patch:
    """Cut around a centre, a little off it, from the photograph or from a window of it."""
    drive_px = photograph.drive_px
    away = np.clip(rng.normal(0, JITTER, 2), -2 * JITTER, 2 * JITTER)
    if nicked is not None:  # the window has a margin that the patch must not leave
        away = np.clip(away, -3.5, 3.5)
    shift = (away * drive_px).tolist()
    pixels, labels, inner = photograph.pixels, photograph.labels, center
    if nicked is not None:
        pixels, labels, inner = nicked.photograph, nicked.av_map, nicked.center
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
