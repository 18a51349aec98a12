"""Signs drawn at crossings of real photographs, each alone and all together, with what is true."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from av_grading.formats.errors import NotMeasurable
from av_grading.simulation.crossing_window import CrossingWindow
from av_grading.simulation.effects.banking import SWOLLEN, Banking
from av_grading.simulation.effects.bending import LENGTH, SHIFT, Bending
from av_grading.simulation.effects.concealment import Concealment
from av_grading.simulation.effects.effect import Wanted
from av_grading.simulation.effects.reflex import RandomReflex, Reflex
from av_grading.simulation.effects.taper import Taper
from av_grading.simulation.grades import GradeRule
from av_grading.simulation.protocols import PROTOCOLS, TAPER, Drawn
from av_grading.vessels.centerline import VesselLine
from av_screening.evaluation.squeezing import ClearCrossing, touching

Pixels = NDArray[np.uint8]

UNCHANGED, TOGETHER = "unchanged", "together"
KINDS = (UNCHANGED, "taper", "concealment", "banking", "bending", "reflex", TOGETHER)
"""What is drawn: nothing, one sign, or all of them."""
KEPT = {"taper": (0.3, 0.85), "concealment": (0.1, 0.85)}
"""Of width, and of contrast, that is left beside the artery on a side where it is drawn."""
SIDE_SHARE = 0.7
"""Of sides, those with taper and concealment where they are drawn."""
WIDEST_REFLEX = 3.0
"""Width of arteries from which a reflex is drawn (DRIVE px): thinner ones show none."""
LOST = 0.25
"""A vein of which less is lost does not taper."""
REGAINED = 0.9
"""Share of itself at which a vein's taper ends."""


@dataclass(frozen=True)
class DrawnSigns:
    """Signs at one crossing.

    Attributes:
        crossing: where they are drawn.
        kind: of `KINDS`.
        veins: what is done to the vein.
        reflex: and to the artery.
    """

    crossing: ClearCrossing
    kind: str
    veins: Drawn
    reflex: Reflex

    def apply(self) -> CrossingWindow:
        """The crossing after all that is drawn."""
        window = self.veins.apply(self.crossing.window)
        return RandomReflex().apply(window, self.reflex)

    def truth(self, measured: VesselLine | None) -> dict[str, float]:
        """What is true of it, the vein's sides as they were measured.

        Args:
            measured: the vein as it was followed in any picture that is not turned; None leaves
                the sides in the order of the arms.
        """
        window = self.crossing.window
        values = self.veins.truth(window)
        drawn = window
        for effect, amount in zip(self.veins.protocol.effects, self.veins.amounts, strict=True):
            drawn = effect.apply(drawn, amount)
        _, concealment, _, bending = self.veins.amounts
        gaps = concealment.gap_first, concealment.gap_second
        for side, gap, taper in zip(("first", "second"), gaps, taper_ends(drawn), strict=True):
            values[f"gap_{side}_vein_widths"] = gap
            values[f"taper_{side}_vein_widths"] = taper
        for name in ("taper_vein_widths", "gap_vein_widths", "shift_drive_px"):
            del values[name]
        shift = abs(bending.shift) * window.drive_px
        values["shift_aside_vein_widths"] = shift / (2 * window.vein.half_width)
        values["reflex_ratio"] = self.reflex.ratio or float("nan")
        line = window.vein.line
        if measured is not None and _way(line) @ _way(measured) < 0:
            values = {_other_side(name): value for name, value in values.items()}
        return values


def taper_ends(drawn: CrossingWindow) -> tuple[float, float]:
    """How far from the artery's edge, on either arm, the drawn vein has regained `REGAINED` of what
    it is by itself (widths of the vein); NaN where it did not lose `LOST`."""
    course, beyond = drawn.course, drawn.beyond
    visible = course.width * course.contrast
    ends = []
    for side in (-1, 1):
        arm = (side * course.along > 0) & (beyond >= 0)
        beside = drawn.measured.mean_beside(side, visible)
        short = beyond[arm & (visible < REGAINED)]
        # A swelling beyond it does not count: the first place with the share ends the taper.
        order = np.argsort(beyond[arm])
        reached = np.flatnonzero(visible[arm][order] >= REGAINED)
        if beside > 1 - LOST or not len(short) or not len(reached):
            ends.append(float("nan"))
            continue
        after_gap = reached[beyond[arm][order][reached] > beyond[arm][visible[arm].argmin()]]
        end = beyond[arm][order][after_gap[0]] if len(after_gap) else short.max()
        ends.append(float(end) / (2 * drawn.vein.half_width))
    return ends[0], ends[1]


def draw_signs(crossing: ClearCrossing, kind: str, rng: np.random.Generator) -> DrawnSigns | None:
    """Draw a kind at a crossing; None where it has no place there."""
    window, protocol = crossing.window, PROTOCOLS["clinical"]
    parts = KINDS[1:-1] if kind == TOGETHER else (kind,)
    length = float(rng.uniform(*TAPER))
    has = {
        part: _kept(rng, KEPT[part]) if part in parts else (None, None)
        for part in ("taper", "concealment")
    }
    wanted = Wanted(
        0, GradeRule(), width=has["taper"], contrast=has["concealment"], taper_vein_widths=length
    )
    taper, concealment, banking, bending = (
        Taper(vein_widths=length),
        Concealment(vein_widths=length),
        Banking(start=0.7 * length),
        Bending(),
    )
    amounts: list[Any] = [taper, concealment, banking, bending]
    try:
        if "taper" in parts:
            amounts[0] = protocol.effects[0].draw(rng, wanted, window)
        if "concealment" in parts:
            amounts[1] = protocol.effects[1].draw(rng, wanted, window)
    except NotMeasurable:
        return None
    if "banking" in parts:
        swollen, side = float(rng.uniform(*SWOLLEN)), int(rng.integers(2))
        first, second = (swollen if side == k else 0.0 for k in (0, 1))
        amounts[2] = Banking(first, second, 0.7 * length)
    if "bending" in parts:
        shift = float(rng.uniform(*SHIFT)) * float(rng.choice((-1, 1)))
        amounts[3] = Bending(shift, float(rng.uniform(*LENGTH)))
    reflex = Reflex()
    if "reflex" in parts:
        if 2 * window.artery.half_width / window.drive_px >= WIDEST_REFLEX:
            reflex = RandomReflex().draw(rng, wanted, window)
        elif kind == "reflex":
            return None
    return DrawnSigns(crossing, kind, Drawn(protocol, 0, tuple(amounts)), reflex)


def _kept(
    rng: np.random.Generator, between: tuple[float, float]
) -> tuple[float | None, float | None]:
    """What is left on either side; at least one of them has lost some."""
    drawn = rng.random(2) < SIDE_SHARE
    drawn[int(rng.integers(2))] = True
    first, second = (float(rng.uniform(*between)) if there else None for there in drawn)
    return first, second


def draw_together(drawn: Sequence[DrawnSigns]) -> list[list[DrawnSigns]]:
    """Rounds that can be drawn into one photograph: no two of a round touch."""
    rounds: list[list[DrawnSigns]] = []
    for one in drawn:
        for members in rounds:
            if not any(touching(one.crossing, other.crossing) for other in members):
                members.append(one)
                break
        else:
            rounds.append([one])
    return rounds


def draw_into(pixels: Pixels, drawn: Sequence[DrawnSigns]) -> Pixels:
    """A copy of a photograph (H, W, 3) with signs drawn at crossings that do not touch."""
    changed = pixels.copy()
    for one in drawn:
        window = one.crossing.window
        inside = one.apply().photograph
        if inside is not window.photograph:
            x, y = one.crossing.corner
            height, width = inside.shape[:2]
            changed[y : y + height, x : x + width] = inside
    return changed


def _way(line: VesselLine) -> NDArray[np.float64]:
    return np.asarray(line.second[-1] - line.first[-1], np.float64)


def _other_side(name: str) -> str:
    words = {"first": "second", "second": "first"}
    return "_".join(words.get(word, word) for word in name.split("_"))
