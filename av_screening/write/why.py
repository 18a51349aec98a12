"""Why a crossing has its grade, in sentences, from whatever columns its row has."""

from collections.abc import Mapping


def why_this_grade(row: Mapping[str, object]) -> list[str]:
    """Sentences, the most important first; a column that is missing or empty is passed over.

    Args:
        row: of crossings.csv.

    >>> why_this_grade({"grade": 1, "p0": "0.3", "p1": "0.6", "p2": "0.1", "p3": "0.0"})
    ['Grade 1: the mean of the grades by probability, 0.80 (0: 30 %, 1: 60 %, 2: 10 %, 3: 0 %).']
    """
    return [
        *_gradable(row),
        *_probabilities(row),
        *_narrowing(row),
        *_caliber(row),
        *_disc(row),
    ]


def _number(row: Mapping[str, object], column: str) -> float | None:
    try:
        return float(str(row.get(column, "")))
    except ValueError:
        return None


def _gradable(row: Mapping[str, object]) -> list[str]:
    sentences = []
    if _number(row, "gradable") == 0:
        reason = str(row.get("not_gradable_reason") or "no reason is given").replace("_", " ")
        sentences.append(f"Not gradable: {reason}.")
    gradable = _number(row, "gradable_probability")
    if gradable is not None:
        sentences.append(f"That it can be graded has a probability of {_percent(gradable)}.")
    above = _number(row, "above_artery_probability")
    if above is not None:
        sentences.append(f"That the artery lies above has a probability of {_percent(above)}.")
    return sentences


def _probabilities(row: Mapping[str, object]) -> list[str]:
    shares = [_number(row, f"p{grade}") for grade in range(4)]
    grade = _number(row, "grade")
    if grade is None and _number(row, "gradable") != 0:
        return ["No grader was given: there is no grade until a reader sets one."]
    if grade is None or None in shares:
        return []
    known = [share for share in shares if share is not None]
    mean = sum(g * share for g, share in enumerate(known)) / max(sum(known), 1e-9)
    each = ", ".join(f"{g}: {_percent(share)}" for g, share in enumerate(known))
    sentences = [f"Grade {grade:.0f}: the mean of the grades by probability, {mean:.2f} ({each})."]
    spread = _number(row, "spread")
    if spread is not None:
        sentences.append(f"The graders' mean grades differ by {spread:.2f} (standard deviation).")
    return sentences


def _narrowing(row: Mapping[str, object]) -> list[str]:
    sides = []
    for side in ("first", "second"):
        ratio, sd = _number(row, f"read_ratio_{side}"), _number(row, f"read_ratio_{side}_sd")
        if ratio is not None and sd is not None:
            sides.append(f"{_percent(ratio)} (±{100 * sd:.0f}) on the {side}")
    if not sides:
        return []
    text = "Read from the straightened vein, beside the artery it has this share of its own width: "
    return [text + " side, ".join(sides) + " side."]


def _caliber(row: Mapping[str, object]) -> list[str]:
    sentences = []
    sides = [(side, _number(row, f"ratio_{side}")) for side in ("first", "second")]
    measured = [f"{_percent(ratio)} on the {side}" for side, ratio in sides if ratio is not None]
    if measured:
        text = "Measured at its walls, beside the artery the vein has this share of its own width: "
        sentences.append(text + " side, ".join(measured) + " side.")
    grade = _number(row, "caliber_grade")
    if grade is not None:
        sentences.append(f"From these widths alone the grade would be {grade:.0f}.")
    if row.get("not_measurable"):
        sentences.append(f"Width not measured: {row['not_measurable']}.")
    return sentences


def _disc(row: Mapping[str, object]) -> list[str]:
    distance, zone = _number(row, "disc_distance_dd"), row.get("disc_zone")
    if distance is None:
        return []
    where = {"": "", "disc": ", on the disc"}.get(str(zone or ""), f", in zone {zone}")
    return [f"It lies {distance:.1f} disc diameters from the disc's centre{where}."]


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
