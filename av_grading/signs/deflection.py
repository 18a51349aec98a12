"""Deflection (Salus' sign): the vein changes its course where the artery crosses it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from av_grading.languages.catalogue import translate, translate_reason
from av_grading.signs.sign import (
    ANSWERS,
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
    text_in,
)

if TYPE_CHECKING:
    from av_grading.close_ups.close_look import CloseLook
    from av_grading.signs.drawing import Drawing
    from av_grading.vessels.courses import Course

Array = NDArray[np.float64]

QUESTIONABLE, PRESENT = 32.0, 48.0
"""Degrees from which a deflection is questionable and present: 1 in 5 and 1 in 12 of the veins that
read as not bent turn by more, since veins curve by themselves."""
TURNED = 5.0
"""Towards or away from the artery is said from this angle on (degrees)."""
_SHIFTED = 0.5  # DRIVE px by which the places that make a course are moved, to see what that does

COLUMNS = (
    Column(
        "deflection_degrees",
        "degrees",
        "by how much the vein's course turns before, beneath and behind the artery, added up",
        error="deflection_degrees_se",
        decimals=1,
    ),
    Column(
        "courses_degrees",
        "degrees",
        "angle between the vein's courses on both sides of the artery; 0 is straight on",
        error="courses_degrees_se",
        decimals=1,
    ),
    Column(
        "shift_aside_vein_widths",
        "vein_widths",
        "by how much the two courses miss each other at the crossing",
        error="shift_aside_vein_widths_se",
        decimals=2,
    ),
    Column(
        "deflection_way",
        "",
        "towards where the vein turns to meet the artery more squarely, away where it turns along "
        "it; empty where it does neither",
        kind="text",
    ),
    Column(
        "deflection_answer",
        "",
        f"whether the vein is deflected: {', '.join(ANSWERS)}",
        kind="text",
    ),
    Column("deflection_not_measurable", "", "why not", kind="text"),
)


def compute(look: "CloseLook") -> Measurement:
    """The standard errors are those of copies of the picture, and of courses told from places a
    little nearer and farther, taken together."""
    from av_grading.formats.errors import NotMeasurable
    from av_grading.vessels.copies import spread
    from av_grading.vessels.courses import (
        FAR,
        NEAR,
        WHOLE,
        fit_course,
        middles,
        points_of_copies,
    )

    try:
        vein = look.visible_vein
        points = points_of_copies(vein, look.drive_px)
        centred = middles(vein, look.drive_px)
        ranges = [(NEAR, FAR, WHOLE)] + [
            tuple((low + by, high + by) for low, high in (NEAR, FAR, WHOLE))
            for by in (-_SHIFTED, _SHIFTED)
        ]
        found = []
        for number, (near_at, far_at, whole_at) in enumerate(ranges):
            copies = slice(None) if number == 0 else slice(1)
            near, far = (fit_course(points[copies], vein.away, at) for at in (near_at, far_at))
            found.append((near, far, fit_course(centred[copies], vein.away, whole_at)))
    except NotMeasurable as error:
        return Measurement({"deflection_not_measurable": str(error)})
    unit = vein.own_width * look.drive_px
    near, far, whole = found[0]
    names = ("deflection_degrees", "courses_degrees", "shift_aside_vein_widths")
    measured = (all_turns(near, far), _between(whole), _aside(whole, look.middle) / unit)
    moved = [
        np.array([all_turns(n, f)[0], _between(w)[0], _aside(w, look.middle)[0] / unit])
        for n, f, w in found[1:]
    ]
    values = {name: float(value[0]) for name, value in zip(names, measured, strict=True)}
    errors = {}
    for number, (name, value) in enumerate(zip(names, measured, strict=True)):
        places = np.mean([(m[number] - value[0]) ** 2 for m in moved])
        noise = float(np.nan_to_num(spread(value)))
        errors[name] = float(np.sqrt(places + noise**2))
    cells: dict[str, Value] = known(values)
    cells["deflection_answer"] = answer(
        values["deflection_degrees"], QUESTIONABLE, PRESENT, errors["deflection_degrees"]
    )
    squarer = _squarer(near, far, look)
    if abs(squarer) >= TURNED:
        cells["deflection_way"] = "towards" if squarer > 0 else "away"
    return Measurement(cells, errors, whole)


def all_turns(near: "Course", far: "Course") -> Array:
    """Turns at the first side, beneath the artery and at the second side, added up (degrees)."""
    from av_grading.vessels.courses import turn

    sides = np.abs(turn(far.way, near.way)).sum(axis=1)
    return np.asarray(sides + np.abs(turn(-near.way[:, 0], near.way[:, 1])))


def _between(whole: "Course") -> Array:
    from av_grading.vessels.courses import turn

    return np.abs(turn(-whole.way[:, 0], whole.way[:, 1]))


def _aside(whole: "Course", middle: tuple[float, float]) -> Array:
    """Distance of the two courses where they pass the crossing (px), (R,)."""
    off = np.asarray(middle) - whole.middle
    foot = whole.middle + whole.way * (off * whole.way).sum(axis=2, keepdims=True)  # (R, 2, 2)
    way = whole.way[:, 1] - whole.way[:, 0]
    way /= np.maximum(np.linalg.norm(way, axis=1, keepdims=True), 1e-9)
    apart = foot[:, 1] - foot[:, 0]
    return np.asarray(np.abs(apart[:, 0] * way[:, 1] - apart[:, 1] * way[:, 0]))


def _squarer(near: "Course", far: "Course", look: "CloseLook") -> float:
    """By how much more squarely the vein meets the artery beside it than away from it (degrees);
    0 where the artery does not go through."""
    from av_grading.vessels.courses import turn

    artery = None if look.vessels is None else look.vessels.artery
    if artery is None:
        return 0.0
    reach = round(5 * look.drive_px)
    way = artery.second[min(reach, len(artery.second) - 1)]
    way = way - artery.first[min(reach, len(artery.first) - 1)]

    def angle(course: "Course") -> Array:
        off = np.abs(turn(course.way[0], way))
        return np.asarray(np.minimum(off, 180 - off))

    return float(np.mean(angle(near) - angle(far)))


def sentences(row: Row) -> list[str]:
    """The turn, its way and the courses' angle; nothing of a vein that goes straight on."""
    turned, how = number_in(row, "deflection_degrees"), text_in(row, "deflection_answer")
    found = []
    if turned is not None and how in ("present", "questionable"):
        error = number_in(row, "deflection_degrees_se")
        start = {
            "present": translate("The vein is deflected"),
            "questionable": translate("The vein may be deflected"),
        }[how]
        turns = translate(
            "{start}: its course turns by {turned} degrees in all at the artery",
            start=start,
            turned=f"{turned:.0f}" + ("" if error is None else f" (±{error:.0f})"),
        )
        between = number_in(row, "courses_degrees")
        if between is None:
            found.append(f"{turns}.")
        else:
            text = translate(
                "{turns}, {between} degrees from one side to the other.",
                turns=turns,
                between=f"{between:.0f}",
            )
            found.append(text)
        way = {
            "towards": translate("It is drawn towards the artery."),
            "away": translate("It is pushed along the artery, away from its own course."),
        }.get(text_in(row, "deflection_way"))
        if way:
            found.append(way)
    if reason := text_in(row, "deflection_not_measurable"):
        why = translate_reason(reason)
        found.append(translate("Deflection not measured: {why}.", why=why))
    return found


def draw(look: "CloseLook", measurement: Measurement) -> Sequence[Polyline]:
    """The vein's two courses, from away of the crossing to where they pass it."""
    whole = measurement.detail
    if whole is None:
        return []
    lines = []
    for side in (0, 1):
        middle, way = whole.middle[0, side], whole.way[0, side]
        past = float((np.asarray(look.middle) - middle) @ way)
        lines.append(np.stack([middle + past * way, middle + 5 * look.drive_px * way]))
    return lines


def drawing(look: "CloseLook", measurement: Measurement) -> "Drawing | None":
    """Vein and artery as they lie, the vein's two courses, and their angle; None where the vein
    goes straight on."""
    from av_grading.signs.drawing import Drawing, Shape, Text

    values = measurement.values
    how = text_in(values, "deflection_answer")
    if measurement.detail is None or how not in ANSWERS[1:]:
        return None
    whole: Course = measurement.detail
    vein = look.visible_vein
    unit = vein.own_width * look.drive_px

    def place(points: Array) -> Array:
        """In vein widths from the crossing, y upwards."""
        return np.asarray((points - np.asarray(look.middle)) / unit * np.array([1.0, -1.0]))

    both = np.concatenate([vein.points[0][::-1], vein.points[1]])
    path = place(both[np.isfinite(both).all(axis=1)])
    parts: list[Shape | Text] = [Shape(path, "vein", width=1.0)]
    artery = None if look.vessels is None else look.vessels.artery
    if look.vessels is not None and artery is not None:
        through = place(np.concatenate([artery.first[::-1], artery.second]))
        width = look.vessels.artery_width / vein.own_width
        parts.append(Shape(through, "artery", width=width))
    ways = whole.way[0] * np.array([1.0, -1.0])
    middles = place(whole.middle[0])
    feet = middles - (middles * ways).sum(axis=1, keepdims=True) * ways  # nearest to the crossing
    for foot, way in zip(feet, ways, strict=True):
        parts.append(Shape(np.stack([foot, foot + _DRAWN * way]), "course"))
    parts.append(Shape(np.stack([feet[0], feet[0] - _DRAWN * ways[0]]), "mark"))
    angles = [float(np.arctan2(way[1], way[0])) for way in (-ways[0], ways[1])]
    turned = (angles[1] - angles[0] + np.pi) % (2 * np.pi) - np.pi
    arc = angles[0] + turned * np.linspace(0, 1, 12)
    parts.append(Shape(feet[1] + 1.5 * np.stack([np.cos(arc), np.sin(arc)], axis=1), "mark"))
    between = number_in(values, "courses_degrees")
    if between is not None:
        at = feet[1] + 2.1 * np.array([np.cos(arc[6]), np.sin(arc[6])])
        parts.append(Text(float(at[0]), float(at[1]), f"{between:.0f}°"))
    return Drawing(
        _caption(values),
        (-_FRAME, _FRAME),
        (-_FRAME, _FRAME),
        parts,
        even=True,
        axis=translate(
            "Blue: the vein. Red: the artery. Dark: the vein’s course on both sides. Dashed: "
            "straight on."
        ),
    )


_DRAWN, _FRAME = 2.4, 2.6  # of the courses, and of what is shown around the crossing (vein widths)


def _caption(values: Row) -> str:
    """In a clinician's words."""
    turned = number_in(values, "deflection_degrees") or 0.0
    start = translate("The vein changes its course")
    if text_in(values, "deflection_answer") == ANSWERS[1]:
        start = translate("The vein may change its course")
    way = {
        "towards": translate(", drawn towards the artery"),
        "away": translate(", pushed along the artery"),
    }.get(text_in(values, "deflection_way"), "")
    text = translate(
        "{start} at the artery, by {turned}° in all its turns{way}.",
        start=start,
        turned=f"{turned:.0f}",
        way=way,
    )
    between = number_in(values, "courses_degrees")
    if between is None:
        return text
    beyond = translate(
        "Beyond it the vein runs {between}° off its course.", between=f"{between:.0f}"
    )
    return f"{text} {beyond}"


SIGN = Sign(
    name="deflection",
    position=4,
    title="Deflection (Salus)",
    columns=COLUMNS,
    compute=compute,
    sentences=sentences,
    draw=draw,
    drawing=drawing,
    findings=(
        Finding(
            "deflection",
            "Deflection (Salus)",
            ("deflection_degrees",),
            "greatest turn of a vein's course at an artery",
            unit="degrees",
            answer="deflection_answer",
            decimals=1,
        ),
        Finding(
            "shift_aside",
            "Shift aside",
            ("shift_aside_vein_widths",),
            "greatest distance by which the vein's two courses miss each other at an artery",
            unit="vein_widths",
            decimals=2,
        ),
    ),
)
