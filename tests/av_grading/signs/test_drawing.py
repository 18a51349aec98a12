"""Small drawings of signs: there where a sign is, and saying what was measured."""

import json

import numpy as np
import pytest

from av_grading.close_ups.close_look import CloseLook
from av_grading.signs.drawing import Drawing, Shape, Text, silhouette
from av_grading.signs.registry import get_sign, signs
from av_grading.signs.sign import Measurement, number_in
from tests.av_grading.signs.drawn_look import dip, drawn_look, look_along


def kinked(way: np.ndarray) -> np.ndarray:
    """A course that turns by 60 degrees at the crossing."""
    return np.tan(np.radians(30)) * (np.sqrt(way**2 + 1) - 1)


def swollen(way: np.ndarray) -> np.ndarray:
    return 1 + 0.8 * np.exp(-0.5 * ((way - 5.5) / 1.6) ** 2)


def drawing_of(name: str, look: CloseLook) -> tuple[Drawing | None, Measurement]:
    sign = get_sign(name)
    measured = sign.compute(look)
    assert sign.drawing is not None
    return sign.drawing(look, measured), measured


def areas(drawing: Drawing, kind: str) -> list[np.ndarray]:
    return [p.points for p in drawing.parts if isinstance(p, Shape) and p.closed and p.kind == kind]


def words(drawing: Drawing) -> list[str]:
    return [p.words for p in drawing.parts if isinstance(p, Text)]


@pytest.mark.parametrize("name", [s.name for s in signs() if s.drawing])
def test_nothing_is_drawn_of_a_sign_that_is_absent(name: str) -> None:
    assert drawing_of(name, look_along())[0] is None
    assert drawing_of(name, look_along(contrast=np.zeros_like))[0] is None  # nor of no vein


def test_a_hidden_vein_has_its_gap_marked_between_its_two_sides() -> None:
    drawing, measured = drawing_of("visible_width", look_along(contrast=dip(1.0, reach=5)))
    assert drawing is not None
    gaps = areas(drawing, "gap")
    assert len(gaps) == 2 and gaps[0][:, 0].max() < 0 < gaps[1][:, 0].min()
    for side, gap in zip(("first", "second"), gaps, strict=True):
        length = number_in(measured.values, f"gap_{side}_vein_widths")
        assert np.ptp(gap[:, 0]) == pytest.approx(length, abs=0.11)
    (artery,) = areas(drawing, "artery")
    assert artery[:, 0].min() < 0 < artery[:, 0].max()
    told = number_in(measured.values, "visible_width_first")
    assert told is not None and f"{100 * told:.0f} %" in words(drawing)
    assert "is concealed" in drawing.caption and "a gap of" in drawing.caption


def test_a_vein_that_narrows_is_drawn_as_narrow_as_it_is() -> None:
    drawing, _ = drawing_of("visible_width", drawn_look(1, ratios=(0.4, 1.0)))
    assert drawing is not None and "narrows" in drawing.caption
    sides = [points for points in areas(drawing, "vein") if len(points) > 8]
    least = [2 * np.abs(points[:, 1]).min() for points in sides]
    assert min(least) == pytest.approx(0.4, abs=0.15) and max(least) > 0.75
    assert {"first side", "second side"} <= set(words(drawing))


def test_both_courses_and_their_angle_are_drawn() -> None:
    drawing, measured = drawing_of("deflection", look_along(course=kinked))
    assert drawing is not None and drawing.even
    ways = [
        p.points[1] - p.points[0]
        for p in drawing.parts
        if isinstance(p, Shape) and p.kind == "course"
    ]
    cosine = ways[0] @ ways[1] / np.prod([np.linalg.norm(way) for way in ways])
    between = number_in(measured.values, "courses_degrees")
    assert 180 - np.degrees(np.arccos(cosine)) == pytest.approx(between, abs=1)
    assert f"{between:.0f}°" in words(drawing)
    assert "changes its course" in drawing.caption


def test_what_swells_is_wider_than_its_own() -> None:
    drawing, _ = drawing_of("banking", look_along(width=swollen, disc=(-1, 0.1)))
    assert drawing is not None and "upstream" in drawing.caption
    widest = [2 * np.abs(points[:, 1]).max() for points in areas(drawing, "beyond")]
    assert max(widest) > 1.4
    assert all(2 * np.abs(points[:, 1]).max() <= 1 for points in areas(drawing, "vein"))


def test_a_broadened_reflex_is_marked_on_its_artery() -> None:
    sign = get_sign("artery")
    values = {"reflex_ratio": 0.5, "reflex_answer": "present"}
    assert sign.drawing is not None
    drawing = sign.drawing(look_along(artery=5.0), Measurement(values))
    assert drawing is not None and "50 %" in words(drawing) and "is broadened" in drawing.caption
    (reflex,) = areas(drawing, "beyond")
    assert np.ptp(reflex[:, 0]) == pytest.approx(0.5)


def test_a_drawing_is_json_without_what_is_not_known() -> None:
    shape = Shape(np.array([(0.0, 1.0), (np.nan, 2.0), (1.0, 3.0)]), "vein", width=0.5)
    drawing = Drawing("seen", (0, 1), (0, 3), [shape, Text(0.5, 1, "here", "end")])
    found = json.loads(json.dumps(drawing.as_json(), allow_nan=False))
    assert found["parts"][0]["points"] == [[0, 1], [1, 3]] and found["parts"][0]["width"] == 0.5
    assert found["parts"][1] == {"text": "here", "at": [0.5, 1.0], "anchor": "end"}


def test_a_silhouette_is_broken_where_nothing_is_known() -> None:
    width = np.array([1.0, 0.5, np.nan, 0.5, 1.0, np.nan, 1.0])
    found = silhouette(np.arange(7.0), width, "vein")
    assert [len(shape.points) for shape in found] == [4, 4]
    assert found[0].points.tolist() == [[0, 0.5], [1, 0.25], [1, -0.25], [0, -0.5]]
