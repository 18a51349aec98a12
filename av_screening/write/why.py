"""Why a crossing has its grade, in sentences, from whatever columns its row has."""

from av_grading.languages.catalogue import translate, translate_reason
from av_grading.signs.registry import signs
from av_grading.signs.sign import Row, number_in, percent


def why_this_grade(row: Row) -> list[str]:
    """Sentences, the most important first; a column that is missing or empty is passed over.

    Args:
        row: of crossings.csv.

    >>> why_this_grade({"grade": 1, "p0": "0.3", "p1": "0.6", "p2": "0.1", "p3": "0.0"})
    ['Grade 1: the expected grade is 0.80 (probabilities 0: 30 %, 1: 60 %, 2: 10 %, 3: 0 %).']
    """
    return [
        *_gradable(row),
        *_probabilities(row),
        *_signs(row),
        *_disc(row),
    ]


def _gradable(row: Row) -> list[str]:
    sentences = []
    if number_in(row, "gradable") == 0:
        reason = str(row.get("not_gradable_reason") or "no reason is given").replace("_", " ")
        why = translate_reason(reason)
        sentences.append(translate("Not gradable: {why}.", why=why))
    gradable = number_in(row, "gradable_probability")
    if gradable is not None:
        share = percent(gradable)
        text = translate("It can be graded with a probability of {share}.", share=share)
        sentences.append(text)
    above = number_in(row, "above_artery_probability")
    if above is not None:
        share = percent(above)
        text = translate("The artery lies above with a probability of {share}.", share=share)
        sentences.append(text)
    return sentences


def _probabilities(row: Row) -> list[str]:
    shares = [number_in(row, f"p{grade}") for grade in range(4)]
    grade = number_in(row, "grade")
    if grade is None and number_in(row, "gradable") != 0:
        return [translate("No grader was given: there is no grade until a reader sets one.")]
    if grade is None or None in shares:
        return []
    known = [share for share in shares if share is not None]
    mean = number_in(row, "expected_grade")
    if mean is None:
        mean = sum(g * share for g, share in enumerate(known)) / max(sum(known), 1e-9)
    each = ", ".join(f"{g}: {percent(share)}" for g, share in enumerate(known))
    text = translate(
        "Grade {grade}: the expected grade is {mean} (probabilities {each}).",
        grade=f"{grade:.0f}",
        mean=f"{mean:.2f}",
        each=each,
    )
    sentences = [text]
    spread = number_in(row, "spread")
    if spread is not None:
        text = translate(
            "The graders' mean grades differ by {spread} (standard deviation).",
            spread=f"{spread:.2f}",
        )
        sentences.append(text)
    return sentences


def _signs(row: Row) -> list[str]:
    return [text for sign in signs() for text in sign.sentences(row)]


def _disc(row: Row) -> list[str]:
    distance, zone = number_in(row, "disc_distance_dd"), row.get("disc_zone")
    if distance is None:
        return []
    where = {"": "", "disc": translate(", on the disc")}.get(
        str(zone or ""), translate(", in zone {zone}", zone=zone)
    )
    text = translate(
        "It lies {distance} disc diameters from the disc's centre{where}.",
        distance=f"{distance:.1f}",
        where=where,
    )
    return [text]
