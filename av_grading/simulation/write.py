"""Simulate nicking on whole photographs and write what comes of it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from av_grading.command_line.progress import progress
from av_grading.formats.errors import InputFileError, NotMeasurable
from av_grading.formats.files import png, write_whole
from av_grading.formats.images import read_map, read_patch
from av_grading.formats.manifest import GRADES, format_manifest
from av_grading.formats.patches import PIXELS, SIDE
from av_grading.simulation.crossing_window import WIDTHS, CrossingWindow, open_window
from av_grading.simulation.grades import MARGIN
from av_grading.simulation.protocols import PROTOCOLS, Protocol, grades_in_turn
from av_grading.simulation.sheet import draw_grades

PLACE = ("x", "y", "scale")
SIDES = ("first_x_px", "first_y_px")
EXAMPLES = 6


def truth_columns(protocol: Protocol) -> tuple[str, ...]:
    """Columns beside those of every manifest: place, the protocol's, and where in the patch the
    first side's arm ends."""
    return (*PLACE, *(column.name for column in protocol.columns), *SIDES)


TRUTH = truth_columns(PROTOCOLS["in_use_0_2_0"])
"""Of the protocol that is drawn unless another is asked for."""


@dataclass(frozen=True)
class Source:
    """A photograph with an artery/vein map.

    Attributes:
        name: of its set.
        photograph, av_map: files of one size.
        drive_px: length of one DRIVE px in px.
        centers: crossings, x and y (px).
    """

    name: str
    photograph: Path
    av_map: Path
    drive_px: float
    centers: Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Options:
    """What to write.

    Attributes:
        side: of a patch (DRIVE px).
        pixels: side of a patch (px).
        draws: patches of each crossing; four of them have each grade once, the next four again.
        protocol: what is drawn, and thresholds between grades.
        seed: of everything that is drawn.
        widths: least of a vein, and what it must stay below (DRIVE px).
    """

    side: float = SIDE
    pixels: int = PIXELS
    draws: int = 4
    protocol: Protocol = PROTOCOLS["in_use_0_2_0"]
    seed: int = 0
    widths: tuple[float, float] = WIDTHS


@dataclass
class Report:
    """What was written, and the photographs that failed."""

    lines: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)


def simulate_set(
    photographs: Sequence[Source], output: Path, options: Options, plain: Sequence[Source] = ()
) -> Report:
    """Draw nicking at every clear crossing of the photographs and write patches, maps, manifests.

    Crossings of `plain` photographs are written as they are.

    The draws of a photograph depend on the seed and its name alone, not on what else is there.

    Raises:
        OSError: the output cannot be written.
    """
    report, protocol = Report(), options.protocol
    rows: list[dict[str, object]] = []
    as_they_are: list[dict[str, object]] = []
    squeezed = 0
    examples: dict[int, list[NDArray[np.uint8]]] = {grade: [] for grade in GRADES}
    reasons: Counter[str] = Counter()
    planned = [(s, options.draws) for s in photographs] + [(s, 0) for s in plain]
    for source, draws in progress(planned, "simulating", "photograph"):
        group = f"{source.name}_{source.photograph.stem}"
        rng = np.random.default_rng([options.seed, *group.encode()])
        try:
            photograph, av_map = read_patch(source.photograph), read_map(source.av_map)
            if photograph.shape[:2] != av_map.shape:
                raise InputFileError(source.av_map, f"expected the size of {source.photograph}")
        except InputFileError as error:
            report.failures.append(str(error))
            continue
        for number, center in enumerate(source.centers):
            place = (center, source.drive_px, options.side, protocol.rule.pressed + MARGIN)
            try:
                window = protocol.prepare(open_window(photograph, av_map, *place, options.widths))
            except NotMeasurable as error:
                reasons[str(error).split(":")[0]] += 1
                continue
            row = {"group": group, "source": f"simulated:{source.name}", "x": round(center[0], 1)}
            row |= {"y": round(center[1], 1), "scale": _scale(options, source)}
            toward = dict(zip(SIDES, _first_end(window, options), strict=True))
            stem = f"{group}_{number}".replace(" ", "_")
            files = _save(window, output, f"{stem}_plain", options)
            as_they_are.append({**row, **files})
            squeezed += draws > 0
            for draw, grade in enumerate(grades_in_turn(rng, draws)):
                try:
                    drawn = protocol.draw(rng, grade, window)
                except NotMeasurable as error:
                    reasons[str(error)] += 1
                    continue
                again = f"_{draw // len(GRADES)}" if draw >= len(GRADES) else ""
                files = _save(drawn.apply(window), output, f"{stem}_{grade}{again}", options)
                rounded = {k: round(v, 3) for k, v in drawn.truth(window).items()}
                rows.append({**row, **files, **rounded, **toward, "grade": grade})
                if len(examples[grade]) < EXAMPLES and number % 5 == 0:
                    examples[grade].append(read_patch(output / str(files["patch"])))
    write_whole(output / "manifest.csv", format_manifest(rows, truth_columns(protocol)))
    write_whole(output / "unlabelled.csv", format_manifest(as_they_are, PLACE))
    write_whole(output / "grades.png", png(draw_grades(examples)))
    report.lines.append(f"{output / 'manifest.csv'}: {len(rows)} patches of {squeezed} crossings")
    report.lines.append(f"{output / 'unlabelled.csv'}: {len(as_they_are)} crossings as they are")
    report.lines += [f"left out {count}: {why}" for why, count in reasons.most_common()]
    return report


def _scale(options: Options, source: Source) -> float:
    """Patch px per photograph px."""
    return round(options.pixels / (options.side * source.drive_px), 4)


def _first_end(window: CrossingWindow, options: Options) -> tuple[float, float]:
    """x and y where the vein's first arm ends, in px of the patch; may lie outside."""
    scale = options.pixels / (options.side * window.drive_px)
    end = window.vein.line.first[-1] - np.array(window.center)
    x, y = (options.pixels - 1) / 2 + scale * end
    return round(float(x), 1), round(float(y), 1)


def _save(window: CrossingWindow, output: Path, stem: str, options: Options) -> dict[str, object]:
    """Write a patch and its map; their paths relative to `output`."""
    patch, av_map = window.patch(options.side, options.pixels)
    files = {"patch": f"patches/{stem}.png", "av_map": f"maps/{stem}.png"}
    for name, pixels in zip(files.values(), (patch, av_map), strict=True):
        write_whole(output / name, png(pixels))
    return dict(files)
