"""Grades of graders and of the narrowing network together, and what is left out as doubtful."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from av_detectron.data.phantom import make_phantom
from av_detectron.predictor import DEFAULT_WEIGHTS
from av_grading.gradable import GradableRule
from av_grading.grader import load_grader
from av_screening import Settings
from av_screening.steps.grading import NARROWING, Grades, grade_crossings
from av_screening.steps.patches import CrossingPatch
from av_screening.steps.pipeline import STAGES, Pipeline, Screened
from av_screening.write.rows import crossing_rows

EASY = GradableRule(0, 0, 0, 0, 0, 0, most_doubt=9, least_edge_distance=0)


@pytest.fixture
def patches() -> list[CrossingPatch]:
    rng = np.random.default_rng(0)
    return [
        CrossingPatch(
            rng.integers(0, 256, (96, 96, 3)).astype(np.uint8),
            rng.integers(0, 4, (96, 96)).astype(np.uint8),
            2.0,
            1.0,
        )
        for _ in range(3)
    ]


def test_narrowing_has_its_weight_beside_the_graders(
    patches: list[CrossingPatch], graders: tuple[Path, Path]
) -> None:
    loaded = [load_grader(path) for path in graders]
    alone = grade_crossings(patches, loaded)
    sure = np.eye(4)[[0, 3, 1]]
    both = grade_crossings(patches, loaded, narrowing=sure)
    assert alone is not None and both is not None
    expected = (1 - NARROWING) * alone.probabilities + NARROWING * sure
    assert both.probabilities == pytest.approx(expected)
    assert (both.doubt < alone.doubt).all()
    # Doubt is of grades equally common, whatever they are taken to be in the end.
    rare = grade_crossings(patches, loaded, prevalence=(0.7, 0.1, 0.1, 0.1), narrowing=sure)
    assert rare is not None and rare.doubt == pytest.approx(both.doubt)


def test_a_crossing_can_lose_its_grade() -> None:
    grades = Grades(np.eye(4), None, np.zeros(4))
    left = grades.without([1, 3])
    assert left.graded.tolist() == [True, False, True, False] and grades.graded.all()
    assert left.of(1) is None and left.of(2) == 2


@pytest.fixture(scope="module")
def shipped() -> Pipeline:
    return Pipeline.from_settings(Settings(DEFAULT_WEIGHTS, gradable=EASY))


def screened(pipeline: Pipeline, rule: GradableRule) -> tuple[Screened, list[str]]:
    pipeline.rule = rule
    stages: list[str] = []
    found = pipeline(make_phantom(seed=1, fov_diameter=540).image, stages.append)
    return found, stages


def test_what_is_in_doubt_is_not_gradable_and_says_so(shipped: Pipeline) -> None:
    found, stages = screened(shipped, EASY)
    assert stages == list(STAGES)
    assert found.grades is not None and found.narrowings is not None
    graded = found.grades.graded
    assert graded.sum() >= 4
    limit = float(np.median(found.grades.doubt[graded]))
    strict, _ = screened(shipped, replace(EASY, most_doubt=limit))
    assert strict.grades is not None
    for number in np.flatnonzero(graded):
        doubtful = found.grades.doubt[number] > limit
        assert strict.grades.graded[number] == (not doubtful)
        assert strict.looks[number].why_not.startswith("in doubt") == doubtful
    for row in crossing_rows(strict, "eye.png", "", ""):
        assert ("read_ratio_first" in row) == ("grade" in row) == bool(row["gradable"])
        if row["gradable"]:
            assert 0.3 < float(str(row["read_ratio_first"])) < 1.1
            assert 0 < float(str(row["read_ratio_first_sd"])) < 0.4


def test_without_the_narrowing_network_graders_stand_alone() -> None:
    pipeline = Pipeline.from_settings(Settings(DEFAULT_WEIGHTS, narrowing=None, gradable=EASY))
    found, _ = screened(pipeline, EASY)
    assert found.narrowings is None and found.grades is not None and found.grades.graded.any()
    assert all("read_ratio_first" not in row for row in crossing_rows(found, "eye.png", "", ""))
