"""Both sides of the vein and its bend, as networks that learned from machine readings see them."""

from typing import TYPE_CHECKING

from av_grading.languages.catalogue import translate
from av_grading.signs.sign import (
    SIDES,
    Column,
    Finding,
    Measurement,
    Row,
    Sign,
    number_in,
    on_side,
)

if TYPE_CHECKING:
    from av_grading.close_ups.close_look import CloseLook

OUTPUT = "reading"
"""Among `CloseLook.outputs`: expected reading of the first and second side, and the probability
that the vein is bent, (3,)."""
WORDS = (
    "its own width and darkness",
    "a little less width or darkness",
    "plainly less width or darkness",
    "hardly anything left to see",
)
"""Of a side's reading, 0-3."""

COLUMNS = (
    Column(
        "side_first_expected",
        "",
        "expected machine reading of the vein's first side beside the artery: 0 its own width and "
        "darkness, 1 a little narrower or paler, 2 plainly narrower or half hidden, 3 it vanishes",
        decimals=2,
    ),
    Column("side_second_expected", "", "on the other side", decimals=2),
    Column("bent_probability", "probability", "probability that the vein is read as bent"),
)


def compute(look: "CloseLook") -> Measurement:
    """What the networks say; nothing where they were not asked."""
    output = look.outputs.get(OUTPUT)
    if output is None:
        return Measurement({})
    return Measurement({c.name: float(v) for c, v in zip(COLUMNS, output, strict=True)})


def sentences(row: Row) -> list[str]:
    """One of the sides, one of a bend that is likely."""
    sides = []
    for side in SIDES:
        value = number_in(row, f"side_{side}_expected")
        if value is not None:
            sides.append(on_side(side, translate(WORDS[min(3, int(value + 0.5))])))
    found = []
    if sides:
        found.append(translate("Beside the artery the vein has {sides}.", sides=", ".join(sides)))
    bent = number_in(row, "bent_probability")
    if bent is not None and bent >= 0.5:
        text = translate("The vein bends at the artery (probability {share}).", share=f"{bent:.2f}")
        found.append(text)
    return found


SIGN = Sign(
    name="read_sides",
    position=7,
    title="Sides of the vein, as read",
    columns=COLUMNS,
    compute=compute,
    sentences=sentences,
    findings=(
        Finding(
            "side",
            "Side of the vein, as read",
            ("side_first_expected", "side_second_expected"),
            "greatest expected machine reading of a vein's side beside an artery, 0-3",
            unit="",
            decimals=2,
        ),
        Finding(
            "bent",
            "Bent, as read",
            ("bent_probability",),
            "greatest probability that a vein is read as bent",
            unit="probability",
        ),
    ),
)
