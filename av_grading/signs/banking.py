"""Banking (Bonnet's sign): the vein swells beyond the artery, where the blood is held up.

Darkness is added up no farther than a DRIVE px and a half beyond the vein's own walls, so that
neighbours do not count. The vein's own width is that of the side where it is narrower: a swelling
that takes up most of a side would be that side's own median.
"""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from av_grading.signs.sign import (
    ANSWERS,
    SIDES,
    Column,
    Measurement,
    Row,
    Sign,
    Value,
    answer,
    known,
    number_in,
    percent,
    text_in,
)

if TYPE_CHECKING:
    from av_grading.close_ups.close_look import CloseLook

Array = NDArray[np.float64]

SWELLING = 3.0
"""From this distance of the artery's edge on a vein may swell (DRIVE px)."""
OVER = 3.0
"""The swelling is that of a stretch of this length (DRIVE px)."""
OWN = 2.5
"""From this distance on the vein's own width is told (DRIVE px)."""
QUESTIONABLE, PRESENT = 1.25, 1.40
"""Width beyond the narrowing over the vein's own, from which banking is questionable and
present."""
_FEWEST = 8  # places that make a vein's own
_TOWARDS = 0.35  # cosine from which an arm leads to the disc, or from it

COLUMNS = (
    *(
        Column(
            f"banking_{side}",
            "share",
            f"greatest width of the vein beyond its narrowing over its own, {where}",
            error=f"banking_{side}_se",
        )
        for side, where in zip(SIDES, ("on the first side", "on the other side"), strict=True)
    ),
    Column("banking_upstream", "share", "the same, on the side away from the optic disc"),
    Column("banking_downstream", "share", "the same, on the side towards the optic disc"),
    Column("banking_answer", "", f"whether the vein swells: {', '.join(ANSWERS)}", kind="text"),
    Column("banking_not_measurable", "", "why not", kind="text"),
)


def compute(look: "CloseLook") -> Measurement:
    """Of each side that is long enough to know the vein's own width there; width is what
    the walls say and what the darkness across the vein says, the steadier walls twice as much."""
    from av_grading.formats.errors import NotMeasurable
    from av_grading.vessels.copies import median_known, spread

    try:
        vein = look.visible_vein
    except NotMeasurable as error:
        return Measurement({"banking_not_measurable": str(error)})
    width = (vein.swollen + 2 * vein.walls) / 3  # (R, 2, M)
    own_at = vein.away >= OWN
    enough = np.isfinite(width[0][:, own_at]).sum(axis=1) >= _FEWEST
    if not enough.any():
        return Measurement({"banking_not_measurable": "the vein is too short beyond the artery"})
    own = median_known(width[..., own_at])  # (R, 2)
    own = np.where(enough, own, np.inf).min(axis=1, keepdims=True)  # (R, 1)
    count = round(OVER / float(vein.away[1] - vein.away[0]))
    beyond = width[..., vein.away >= SWELLING]
    found = np.lib.stride_tricks.sliding_window_view(beyond, count, axis=2).mean(axis=3)
    widest = np.where(np.isfinite(found), found, -np.inf).max(axis=2)
    seen = np.isfinite(widest) & (own > 0.3) & enough
    ratio = np.where(seen, widest / np.maximum(own, 0.3), np.nan)
    if not np.isfinite(ratio[0]).any():
        return Measurement({"banking_not_measurable": "other vessels hide the vein"})
    deviation = spread(ratio)
    values = {f"banking_{side}": float(ratio[0, k]) for k, side in enumerate(SIDES)}
    for number, towards in enumerate(_towards_disc(look)):
        if abs(towards) >= _TOWARDS:
            name = "banking_downstream" if towards > 0 else "banking_upstream"
            values[name] = float(ratio[0, number])
    cells: dict[str, Value] = known(values)
    errors = {f"banking_{side}": float(deviation[k]) for k, side in enumerate(SIDES)}
    errors = {name: e for name, e in errors.items() if name in cells and e == e}
    side = int(np.where(np.isfinite(ratio[0]), ratio[0], -np.inf).argmax())
    cells["banking_answer"] = answer(
        float(ratio[0, side]), QUESTIONABLE, PRESENT, float(deviation[side])
    )
    return Measurement(cells, errors)


def _towards_disc(look: "CloseLook") -> tuple[float, float]:
    """Cosine between either arm and the way to the disc; of both the same but for the sign, so that
    one is upstream where the other is downstream; 0 without a disc."""
    if look.disc_direction is None or look.vessels is None or look.vessels.vein is None:
        return 0.0, 0.0
    vein = look.vessels.vein
    way = vein.second[-1] - vein.first[-1]
    cosine = float(way @ look.disc_direction / max(float(np.linalg.norm(way)), 1e-9))
    return -cosine, cosine


def sentences(row: Row) -> list[str]:
    """The stronger swelling, and on which side, where there is one."""
    how = text_in(row, "banking_answer")
    found = []
    if how in ("present", "questionable"):
        sides = {
            "upstream, away from the disc": number_in(row, "banking_upstream"),
            "downstream, towards the disc": number_in(row, "banking_downstream"),
        }
        told = {where: ratio for where, ratio in sides.items() if ratio is not None}
        if not told:
            both = {f"on the {side} side": number_in(row, f"banking_{side}") for side in SIDES}
            told = {where: ratio for where, ratio in both.items() if ratio is not None}
        if told:
            where = max(told, key=lambda name: told[name])
            start = "The vein swells" if how == "present" else "The vein may swell"
            found.append(f"{start} beyond the artery, to {percent(told[where])} {where} (banking).")
    if reason := text_in(row, "banking_not_measurable"):
        found.append(f"Banking not measured: {reason}.")
    return found


SIGN = Sign(
    name="banking",
    position=5,
    title="Banking (Bonnet)",
    columns=COLUMNS,
    compute=compute,
    sentences=sentences,
)
