"""Grades of graders and of the narrowing network together, and what is left out as doubtful."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from av_detectron.data.phantom import make_phantom
from av_detectron.predictor import DEFAULT_WEIGHTS
from av_grading.decision import NARROWING, DecisionRule
from av_grading.gradable import GradableRule
from av_screening import Settings
from av_screening.photograph import Screened
from av_screening.steps.grading import grade_crossings, load_graders
from av_screening.steps.patches import CrossingPatch
from av_screening.steps.pipeline import STAGES, Pipeline
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
    loaded = load_graders(graders, "cpu", 2)
    sure, rule = {NARROWING: np.eye(4)[[0, 3, 1]]}, DecisionRule({NARROWING: 0.8})
    (_, alone), both = (
        grade_crossings(patches, loaded),
        grade_crossings(patches, loaded, rule, sure),
    )
    members, decision = both
    assert list(members) == [*loaded, NARROWING]
    expected = 0.2 * alone.probabilities + 0.8 * sure[NARROWING]
    assert decision.probabilities == pytest.approx(expected)
    assert (decision.doubt < alone.doubt).all()
    assert decision.spread == pytest.approx(alone.spread)  # that between graders


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
    doubts = {c.number: c.decision.doubt for c in found.graded}
    assert len(doubts) >= 4
    assert all(list(c.members)[-1] == NARROWING for c in found.graded)
    limit = float(np.median(list(doubts.values())))
    strict, _ = screened(shipped, replace(EASY, most_doubt=limit))
    for number, doubt in doubts.items():
        crossing = strict.crossings[number]
        assert (crossing.grade is None) == (doubt > limit) == (not crossing.gradable)
        assert doubt <= limit or crossing.reason.code == "in_doubt"
    for row in crossing_rows(strict, "eye.png", "", ""):
        assert ("read_ratio_first" in row) == ("grade" in row) == bool(row["gradable"])
        if row["gradable"]:
            assert 0.3 < float(str(row["read_ratio_first"])) < 1.1
            assert 0 < float(str(row["read_ratio_first_sd"])) < 0.4


def test_without_the_narrowing_network_graders_stand_alone() -> None:
    pipeline = Pipeline.from_settings(Settings(DEFAULT_WEIGHTS, narrowing=None, gradable=EASY))
    found, _ = screened(pipeline, EASY)
    assert found.graded and all(NARROWING not in c.members for c in found.graded)
    assert all("read_ratio_first" not in row for row in crossing_rows(found, "eye.png", "", ""))
