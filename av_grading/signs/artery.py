"""The artery: whether it lies above the vein, how wide it is, and its light reflex (Scheie)."""

from typing import TYPE_CHECKING

import numpy as np

from av_grading.signs.sign import (
    ANSWERS,
    Column,
    Measurement,
    Row,
    Sign,
    Value,
    answer,
    number_in,
    percent,
    text_in,
)

if TYPE_CHECKING:
    from av_grading.close_ups.close_look import CloseLook

QUESTIONABLE, PRESENT = 0.40, 0.50
"""Width of the reflex over the artery's, from which it is questionable and plain that it is
broadened."""
ABOVE = (0.3, 0.7)
"""Probability from which it is questionable and plain that the artery lies above."""

COLUMNS = (
    Column(
        "artery_over_vein_width",
        "share",
        "width of the artery over the vein's own, both away from the crossing",
    ),
    Column(
        "reflex_ratio",
        "share",
        "width of the artery's light reflex at half its height over the artery's width; empty "
        "where no reflex is seen",
        error="reflex_ratio_se",
    ),
    Column(
        "artery_above_answer",
        "",
        f"whether the artery lies above the vein: {', '.join(ANSWERS)}",
        kind="text",
    ),
    Column(
        "reflex_answer",
        "",
        f"whether the artery's light reflex is broadened: {', '.join(ANSWERS)}",
        kind="text",
    ),
    Column("reflex_not_measurable", "", "why not", kind="text"),
)


def compute(look: "CloseLook") -> Measurement:
    """What is known of the artery; each part by itself."""
    from av_grading.formats.errors import NotMeasurable
    from av_grading.vessels.copies import spread
    from av_grading.vessels.reflex import LEAST_WIDTH, reflex_ratio, too_narrow

    cells: dict[str, Value] = {}
    errors: dict[str, float] = {}
    if look.artery_above is not None:
        cells["artery_above_answer"] = answer(look.artery_above, *ABOVE)
    vessels = look.vessels
    if vessels is not None and vessels.artery_width > 0 and vessels.vein_width > 0:
        cells["artery_over_vein_width"] = vessels.artery_width / vessels.vein_width
    try:
        if vessels is not None and 0 < vessels.artery_width < LEAST_WIDTH:
            # Said before its profile is taken: most arteries are thin, and profiles take time.
            raise NotMeasurable(too_narrow(vessels.artery_width))
        artery = look.visible_artery
        ratio, _ = reflex_ratio(artery.density, artery.offsets, artery.own_width)
    except NotMeasurable as error:
        cells["reflex_not_measurable"] = str(error)
        return Measurement(cells)
    cells["reflex_ratio"] = float(ratio[0])
    deviation = float(spread(ratio[:, None])[0])
    cells["reflex_answer"] = answer(float(ratio[0]), QUESTIONABLE, PRESENT, deviation)
    if np.isfinite(deviation):
        errors["reflex_ratio"] = deviation
    return Measurement(cells, errors)


def sentences(row: Row) -> list[str]:
    """Which vessel is above, the widths, and a reflex that is broadened."""
    found = []
    above, chance = text_in(row, "artery_above_answer"), number_in(row, "above_artery_probability")
    words = {
        "present": "The artery lies above the vein",
        "questionable": "It is not clear whether the artery lies above the vein",
        "absent": "The vein lies above the artery",
    }.get(above)
    if words:
        sure = "" if chance is None else f" (probability that it is the artery: {percent(chance)})"
        found.append(f"{words}{sure}.")
    ratio = number_in(row, "artery_over_vein_width")
    if ratio is not None:
        found.append(f"The artery is {percent(ratio)} as wide as the vein.")
    reflex, how = number_in(row, "reflex_ratio"), text_in(row, "reflex_answer")
    if reflex is not None and how in ("present", "questionable"):
        start = "Its light reflex is" if how == "present" else "Its light reflex may be"
        found.append(f"{start} broadened: {percent(reflex)} of its width.")
    return found


SIGN = Sign(
    name="artery",
    position=6,
    title="The artery: above, width, light reflex",
    columns=COLUMNS,
    compute=compute,
    sentences=sentences,
)
