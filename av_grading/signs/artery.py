"""The artery: whether it lies above the vein, how wide it is, and its light reflex (Scheie)."""

from typing import TYPE_CHECKING

import numpy as np

from av_grading.languages.catalogue import translate
from av_grading.signs.sign import (
    ANSWERS,
    Column,
    Finding,
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
    from av_grading.signs.drawing import Drawing

QUESTIONABLE, PRESENT = 0.52, 0.57
"""Width of the reflex over the artery's, from which it is questionable and plain that it is
broadened. In a clinic's 64 eyes, of normal people and others, it is .40 ± .06."""
LEAST_VEIN = 1.0
"""A vein whose map is narrower than this has no width that another could be compared with (DRIVE
px)."""
ABOVE = (0.25, 0.75)
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
    if vessels is not None and vessels.artery_width > 0 and vessels.vein_width >= LEAST_VEIN:
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
    # The mean over the picture and its copies changes less from one file of an eye to another.
    mean = float(np.nanmean(ratio))
    cells["reflex_ratio"] = mean
    deviation = float(spread(ratio[:, None])[0])
    cells["reflex_answer"] = answer(mean, QUESTIONABLE, PRESENT, deviation)
    if np.isfinite(deviation):
        errors["reflex_ratio"] = deviation
    return Measurement(cells, errors)


def sentences(row: Row) -> list[str]:
    """Which vessel is above, the widths, and a reflex that is broadened."""
    found = []
    above, chance = text_in(row, "artery_above_answer"), number_in(row, "above_artery_probability")
    words = {
        "present": translate("The artery lies above the vein"),
        "questionable": translate("It is not clear whether the artery lies above the vein"),
        "absent": translate("The vein lies above the artery"),
    }.get(above)
    if words:
        if chance is not None:
            sure = translate("(probability that it is the artery: {share})", share=percent(chance))
            words = f"{words} {sure}"
        found.append(f"{words}.")
    ratio = number_in(row, "artery_over_vein_width")
    if ratio is not None:
        width = percent(ratio)
        found.append(translate("The artery is {share} as wide as the vein.", share=width))
    reflex, how = number_in(row, "reflex_ratio"), text_in(row, "reflex_answer")
    if reflex is not None and how in ("present", "questionable"):
        words = {
            "present": translate("Its light reflex is broadened"),
            "questionable": translate("Its light reflex may be broadened"),
        }[how]
        found.append(translate("{what}: {share} of its width.", what=words, share=percent(reflex)))
    return found


def drawing(look: "CloseLook", measurement: Measurement) -> "Drawing | None":
    """Brightness across the artery with its reflex; None where that is not broadened."""
    from av_grading.signs.drawing import Drawing, Shape, Text, box, line

    values = measurement.values
    ratio = number_in(values, "reflex_ratio")
    if ratio is None or text_in(values, "reflex_answer") not in ANSWERS[1:]:
        return None
    artery = look.visible_artery
    x = artery.offsets / artery.own_width
    near = np.abs(x) <= 1.0
    bright = 1 - artery.density[0] / max(float(artery.density[0][near].max()), 1e-6)
    profile = Shape(np.stack([x[near], bright[near]], axis=1), "measured")
    if text_in(values, "reflex_answer") == ANSWERS[2]:
        caption = translate("The artery’s light reflex is broadened")
    else:
        caption = translate("The artery’s light reflex may be broadened")
    return Drawing(
        translate("{what}, to {share} of its width.", what=caption, share=percent(ratio)),
        (-1.0, 1.0),
        (-0.25, 1.3),
        [
            box((-0.5, 0.5), (-0.25, 1.3), "artery"),
            box((-ratio / 2, ratio / 2), (-0.25, 1.3), "beyond"),
            profile,
            line((-ratio / 2, -0.12), (ratio / 2, -0.12)),
            Text(0.0, 1.08, percent(ratio)),
        ],
        axis=translate("Across the artery: how bright it is. Red: the artery. Light: its reflex."),
    )


SIGN = Sign(
    name="artery",
    position=6,
    title="The artery: above, width, light reflex",
    columns=COLUMNS,
    compute=compute,
    sentences=sentences,
    drawing=drawing,
    findings=(
        Finding(
            "reflex",
            "Light reflex (Scheie)",
            ("reflex_ratio",),
            "greatest width of an artery's light reflex over the artery's width",
            answer="reflex_answer",
        ),
        Finding(
            "artery_over_vein",
            "Artery over vein",
            ("artery_over_vein_width",),
            "least width of an artery over the vein's that it crosses",
            least=True,
        ),
    ),
)
