"""What a sign is: its columns, how it is measured from a close look, and how it is told.

    SIGN = Sign(
        name="deflection",
        position=3,
        title="Deflection",
        columns=(
            Column("deflection_degrees", "degrees", "by how much the vein turns at the artery",
                   error="deflection_degrees_se", decimals=1),
        ),
        compute=compute,        # (CloseLook) -> Measurement
        sentences=sentences,    # (row of crossings.csv) -> list of sentences, translated
        drawing=drawing,        # (CloseLook, Measurement) -> small drawing, where it is there
        findings=(Finding("deflection", "Deflection", ("deflection_degrees",), ...),),
    )

A sign's module is imported to list columns, which has to be quick: at its top it imports numpy,
this module and `languages.catalogue` alone; what measures (OpenCV, SciPy, `av_grading.vessels`) is
imported in `compute`. What readers see goes through `translate`; pages translate titles.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from av_grading.languages.catalogue import translate

if TYPE_CHECKING:
    from av_grading.close_ups.close_look import CloseLook
    from av_grading.signs.drawing import Drawing

SIDES = ("first", "second")
"""Of the vein at a crossing, in the order in which `CloseLook.vessels` has its arms; columns of one
side end in these (before the unit)."""
UNITS = {
    "": "",
    "share": "",
    "probability": "",
    "grade": "",
    "drive_px": "_drive_px",
    "degrees": "_degrees",
    "vein_widths": "_vein_widths",
}
"""Units of columns, and what a column's name ends with: lengths and angles name theirs."""

ANSWERS = ("absent", "questionable", "present")
"""Whether a sign is there, as reading centres write it, the least first."""

Value = float | int | str
Row = Mapping[str, object]
Polyline = NDArray[np.float64]
"""Points (N, 2), x and y (px of the close-up)."""


@dataclass(frozen=True)
class Column:
    """A column of crossings.csv.

    Attributes:
        name: for a length or an angle it ends with the unit.
        unit: one of `UNITS`; empty for texts, counts, 0 or 1.
        meaning: one line, for columns.csv and docs/FORMATS.md.
        error: name of the column that holds its standard error; empty without one.
        decimals: that are written.
        kind: "number", "integer" or "text".
        in_disc_diameters: a length in DRIVE px that is told once more in disc diameters.

    Raises:
        ValueError: the unit is not known, or the name does not end with it.
    """

    name: str
    unit: str
    meaning: str
    error: str = ""
    decimals: int = 3
    kind: str = "number"
    in_disc_diameters: bool = False

    def __post_init__(self) -> None:
        if self.unit not in UNITS:
            raise ValueError(
                f"{self.name}: expected a unit of {', '.join(map(repr, UNITS))}, found "
                f"{self.unit!r}"
            )
        if not self.name.endswith(UNITS[self.unit]):
            raise ValueError(f"{self.name}: expected a name that ends with {UNITS[self.unit]}")
        if self.kind not in ("number", "integer", "text"):
            raise ValueError(
                f"{self.name}: expected the kind number, integer or text, found {self.kind!r}"
            )


@dataclass(frozen=True)
class Measurement:
    """A sign at one crossing.

    Attributes:
        values: by column; what is not known is missing, or NaN.
        errors: standard errors, by the column whose error they are.
        detail: whatever `Sign.draw` and pages need beside the values.
    """

    values: Mapping[str, Value]
    errors: Mapping[str, float] = field(default_factory=dict)
    detail: Any = None


@dataclass(frozen=True)
class Finding:
    """What summaries count of a sign, and what is compared between groups of eyes.

    Attributes:
        name: unlike that of any other finding; columns of summary.csv begin with it.
        title: as people read it.
        columns: of the sign, numbers: how strong it is at a crossing.
        meaning: what the strongest value is, for columns.csv and docs/FORMATS.md.
        unit: of the columns, of `UNITS`.
        answer: the sign's column that says whether it is there, with `ANSWERS`; empty for none.
        least: the lowest value is the strongest, as of what is left of a vein.
        decimals: that are written.
    """

    name: str
    title: str
    columns: tuple[str, ...]
    meaning: str
    unit: str = "share"
    answer: str = ""
    least: bool = False
    decimals: int = 3

    @property
    def strongest(self) -> str:
        """Column of the strongest value of an eye's crossings."""
        return f"{self.name}_strongest{UNITS[self.unit]}"

    @property
    def present(self) -> str:
        """Column of how many of an eye's crossings have it; empty without an answer."""
        return f"{self.name}_present" if self.answer else ""

    def strength(self, row: "Row") -> float | None:
        """The strongest of a row's values; None where none is known.

        >>> Finding("a", "A", ("x", "y"), "", least=True).strength({"x": "0.5", "y": 0.25})
        0.25
        """
        values = [number_in(row, name) for name in self.columns]
        known = [v for v in values if v is not None and v == v]
        return None if not known else min(known) if self.least else max(known)


def no_sentences(row: Row) -> list[str]:
    """Of a sign that is told by its columns alone."""
    return []


@dataclass(frozen=True)
class Sign:
    """A sign of nicking.

    Attributes:
        name: of its module.
        position: its place among signs, from 1: columns and sentences come in this order, and those
            of a released sign never move, so a new sign takes the next free number.
        title: as people read it.
        columns: in the order in which they are written; columns of standard errors follow them.
        compute: measures a crossing. May raise `formats.errors.NotMeasurable`: its columns stay
            empty then.
        sentences: of "why", from a row of crossings.csv, whose values are texts or numbers and may
            be missing or empty.
        draw: lines over the close-up that show what was measured; None for none.
        drawing: a small drawing beside the grade, where the sign is present or questionable; None
            for none.
        findings: what summaries count of it.
        needs_vessels: it is measured with the second look alone, where `CloseLook.vessels` is
            known.
        not_gradable: values at crossings that cannot be graded, where nothing is measured.
    """

    name: str
    position: int
    title: str
    columns: tuple[Column, ...]
    compute: Callable[["CloseLook"], Measurement]
    sentences: Callable[[Row], list[str]] = no_sentences
    draw: Callable[["CloseLook", Measurement], Sequence[Polyline]] | None = None
    needs_vessels: bool = True
    not_gradable: Mapping[str, Value] = field(default_factory=dict)
    drawing: Callable[["CloseLook", Measurement], "Drawing | None"] | None = None
    findings: tuple[Finding, ...] = ()

    def meanings(self) -> dict[str, str]:
        """Its columns of crossings.csv in their order, those of standard errors last, and what they
        mean."""
        errors = {c.error: f"standard error of {c.name}" for c in self.columns if c.error}
        return {c.name: c.meaning for c in self.columns} | errors

    def units(self) -> dict[str, str]:
        """Unit of each of `meanings`."""
        errors = {c.error: c.unit for c in self.columns if c.error}
        return {c.name: c.unit for c in self.columns} | errors

    def cells(self, measurement: Measurement) -> dict[str, object]:
        """A measurement as it is written; what is not known is empty.

        Raises:
            ValueError: it has values or errors of columns that the sign does not declare.
        """
        declared = {c.name: c for c in self.columns}
        unknown = sorted(
            [name for name in measurement.values if name not in declared]
            + [n for n in measurement.errors if n not in declared or not declared[n].error]
        )
        if unknown:
            raise ValueError(f"{self.name}: measured columns that it does not declare: {unknown}")
        cells: dict[str, object] = {}
        for name, value in measurement.values.items():
            cells[name] = format_value(value, declared[name].decimals)
        for name, error in measurement.errors.items():
            cells[declared[name].error] = format_value(error, declared[name].decimals)
        return cells


def format_value(value: object, decimals: int) -> object:
    """Numbers with these decimals; what is not known is empty, integers and texts stay.

    >>> format_value(0.25, 1), format_value(float("nan"), 1), format_value(True, 1)
    ('0.2', '', 1)
    """
    if isinstance(value, bool | np.bool_):
        return int(value)
    if isinstance(value, float | np.floating):
        return "" if value != value else f"{value:.{decimals}f}"
    return "" if value is None else value


def number_in(row: Row, column: str) -> float | None:
    """A row's number; None where the column is missing or empty."""
    try:
        return float(str(row.get(column, "")))
    except ValueError:
        return None


def percent(share: float) -> str:
    """A share as people read it.

    >>> percent(0.825)
    '82 %'
    """
    return f"{100 * share:.0f} %"


def side_name(side: str) -> str:
    """One of `SIDES` as a label has it."""
    return translate("first side") if side == SIDES[0] else translate("second side")


def on_side(side: str, what: str) -> str:
    """What there is on one of `SIDES`."""
    if side == SIDES[0]:
        return translate("{what} on the first side", what=what)
    return translate("{what} on the second side", what=what)


def answer(
    strength: float, questionable: float, present: float, error: float = float("nan")
) -> str:
    """One of `ANSWERS`, by how strong a sign is; empty where that is NaN.

    Args:
        strength: higher is stronger.
        questionable: from this on the sign is questionable.
        present: where it reaches this by more than its standard error, it is present.
        error: standard error of how strong it is; NaN: not known, taken to be 0.

    >>> answer(0.1, 0.25, 0.4), answer(0.25, 0.25, 0.4), answer(0.5, 0.25, 0.4)
    ('absent', 'questionable', 'present')
    >>> answer(0.45, 0.25, 0.4, error=0.1)
    'questionable'
    """
    if strength != strength:
        return ""
    surely = strength - (0.0 if error != error else error)
    return ANSWERS[int(strength >= questionable) + int(surely >= present)]


def text_in(row: Row, column: str) -> str:
    """A row's text; empty where the column is missing or empty."""
    value = row.get(column)
    return "" if value is None or value != value else str(value)


def known(values: Mapping[str, float]) -> dict[str, Value]:
    """Those that are not NaN."""
    return {name: float(value) for name, value in values.items() if value == value}
