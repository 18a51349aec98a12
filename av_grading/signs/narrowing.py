"""What is left of the vein's width beside the artery, as the narrowing network reads it."""

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
    percent,
)

if TYPE_CHECKING:
    from av_grading.close_ups.close_look import CloseLook

OUTPUT = "narrowing"
"""Of the network among `CloseLook.outputs`: ratios of both sides and their standard deviations,
(2, 2)."""
RATIOS = ("read_ratio_first", "read_ratio_second")

COLUMNS = (
    Column(
        RATIOS[0],
        "share",
        "what is left of the vein's width beside the artery, on the first side, as the narrowing "
        "network reads it",
        error="read_ratio_first_sd",
    ),
    Column(RATIOS[1], "share", "on the other side", error="read_ratio_second_sd"),
)


def compute(look: "CloseLook") -> Measurement:
    """What the network says; nothing where it was not asked."""
    output = look.outputs.get(OUTPUT)
    if output is None:
        return Measurement({})
    ratios, deviations = output
    return Measurement(
        dict(zip(RATIOS, map(float, ratios), strict=True)),
        dict(zip(RATIOS, map(float, deviations), strict=True)),
    )


def sentences(row: Row) -> list[str]:
    """One, of the sides that are known."""
    sides = []
    for side in SIDES:
        ratio, sd = number_in(row, f"read_ratio_{side}"), number_in(row, f"read_ratio_{side}_sd")
        if ratio is not None and sd is not None:
            sides.append(on_side(side, f"{percent(ratio)} (±{100 * sd:.0f})"))
    if not sides:
        return []
    text = translate(
        "Read from the straightened vein, beside the artery it has this share of its own width: "
        "{sides}.",
        sides=", ".join(sides),
    )
    return [text]


SIGN = Sign(
    name="narrowing",
    position=1,
    title="Narrowing, read by a network",
    columns=COLUMNS,
    compute=compute,
    sentences=sentences,
    findings=(
        Finding(
            "read_ratio",
            "Narrowing, read by a network",
            RATIOS,
            "least share of a vein's width beside an artery, as the narrowing network reads it",
            least=True,
        ),
    ),
)
