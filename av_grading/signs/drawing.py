"""Small drawings of signs for pages: shapes in units of their own, which a page scales.

What is drawn is what was measured, simplified: a straightened vein with what is left of it, two
courses and their angle. Colours are the page's; parts say what they are.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

KINDS = ("artery", "vein", "own", "walls", "gap", "beyond", "course", "mark", "measured")
"""What a part shows: either vessel; the vein's own width, and its walls; a gap in it, and what is
wider than its own; a course; a mark that explains; a curve that was measured."""


@dataclass(frozen=True)
class Shape:
    """A line or, closed, an area.

    Attributes:
        points: x and y, (N, 2).
        kind: of `KINDS`.
        closed: whether it is filled.
        width: of a line, in units of y; 0 for a thin one.
    """

    points: Array
    kind: str
    closed: bool = False
    width: float = 0.0


@dataclass(frozen=True)
class Text:
    """Words at a place.

    Attributes:
        x, y: where.
        words: what.
        anchor: "start", "middle" or "end" of the words is there.
    """

    x: float
    y: float
    words: str
    anchor: str = "middle"


@dataclass(frozen=True)
class Drawing:
    """A sign at one crossing.

    Attributes:
        caption: what is seen, in a clinician's words.
        x, y: least and greatest that are shown; y upwards.
        parts: drawn in this order.
        even: x and y have one scale, as places have; else the page stretches them.
        axis: what x is, for the line below; empty for none.
    """

    caption: str
    x: tuple[float, float]
    y: tuple[float, float]
    parts: Sequence[Shape | Text]
    even: bool = False
    axis: str = ""

    def as_json(self) -> dict[str, Any]:
        """As pages take it."""
        parts: list[dict[str, Any]] = []
        for part in self.parts:
            if isinstance(part, Text):
                place = [round(part.x, 3), round(part.y, 3)]
                parts.append({"text": part.words, "at": place, "anchor": part.anchor})
            else:
                known = np.isfinite(part.points).all(axis=1)
                points = np.round(part.points[known], 3).tolist()
                shape = {"points": points, "kind": part.kind, "closed": part.closed}
                parts.append(shape | ({"width": round(part.width, 3)} if part.width else {}))
        return {
            "caption": self.caption,
            "x": list(self.x),
            "y": list(self.y),
            "parts": parts,
            "even": self.even,
            "axis": self.axis,
        }


def box(x: tuple[float, float], y: tuple[float, float], kind: str) -> Shape:
    """A filled rectangle."""
    corners = [(x[0], y[0]), (x[1], y[0]), (x[1], y[1]), (x[0], y[1])]
    return Shape(np.array(corners, np.float64), kind, closed=True)


def line(*points: tuple[float, float], kind: str = "mark") -> Shape:
    """A line through some points."""
    return Shape(np.array(points, np.float64), kind)


def silhouette(x: Array, width: Array, kind: str) -> list[Shape]:
    """A vessel along x as wide as `width`, its middle at 0; a stretch of its own wherever the width
    is not known in between.

    Args:
        x: places, (N,).
        width: NaN where it is not known, (N,).
        kind: of `KINDS`.
    """
    shapes = []
    for run in known_runs(width):
        if len(run) >= 2:
            upper = np.stack([x[run], width[run] / 2], axis=1)
            lower = np.stack([x[run], -width[run] / 2], axis=1)[::-1]
            shapes.append(Shape(np.concatenate([upper, lower]), kind, closed=True))
    return shapes


def known_runs(values: Array) -> list[NDArray[np.int64]]:
    """Stretches of places whose value is known, as indices."""
    known = np.flatnonzero(np.isfinite(values))
    return np.split(known, np.flatnonzero(np.diff(known) > 1) + 1) if len(known) else []
