"""How much of the vein is left to see beside the artery: its width times its contrast.

Two things take it away, which are told apart: narrowing, where the walls come together, and
concealment, where the vein pales behind the artery's opaque wall.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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
    Polyline,
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
from av_grading.signs.strip_signs import read_by_strip

if TYPE_CHECKING:
    from av_grading.close_ups.close_look import CloseLook
    from av_grading.signs.drawing import Drawing
    from av_grading.vessels.visible import VisibleVessel

Array = NDArray[np.float64]

BESIDE = 2.5
"""So far from the artery's edge a vein lies beside it (DRIVE px)."""
GAP = 1 / 3
"""A vein of which less than this is left to see has a gap (share of its own)."""
CLOSED = 0.5
"""Where the sign strip reads this much as left to see, there is no gap."""
REGAINED = 0.9
"""From this share on it has its own width again."""
QUESTIONABLE, PRESENT = 0.25, 0.40
"""Share of the visible width that is lost on the worse side, from which the sign is questionable
and present. On clear crossings whose vein reads as untouched 7 in 100 are called present."""
PALE = 0.5
"""Where a vein has less than this of its own contrast, it is not said to narrow."""
NARROWING = (0.25, 0.35)
"""The same of the width between the walls, for narrowing."""
CONCEALMENT = (0.25, 0.35)
"""The same of the contrast, for concealment."""
THRESHOLDS = {
    "visible_width": (QUESTIONABLE, PRESENT),
    "narrowing": NARROWING,
    "concealment": CONCEALMENT,
}
"""By what is answered."""
_LENGTHS = np.geomspace(1.5, 14, 18)  # of losses that are tried (DRIVE px)
_LEVEL = 10.0  # places that say that beyond its loss a vein has its own width
_READ = 5.0  # and that count as much as what is read beside the artery
_MORE = 0.4  # of a vein that is darker in a place no more says anything of its taper
_MOST = 1.5  # shares above this say no more

_SIDE = {"first": "on the first side", "second": "on the other side"}


def _columns() -> tuple[Column, ...]:
    found = []
    for name, meaning in (
        (
            "visible_width",
            "least visible width beside the artery, width times contrast as a share of the "
            "vein's own",
        ),
        ("wall_width", "least width between the walls beside the artery, as a share of its own"),
        ("contrast", "least contrast beside the artery, as a share of the vein's own"),
    ):
        for side in SIDES:
            column = f"{name}_{side}"
            meant = f"{meaning}, {_SIDE[side]}"
            found.append(Column(column, "share", meant, error=f"{column}_se"))
    for side in SIDES:
        found.append(
            Column(
                f"gap_{side}_vein_widths",
                "vein_widths",
                "how far from the artery's edge less than a third of the vein is left to see, "
                + _SIDE[side],
                error=f"gap_{side}_vein_widths_se",
                decimals=2,
            )
        )
    for side in SIDES:
        found.append(
            Column(
                f"taper_{side}_vein_widths",
                "vein_widths",
                "how far from the artery's edge the vein has regained 90 % of its own visible "
                f"width, {_SIDE[side]}; empty where a quarter of it is not lost",
                error=f"taper_{side}_vein_widths_se",
                decimals=2,
            )
        )
    answers = ", ".join(ANSWERS)
    for name, what in (
        ("visible_width", "loss of visible width"),
        ("narrowing", "narrowing"),
        ("concealment", "concealment"),
    ):
        found.append(
            Column(f"{name}_answer", "", f"whether there is {what}: {answers}", kind="text")
        )
    found.append(Column("visible_width_not_measurable", "", "why not", kind="text"))
    return tuple(found)


@dataclass(frozen=True)
class _Lost:
    """What is drawn: places with a gap, (2, M)."""

    gap: NDArray[np.bool_]


def compute(look: "CloseLook") -> Measurement:
    """Of each side by itself. What is left is what the sign strip reads, where it was asked; taper,
    gaps and pictures, and all without it, are measured along the vein: a side whose vein cannot be
    seen beside the artery has none of these."""
    read = read_by_strip(look)
    measured = _measured(look, None if read is None else read["visible_width"][0])
    return measured if read is None else _as_read(read, measured)


def _measured(look: "CloseLook", read: Array | None) -> Measurement:
    """What is measured along the vein; its taper begins with what is read to be left, (2,), where
    that is known."""
    from av_grading.formats.errors import NotMeasurable
    from av_grading.vessels.copies import least, spread

    try:
        vein = look.visible_vein
    except NotMeasurable as error:
        return Measurement({"visible_width_not_measurable": str(error)})
    beside = vein.between(0.0, BESIDE)
    dark = np.clip(least(vein.visible[..., beside]), 0, _MOST)  # (R, 2)
    contrast = np.clip(least(vein.contrast[..., beside]), 0, _MOST)
    width = np.clip(least(vein.width[:, beside]), 0, _MOST)  # (2,)
    walls = np.clip(least(vein.walls[:, beside]), 0, _MOST)
    # Width times contrast, told twice: by the darkness across, and by the map and contrast.
    visible = (dark + contrast * width) / 2
    if not np.isfinite(visible[0]).any():
        return Measurement(
            {"visible_width_not_measurable": "other vessels hide the vein beside the artery"}
        )
    profile = np.clip(vein.visible, 0, _MOST)
    profile = (profile + np.clip(vein.contrast, 0, _MOST) * np.clip(vein.width, 0, _MOST)) / 2
    per_width = 1 / vein.own_width
    step = float(vein.away[1] - vein.away[0])
    gone = _from_edge(profile, GAP)
    gap = gone.sum(axis=2) * step * per_width
    taper = _taper(profile, vein.away, read) * per_width
    lost = (visible[0] if read is None else read) <= 1 - QUESTIONABLE
    values: dict[str, float] = {}
    errors: dict[str, float] = {}
    measured: tuple[tuple[str, Array], ...] = (
        ("visible_width_{}", visible),
        ("wall_width_{}", walls[None]),
        ("contrast_{}", np.where(np.isfinite(visible), contrast, np.nan)),
        ("gap_{}_vein_widths", np.where(np.isfinite(visible), gap, np.nan)),
        ("taper_{}_vein_widths", np.where(lost, taper, np.nan)),
    )
    for name, found in measured:
        deviation = spread(found) if len(found) > 1 else np.full(2, np.nan)
        for number, side in enumerate(SIDES):
            values[name.format(side)] = float(found[0, number])
            if np.isfinite(deviation[number]):
                errors[name.format(side)] = float(deviation[number])
    cells: dict[str, Value] = known(values)
    errors = {name: e for name, e in errors.items() if name in cells}
    # A vein that has paled has no walls that could come together.
    told = np.where(vein.contrast[0] >= PALE, np.clip(vein.walls, 0, _MOST), np.nan)[:, beside]
    kept = {
        "visible_width": (visible[0], spread(visible)),
        "narrowing": (least(told), np.full(2, np.nan)),
        "concealment": (contrast[0], spread(contrast)),
    }
    cells |= _answers(kept)
    return Measurement(cells, errors, _Lost(gone[0]))


def _answers(kept: Mapping[str, tuple[Array, Array]]) -> dict[str, Value]:
    """Whether signs are there, by what is left on both sides (2,) and its standard errors (2,)."""
    cells: dict[str, Value] = {}
    for name, (left, errors) in kept.items():
        worse = int(np.where(np.isfinite(left), left, np.inf).argmin())
        lost, off = 1 - float(left[worse]), float(errors[worse])
        cells[f"{name}_answer"] = answer(lost, *THRESHOLDS[name], off)
    return cells


def _as_read(read: Mapping[str, tuple[Array, Array]], measured: Measurement) -> Measurement:
    """What the sign strip reads in the place of what is measured, where it says the same."""
    visible, contrast, walls = (read[x] for x in ("visible_width", "contrast", "wall_width"))
    numbers = {
        "visible_width_{}": visible,
        "wall_width_{}": walls,
        "contrast_{}": contrast,
    }
    values: dict[str, float] = {}
    errors: dict[str, float] = {}
    for column, told in numbers.items():
        for found, part in zip((values, errors), told, strict=True):
            found |= {column.format(side): float(part[k]) for k, side in enumerate(SIDES)}
    taken = {*values, "visible_width_not_measurable"}
    # Where next to nothing is lost, there is no way over which it comes back; where half is left to
    # see, what could not be followed is no gap.
    kept, closed = visible[0] > 1 - QUESTIONABLE, visible[0] >= CLOSED
    for number, side in enumerate(SIDES):
        if kept[number]:
            taken.add(f"taper_{side}_vein_widths")
        if closed[number] and f"gap_{side}_vein_widths" in measured.values:
            values[f"gap_{side}_vein_widths"] = 0.0
    cells = {name: value for name, value in measured.values.items() if name not in taken}
    cells |= known(values)
    # What is read is a mean over what is likely: the less sure, the nearer to the middle it is, so
    # that its doubt is not taken off once more.
    sure = np.full(2, np.nan)
    cells |= _answers(
        {
            "visible_width": (visible[0], sure),
            "narrowing": (np.where(contrast[0] >= PALE, walls[0], np.nan), sure),
            "concealment": (contrast[0], sure),
        }
    )
    errors = {**measured.errors, **errors}
    lost = measured.detail and _Lost(measured.detail.gap & ~closed[:, None])
    return Measurement(cells, {name: e for name, e in errors.items() if name in cells}, lost)


def _taper(visible: Array, away: Array, read: Array | None) -> Array:
    """Distance from the artery's edge (DRIVE px) at which a vein has regained `REGAINED`, (R, 2).

    A loss that ends like a cosine is fitted to all places of a side, beside a level that may be a
    little off: where a noisy profile first passes a threshold says less. NaN where nothing is lost.

    Args:
        visible: share that is left along both sides, (R, 2, M).
        away: from the artery's edge (DRIVE px), (M,).
        read: mean share that is left beside the artery, as the sign strip reads it, (2,); it counts
            as much as `_READ` places.
    """
    known = np.isfinite(visible).astype(np.float64)
    loss = np.where(known > 0, np.clip(1 - visible, -_MORE, 1), 0.0)
    shapes = 0.5 + 0.5 * np.cos(np.pi * np.clip(away / _LENGTHS[:, None], 0, 1))  # (G, M)
    # Normal equations of depth and level; `_LEVEL` places say that the level is the vein's own.
    square, single = known @ (shapes**2).T + 1e-3, known @ shapes.T  # (R, 2, G)
    count = known.sum(axis=2, keepdims=True) + _LEVEL
    along, total = loss @ shapes.T, loss.sum(axis=2, keepdims=True)
    if read is not None:
        beside, gone = shapes[:, away < BESIDE].mean(axis=1), 1 - read[:, None]
        square, single, count = square + _READ * beside**2, single + _READ * beside, count + _READ
        along, total = along + _READ * beside * gone, total + _READ * gone
    determinant = square * count - single**2
    depth = (count * along - single * total) / determinant
    level = (square * total - single * along) / determinant
    best = (depth * along + level * total).argmax(axis=2)[..., None]
    deep = np.take_along_axis(depth, best, axis=2)[..., 0]
    turned = np.arccos(np.clip(2 * (1 - REGAINED) / np.maximum(deep, 1e-9) - 1, -1, 1)) / np.pi
    return np.asarray(np.where(deep > 1 - REGAINED, _LENGTHS[best[..., 0]] * turned, np.nan))


def _from_edge(local: Array, share: float) -> NDArray[np.bool_]:
    """Places from the artery's edge on, up to the first that has this share, (R, 2, M); hidden
    ones among them count, but not by themselves."""
    reached = np.cumsum(local >= share, axis=2) > 0
    under = (local < share) & ~reached
    before = ~reached & (np.cumsum(under[..., ::-1], axis=2)[..., ::-1] > 0)
    return np.asarray(before)


def sentences(row: Row) -> list[str]:
    """What is left of the vein on either side, what took it away, and over what way."""
    found = []
    sides = []
    for side in SIDES:
        left = number_in(row, f"visible_width_{side}")
        if left is not None:
            error = number_in(row, f"visible_width_{side}_se")
            sure = "" if error is None else f" (±{100 * error:.0f})"
            sides.append(on_side(side, f"{percent(left)}{sure}"))
    if sides:
        text = translate(
            "Beside the artery this share of the vein is left to see, width and darkness taken "
            "together: {sides}.",
            sides=", ".join(sides),
        )
        found.append(text)
    found += _lost(row)
    for side in SIDES:
        gap = number_in(row, f"gap_{side}_vein_widths")
        if gap:
            text = translate("A gap of {gap} vein widths lies before it", gap=f"{gap:.1f}")
            found.append(f"{on_side(side, text)}.")
        taper = number_in(row, f"taper_{side}_vein_widths")
        if taper is not None:
            widths = f"{taper:.1f}"
            if side == SIDES[0]:
                text = translate(
                    "On the first side the vein regains its width over {taper} vein widths.",
                    taper=widths,
                )
            else:
                text = translate(
                    "On the second side the vein regains its width over {taper} vein widths.",
                    taper=widths,
                )
            found.append(text)
    if reason := text_in(row, "visible_width_not_measurable"):
        why = translate_reason(reason)
        found.append(translate("Visible width not measured: {why}.", why=why))
    return found


def _lost(row: Row) -> list[str]:
    """What took the vein away."""
    narrowing = {
        "present": translate("The vein's walls come together beside the artery (narrowing)."),
        "questionable": translate(
            "Perhaps the vein's walls come together beside the artery (narrowing)."
        ),
    }
    concealment = {
        "present": translate("The vein pales beside the artery (concealment)."),
        "questionable": translate("Perhaps the vein pales beside the artery (concealment)."),
    }
    told = (
        narrowing.get(text_in(row, "narrowing_answer")),
        concealment.get(text_in(row, "concealment_answer")),
    )
    return [text for text in told if text]


def draw(look: "CloseLook", measurement: Measurement) -> Sequence[Polyline]:
    """The vein's middle where it has a gap, and a bar across it where the gap ends."""
    if measurement.detail is None:
        return []
    vein: VisibleVessel = look.visible_vein
    lines = []
    for side in (0, 1):
        points = vein.points[side][measurement.detail.gap[side]]
        points = points[np.isfinite(points).all(axis=1)]
        if len(points) >= 2:
            lines.append(points)
            half = vein.own_width * look.drive_px / 2
            across = vein.normals[side][len(points) - 1] * half
            lines.append(np.stack([points[-1] - across, points[-1] + across]))
    return lines


def drawing(look: "CloseLook", measurement: Measurement) -> "Drawing | None":
    """The vein straightened, as wide as it is visible, with its gaps, its walls and its own width;
    None where nothing of it is lost."""
    from av_grading.signs.drawing import Drawing, Shape, Text, box, known_runs, line, silhouette

    values = measurement.values
    if measurement.detail is None or not set(_told(values).values()) & set(ANSWERS[1:]):
        return None
    vein: VisibleVessel = look.visible_vein
    seen = (vein.visible[0] + np.clip(vein.contrast[0], 0, _MOST) * vein.width) / 2
    edges = vein.edges / vein.own_width
    reach = float(edges.max()) + _SHOWN
    parts: list[Shape | Text] = []
    words: list[Text] = []
    for number, (side, sign) in enumerate(zip(SIDES, (-1, 1), strict=True)):
        x = sign * (vein.edges[number] + vein.away) / vein.own_width
        near = np.abs(x) <= reach
        parts += silhouette(x[near], np.clip(seen[number, near], 0, _MOST), "vein")
        walls = np.clip(vein.walls[number, near], 0, _MOST) / 2
        for run in known_runs(walls):
            parts += [Shape(np.stack([x[near][run], s * walls[run]], 1), "walls") for s in (1, -1)]
        gone = np.flatnonzero(measurement.detail.gap[number] & near)
        half = 0.5 * float(vein.away[1] - vein.away[0]) / vein.own_width
        if len(gone):
            ends = sorted((x[gone[0]] - sign * half, x[gone[-1]] + sign * half))
            parts.append(box((ends[0], ends[1]), (-0.5, 0.5), "gap"))
        taper = number_in(values, f"taper_{side}_vein_widths")
        if taper:
            start, end = sign * edges[number], sign * min(float(edges[number]) + taper, reach)
            parts.append(line((start, 0.62), (end, 0.62)))
            parts.append(line((end, 0.56), (end, 0.68)))
            words.append(Text((start + end) / 2, 0.82, f"{taper:.1f}"))
        left = number_in(values, f"visible_width_{side}")
        where = {-1: "end", 1: "start"}[sign]
        if left is not None:
            words.append(Text(sign * (float(edges[number]) + 0.08), -0.86, percent(left), where))
        words.append(Text(sign * reach, 1.06, side_name(side), {-1: "start", 1: "end"}[sign]))
    own = [line((-reach, y), (reach, y), kind="own") for y in (0.5, -0.5)]
    artery = box((-float(edges[0]), float(edges[1])), (-0.95, 0.95), "artery")
    return Drawing(
        _caption(values),
        (-reach, reach),
        (-1.0, 1.15),
        [*own, *parts, artery, *words],
        axis=translate(
            "Along the vein, as shares of its own width (dashed). Blue: what is left to see, as "
            "measured along it. Lines: its walls. Number above: vein widths over which it is "
            "regained."
        ),
    )


_SHOWN = 2.4  # of the vein on either side of the artery, in vein widths


def _told(values: Row) -> dict[str, str]:
    """What the sign answers, by what it is about."""
    names = ("visible_width", "narrowing", "concealment")
    return {name: text_in(values, f"{name}_answer") for name in names}


def _caption(values: Row) -> str:
    """In a clinician's words: what takes the vein away, how much is left, and the gap."""
    told = _told(values)
    text = {
        ("present", "present"): translate("The vein narrows and is concealed beside the artery"),
        ("present", "questionable"): translate(
            "The vein narrows beside the artery, and may be concealed"
        ),
        ("present", ""): translate("The vein narrows beside the artery"),
        ("questionable", "present"): translate(
            "The vein is concealed beside the artery, and may narrow"
        ),
        ("", "present"): translate("The vein is concealed beside the artery"),
        ("questionable", "questionable"): translate(
            "The vein may narrow and be concealed beside the artery"
        ),
        ("questionable", ""): translate("The vein may narrow beside the artery"),
        ("", "questionable"): translate("The vein may be concealed beside the artery"),
        ("", ""): translate("Less of the vein is seen beside the artery"),
    }[_if_seen(told["narrowing"]), _if_seen(told["concealment"])]
    sides = [(side, number_in(values, f"visible_width_{side}")) for side in SIDES]
    left = ", ".join(on_side(side, percent(v)) for side, v in sides if v is not None)
    if left:
        text = translate("{what}: {sides} is left to see", what=text, sides=left)
    gaps = [(side, number_in(values, f"gap_{side}_vein_widths")) for side in SIDES]
    found = [
        on_side(side, translate("a gap of {gap} vein widths", gap=f"{v:.1f}"))
        for side, v in gaps
        if v
    ]
    if len(found) == 2:
        found = [translate("{first} and {second}", first=found[0], second=found[1])]
    return f"{'; '.join([text, *found])}."


def _if_seen(answer: str) -> str:
    """Empty unless it is at least questionable."""
    return answer if answer in ANSWERS[1:] else ""


FINDINGS = (
    Finding(
        "visible_width",
        "Reduced visible width",
        ("visible_width_first", "visible_width_second"),
        "least visible width beside an artery, as a share of the vein's own",
        answer="visible_width_answer",
        least=True,
    ),
    Finding(
        "narrowing",
        "Narrowing",
        ("wall_width_first", "wall_width_second"),
        "least width between the walls beside an artery, as a share of the vein's own",
        answer="narrowing_answer",
        least=True,
    ),
    Finding(
        "concealment",
        "Concealment",
        ("contrast_first", "contrast_second"),
        "least contrast beside an artery, as a share of the vein's own",
        answer="concealment_answer",
        least=True,
    ),
    Finding(
        "gap",
        "Gap",
        ("gap_first_vein_widths", "gap_second_vein_widths"),
        "longest way from an artery's edge on which less than a third of the vein is left to see",
        unit="vein_widths",
        decimals=2,
    ),
    Finding(
        "taper",
        "Tapering (Gunn)",
        ("taper_first_vein_widths", "taper_second_vein_widths"),
        "longest way from an artery's edge over which a vein regains its own visible width",
        unit="vein_widths",
        decimals=2,
    ),
)

SIGN = Sign(
    name="visible_width",
    position=3,
    title="Visible width beside the artery",
    columns=_columns(),
    compute=compute,
    sentences=sentences,
    draw=draw,
    drawing=drawing,
    findings=FINDINGS,
)
