"""Signs drawn at crossings of real photographs, each alone and all together, with what is true."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from av_grading.formats.errors import NotMeasurable
from av_grading.signs.deflection import all_turns
from av_grading.signs.sign import SIDES
from av_grading.signs.visible_width import GAP, QUESTIONABLE, REGAINED
from av_grading.simulation.crossing_window import CrossingWindow
from av_grading.simulation.effects.banking import Banking
from av_grading.simulation.effects.bending import LENGTH, Bending
from av_grading.simulation.effects.concealment import Concealment
from av_grading.simulation.effects.effect import Wanted
from av_grading.simulation.effects.reflex import RandomReflex, Reflex
from av_grading.simulation.effects.taper import Taper
from av_grading.simulation.grades import GradeRule
from av_grading.simulation.protocols import PROTOCOLS, TAPER, Drawn
from av_grading.simulation.vein import dense_line
from av_grading.vessels.centerline import VesselLine
from av_grading.vessels.courses import FAR, NEAR, fit_course
from av_grading.vessels.visible import STEP
from av_screening.evaluation.squeezing import ClearCrossing, touching

Pixels = NDArray[np.uint8]

UNCHANGED, TOGETHER = "unchanged", "together"
KINDS = (UNCHANGED, "taper", "concealment", "banking", "bending", "reflex", TOGETHER)
"""What is drawn: nothing, one sign, or all of them."""
KEPT = {"taper": (0.3, 0.85), "concealment": (0.1, 0.85)}
"""Of width, and of contrast, that is left beside the artery on a side where it is drawn."""
SWOLLEN = (0.1, 0.6)
"""Of its own width a vein is wider beyond, from hardly to what is plain."""
SHIFT = (0.7, 3.0)
"""How far a vein is drawn aside (DRIVE px), likewise."""
SIDE_SHARE = 0.7
"""Of sides, those with taper and concealment where they are drawn."""
WIDEST_REFLEX = 3.0
"""Width of arteries from which a reflex is drawn (DRIVE px): thinner ones show none."""


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
        for side, gap, taper in zip(SIDES, way_to(drawn, GAP), tapers(drawn), strict=True):
            values[f"gap_{side}_vein_widths"] = gap
            values[f"taper_{side}_vein_widths"] = taper
        for name in ("taper_vein_widths", "gap_vein_widths"):
            del values[name]
        values["deflection_degrees"] = turns(drawn)
        values["reflex_ratio"] = self.reflex.ratio or float("nan")
        line = window.vein.line
        if measured is not None and _way(line) @ _way(measured) < 0:
            values = {_other_side(name): value for name, value in values.items()}
        return values


def way_to(drawn: CrossingWindow, share: float) -> tuple[float, float]:
    """How far from the artery's edge, on either arm, less than a share of the drawn vein is left to
    see (widths of the vein); 0 where there is more from the edge on, NaN where there never is."""
    visible = drawn.course.width * drawn.course.contrast
    ways = []
    for side in (-1, 1):
        arm = np.flatnonzero((side * drawn.course.along > 0) & (drawn.beyond >= 0))
        arm = arm[np.argsort(drawn.beyond[arm])]
        if not len(arm):
            ways.append(float("nan"))
            continue
        least = int(visible[arm].argmin())
        more = np.flatnonzero(visible[arm][least:] >= share)
        way = float(drawn.beyond[arm][least + more[0]]) if len(more) else float("nan")
        ways.append(0.0 if visible[arm][least] >= share else way / (2 * drawn.vein.half_width))
    return ways[0], ways[1]


def tapers(drawn: CrossingWindow) -> tuple[float, float]:
    """How far from the artery's edge the drawn vein has regained its own on either arm (widths of
    the vein); NaN where it lost too little to tell."""
    visible = drawn.course.width * drawn.course.contrast
    first, second = (
        way if drawn.measured.mean_beside(side, visible) <= 1 - QUESTIONABLE else float("nan")
        for side, way in zip((-1, 1), way_to(drawn, REGAINED), strict=True)
    )
    return first, second


def turns(drawn: CrossingWindow) -> float:
    """By how much the drawn vein's course turns, as `deflection_degrees` has it; NaN where its arms
    are too short."""
    points, along, normals = dense_line(drawn.vein.line)
    aside, beyond = (
        np.interp(along, drawn.course.along, part) for part in (drawn.course.aside, drawn.beyond)
    )
    places = points + aside[:, None] * normals
    away = np.arange(STEP / 2, FAR[1] + STEP, STEP)
    arms = []
    for side in (-1, 1):
        arm = np.flatnonzero((side * along > 0) & (beyond >= 0))
        arm = arm[np.argsort(beyond[arm])]
        if not len(arm):
            return float("nan")
        way = beyond[arm] / drawn.drive_px
        at = [np.interp(away, way, places[arm, k], right=np.nan) for k in (0, 1)]
        arms.append(np.stack(at, axis=-1))
    try:
        near, far = (fit_course(np.stack(arms)[None], away, between) for between in (NEAR, FAR))
    except NotMeasurable:
        return float("nan")
    return float(all_turns(near, far)[0])


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
