"""The signs step: what every sign's file measures at the gradable crossings of a photograph."""

from collections.abc import Sequence
from dataclasses import replace

from av_grading.formats.errors import NotMeasurable
from av_grading.signs.sign import Measurement, Sign
from av_screening.crossing import Crossing
from av_screening.photograph import Screened


def with_signs(screened: Screened, signs: Sequence[Sign]) -> Screened:
    """The same photograph, the signs measured.

    Raises:
        ValueError: a sign measures columns that it does not declare.
    """
    return replace(
        screened,
        crossings=[measure_signs(crossing, signs) for crossing in screened.crossings],
        measured=tuple(sign.name for sign in signs),
    )


def measure_signs(crossing: Crossing, signs: Sequence[Sign]) -> Crossing:
    """The same crossing, the signs measured; a crossing that is not gradable has what each sign
    says of such ones."""
    return replace(crossing, signs={sign.name: _measure(crossing, sign) for sign in signs})


def _measure(crossing: Crossing, sign: Sign) -> Measurement:
    if not crossing.gradable:
        return Measurement(sign.not_gradable)
    look = crossing.close_look
    if sign.needs_vessels and look.vessels is None:
        return Measurement({})
    try:
        measured = sign.compute(look)
    except NotMeasurable:
        return Measurement({})
    sign.cells(measured)  # a column that is not declared is told here, not when tables are written
    return measured
