"""Banking (Bonnet's sign): the vein swells beyond the artery, where the blood is held up.

Darkness is added up no farther than a DRIVE px and a half beyond the vein's own walls, so that
neighbours do not count. The vein's own width is that of the side where it is narrower: a swelling
that takes up most of a side would be that side's own median.

A swelling ends: beyond it the vein is as wide as before. A vein that stays wide does not bank.
Nothing is told from where another vessel joins it, nor of a side that is wide where last seen.
"""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from av_grading.languages.catalogue import translate, translate_reason
from av_grading.signs.sign import (
    ANSWERS,
    SIDES,
    Column,
    Finding,
    Measurement,
    Row,
    Sign,
    Value,
    answer,
    known,
    number_in,
    on_side,
    percent,
    side_name,
    text_in,
)

if TYPE_CHECKING:
    from av_grading.close_ups.close_look import CloseLook
    from av_grading.signs.drawing import Drawing

Array = NDArray[np.float64]

SWELLING = 3.0
"""From this distance of the artery's edge on a vein may swell (DRIVE px)."""
OVER = 2.5
"""The swelling is that of a stretch of this length (DRIVE px); chosen, as `ENDS`, on swellings that
are drawn into training photographs and on what is called present of their real crossings."""
ENDS = 1.0
"""Beyond it the vein is seen as narrow again over this length (DRIVE px)."""
JOINED = 1.8
"""From where it is so many times as wide as its own, another vessel joins the vein."""
OWN = 2.5
"""From this distance on the vein's own width is told (DRIVE px)."""
QUESTIONABLE, PRESENT = 1.35, 1.45
"""Width beyond the narrowing over the vein's own, from which banking is questionable and
present: at 6 and 3 of a clinic's 100 graded crossings, next to none of which were seen to bank."""
_OPEN = 1.25  # a vein so much wider than its own where it is last seen may swell on
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
    widest = _widest(width[..., vein.away >= SWELLING], own, float(vein.away[1] - vein.away[0]))
    seen = np.isfinite(widest) & (own > 0.3) & enough
    ratio = np.where(seen, widest, np.nan)
    if not np.isfinite(ratio[0]).any():
        return Measurement(
            {"banking_not_measurable": "the vein is not seen to where it would end to swell"}
        )
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


def _widest(width: Array, own: Array, step: float) -> Array:
    """The greatest swelling of each side, as a share of what is wider: the vein's own, or the
    vein beyond it; -inf where none can be told.

    Args:
        width: from where a vein may swell, (R, 2, M).
        own: the vein's, (R, 1).
        step: between places (DRIVE px).
    """
    least = np.maximum(own, 0.3)[..., None]
    joined = np.logical_or.accumulate(width > JOINED * least, axis=2)
    width = np.where(joined, np.nan, width)
    over, ends = (round(length / step) for length in (OVER, ENDS))
    swelling, beyond = (
        np.lib.stride_tricks.sliding_window_view(width, count, axis=2).mean(axis=3)
        for count in (over, ends)
    )
    # Of all that follows, where it is narrowest; NaN where nothing is seen to follow.
    narrowest = np.fmin.accumulate(beyond[..., ::-1], axis=2)[..., ::-1][..., over:]
    follows = np.full_like(swelling, np.nan)
    follows[..., : narrowest.shape[2]] = narrowest
    ended = _greatest(swelling / np.maximum(np.minimum(follows, swelling), least))
    # Wide where it is last seen: it may end or not.
    open_end = _greatest(np.where(np.isnan(follows), swelling, np.nan) / least)
    return np.asarray(np.where(open_end >= np.maximum(ended, _OPEN), -np.inf, ended))


def _greatest(values: Array) -> Array:
    """Along the last axis; -inf where none is known."""
    return np.asarray(np.where(np.isfinite(values), values, -np.inf).max(axis=-1, initial=-np.inf))


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
    found = []
    start = _start(row)
    if start and (strongest := _strongest(row)):
        side, share = strongest
        width = {
            "upstream": translate("{share} upstream, away from the disc", share=share),
            "downstream": translate("{share} downstream, towards the disc", share=share),
        }.get(side) or on_side(side, share)
        text = translate(
            "{start} beyond the artery, to {width} (banking).", start=start, width=width
        )
        found.append(text)
    if reason := text_in(row, "banking_not_measurable"):
        why = translate_reason(reason)
        found.append(translate("Banking not measured: {why}.", why=why))
    return found


def _start(row: Row) -> str:
    """Of a sentence on whether the vein swells; empty where it does not."""
    return {
        "present": translate("The vein swells"),
        "questionable": translate("The vein may swell"),
    }.get(text_in(row, "banking_answer"), "")


def _strongest(row: Row) -> tuple[str, str] | None:
    """Where the vein is widest, and its share there; of equal ones up- or downstream."""
    places = ("upstream", "downstream", *SIDES)
    known = {place: number_in(row, f"banking_{place}") for place in places}
    told = {place: ratio for place, ratio in known.items() if ratio is not None}
    if not told:
        return None
    widest = max(told, key=lambda place: told[place])
    return widest, percent(told[widest])


def drawing(look: "CloseLook", measurement: Measurement) -> "Drawing | None":
    """The vein straightened, with what is wider than its own; None where it does not swell."""
    from av_grading.signs.drawing import Drawing, Shape, Text, box, line, silhouette
    from av_grading.vessels.copies import median_known

    values = measurement.values
    if text_in(values, "banking_answer") not in ANSWERS[1:]:
        return None
    vein = look.visible_vein
    width = (vein.visible[0] + vein.walls) / 2
    own = np.maximum(median_known(width[:, vein.away >= OWN]), 0.3)
    edges = vein.edges / vein.own_width
    reach = float(edges.max()) + _SHOWN
    parts: list[Shape | Text] = []
    for number, (side, sign) in enumerate(zip(SIDES, (-1, 1), strict=True)):
        x = sign * (vein.edges[number] + vein.away) / vein.own_width
        near = np.abs(x) <= reach
        seen = width[number] / (own[number] if own[number] == own[number] else 1.0)
        parts += silhouette(x[near], np.clip(seen[near], 0, _MOST), "beyond")
        parts += silhouette(x[near], np.clip(seen[near], 0, 1), "vein")
        swollen = number_in(values, f"banking_{side}")
        if swollen is not None:
            at = sign * (float(edges[number]) + _SHOWN / 2)
            parts.append(Text(at, -0.95, percent(swollen)))
        parts.append(Text(sign * reach, 0.9, side_name(side), {-1: "start", 1: "end"}[sign]))
    dashed = [line((-reach, y), (reach, y), kind="own") for y in (0.5, -0.5)]
    artery = box((-float(edges[0]), float(edges[1])), (-1.05, 1.05), "artery")
    return Drawing(
        _caption(values),
        (-reach, reach),
        (-1.1, 1.1),
        [*parts, *dashed, artery],
        axis=translate("Along the vein. Orange: wider than its own width, which is dashed."),
    )


_SHOWN, _MOST = 3.4, 1.8  # of the vein beyond the artery (vein widths); wider ones say no more


def _caption(values: Row) -> str:
    """In a clinician's words: the stronger swelling, and where."""
    strongest = _strongest(values)
    if strongest is None:
        return f"{_start(values)}."
    side, share = strongest
    what = translate("{share} of its width", share=share)
    width = {
        "upstream": translate("{what} upstream, on the side away from the disc", what=what),
        "downstream": translate("{what} downstream, on the side towards the disc", what=what),
    }.get(side) or on_side(side, what)
    return translate("{start} beyond the artery, to {width}.", start=_start(values), width=width)


SIGN = Sign(
    name="banking",
    position=5,
    title="Banking (Bonnet)",
    columns=COLUMNS,
    compute=compute,
    sentences=sentences,
    drawing=drawing,
    findings=(
        Finding(
            "banking",
            "Banking (Bonnet)",
            ("banking_first", "banking_second"),
            "greatest width of a vein beyond its narrowing, over its own",
            answer="banking_answer",
        ),
    ),
)
