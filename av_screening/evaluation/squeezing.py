"""Nicking drawn into whole photographs, so that everything after the camera meets it.

What is drawn is a protocol of the simulation. `in_use_0_2_0` is kept as it is (narrowing alone;
pressed below 0.85 of the vein's width, moderate below 0.60; veins of 2.5 DRIVE px and more), so
that figures compare over time.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from av_grading.formats.errors import NotMeasurable
from av_grading.formats.grade_definition import GRADES
from av_grading.formats.patches import SIDE
from av_grading.simulation.crossing_window import WIDTHS, CrossingWindow, open_window
from av_grading.simulation.grades import MARGIN, GradeRule
from av_grading.simulation.protocols import PROTOCOLS, Drawn, Protocol

Pixels = NDArray[np.uint8]

RULE = GradeRule(pressed=0.85, moderate=0.60)
PUBLISHED = PROTOCOLS["in_use_0_2_0"].with_rule(RULE)
"""As 0.2.0's figures were made with."""


@dataclass(frozen=True)
class ClearCrossing:
    """A labelled crossing that can be squeezed.

    Attributes:
        number: among the photograph's labelled crossings.
        center: x and y (px of the photograph).
        window: what is cut out around it.
    """

    number: int
    center: tuple[float, float]
    window: CrossingWindow

    @property
    def vein_width(self) -> float:
        """(DRIVE px)."""
        return 2 * self.window.vein.half_width / self.window.drive_px

    @property
    def corner(self) -> tuple[int, int]:
        """Column and row of the window's top left pixel in the photograph."""
        x, y = np.subtract(self.center, self.window.center).round().astype(int).tolist()
        return x, y


@dataclass(frozen=True)
class SqueezedCrossing:
    """A clear crossing with what is done to it.

    Attributes:
        crossing: the crossing.
        drawn: what the protocol draws.
    """

    crossing: ClearCrossing
    drawn: Drawn

    @property
    def grade(self) -> int:
        """That is simulated."""
        return self.drawn.grade

    @property
    def ratios(self) -> tuple[float, float]:
        """What is left of the vein beside the artery on both sides, as shares of its own."""
        return self.drawn.shares(self.crossing.window)

    @property
    def truth(self) -> dict[str, float]:
        """Values of the protocol's columns."""
        return self.drawn.truth(self.crossing.window)


def clear_crossings(
    pixels: Pixels,
    labels: Pixels,
    centers: Sequence[tuple[float, float]],
    drive_px: float,
    protocol: Protocol = PUBLISHED,
) -> tuple[list[ClearCrossing], list[str]]:
    """Crossings that are clear enough to be squeezed, and why the others are not.

    Args:
        pixels: RGB, (H, W, 3).
        labels: (H, W), 0-3.
        centers: labelled crossings, x and y (px).
        drive_px: length of one DRIVE px in px.
        protocol: that is to be drawn.
    """
    clear, reasons = [], []
    for number, center in enumerate(centers):
        try:
            window = open_window(
                pixels, labels, center, drive_px, SIDE, protocol.rule.pressed + MARGIN, WIDTHS
            )
            window = protocol.prepare(window)
        except NotMeasurable as error:
            reasons.append(str(error).split(":")[0])
        else:
            clear.append(ClearCrossing(number, center, window))
    return clear, reasons


def draw_rounds(
    crossings: Sequence[ClearCrossing],
    draws: int,
    rng: np.random.Generator,
    protocol: Protocol = PUBLISHED,
) -> Iterator[list[SqueezedCrossing]]:
    """Squeezes of every crossing, in rounds whose crossings can be squeezed in one photograph.

    Every crossing is squeezed `draws` times; in each draw the grades come in equal numbers, and
    four draws give every crossing each grade once. What a protocol cannot draw at a crossing is
    left out.
    """
    shift = rng.permutation(len(crossings))
    for draw in range(draws):
        for members in _rounds(crossings, rng):
            chosen = []
            for i in members:
                grade = GRADES[int(shift[i] + draw) % len(GRADES)]
                try:
                    chosen.append(squeezed_to(crossings[i], grade, rng, protocol))
                except NotMeasurable:
                    continue
            if chosen:
                yield chosen


def squeezed_to(
    crossing: ClearCrossing,
    grade: int,
    rng: np.random.Generator,
    protocol: Protocol = PUBLISHED,
) -> SqueezedCrossing:
    """A crossing with nicking of a grade.

    Raises:
        NotMeasurable: it cannot be drawn there.
    """
    return SqueezedCrossing(crossing, protocol.draw(rng, grade, crossing.window))


def _rounds(crossings: Sequence[ClearCrossing], rng: np.random.Generator) -> list[list[int]]:
    """Rounds of indices: in any order, each into the first round where it touches no other."""
    rounds: list[list[int]] = []
    for i in rng.permutation(len(crossings)).tolist():
        for members in rounds:
            if not any(touching(crossings[i], crossings[j]) for j in members):
                members.append(i)
                break
        else:
            rounds.append([i])
    return rounds


def touching(one: ClearCrossing, other: ClearCrossing) -> bool:
    """Whether what is cut around two crossings of a photograph has a pixel in common."""
    (x, y), (u, v) = one.corner, other.corner
    height, width = one.window.av_map.shape
    return bool(abs(x - u) <= width and abs(y - v) <= height)


def squeeze_photograph(pixels: Pixels, crossings: Sequence[SqueezedCrossing]) -> Pixels:
    """A copy of a photograph (H, W, 3) with crossings squeezed in it.

    Raises:
        ValueError: two of them touch.
    """
    for i, one in enumerate(crossings):
        if any(touching(one.crossing, other.crossing) for other in crossings[:i]):
            raise ValueError("expected crossings that do not touch each other, found two that do")
    squeezed = pixels.copy()
    for chosen in crossings:
        window = chosen.crossing.window
        inside = chosen.drawn.apply(window).photograph
        if inside is not window.photograph:
            x, y = chosen.crossing.corner
            height, width = inside.shape[:2]
            squeezed[y : y + height, x : x + width] = inside
    return squeezed
