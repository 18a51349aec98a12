"""Grades of several networks together."""

from pathlib import Path

import numpy as np
import pytest

from av_detectron.data.phantom import make_phantom
from av_detectron.predictor import DEFAULT_WEIGHTS
from av_grading.decision import SIGN_STRIP, DecisionRule
from av_grading.gradable import GradableRule
from av_screening import Settings
from av_screening.photograph import Screened
from av_screening.steps.grading import grade_crossings, load_graders
from av_screening.steps.patches import CrossingPatch
from av_screening.steps.pipeline import STAGES, Pipeline
from av_screening.write.rows import crossing_rows

EASY = GradableRule(0, 0, 0, 0)


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


def test_the_sign_strip_has_its_weight_beside_the_graders(
    patches: list[CrossingPatch], graders: tuple[Path, Path]
) -> None:
    loaded = load_graders(graders, "cpu", 2)
    sure, rule = {SIGN_STRIP: np.eye(4)[[0, 3, 1]]}, DecisionRule({SIGN_STRIP: 0.8})
    (_, alone), both = (
        grade_crossings(patches, loaded),
        grade_crossings(patches, loaded, rule, sure),
    )
    members, decision = both
    assert list(members) == [*loaded, SIGN_STRIP]
    expected = 0.2 * alone.probabilities + 0.8 * sure[SIGN_STRIP]
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


def test_all_shipped_networks_are_members_and_doubt_is_told_beside_the_grade(
    shipped: Pipeline,
) -> None:
    found, stages = screened(shipped, EASY)
    assert stages == list(STAGES)
    assert len(found.graded) >= 4
    for crossing in found.graded:
        assert "reading_head" in crossing.members and SIGN_STRIP not in crossing.members
        # Graders are not asked where nobody sees any nicking.
        asked = "reading_grader_r18" in crossing.members
        assert crossing.decision is not None and (asked or crossing.decision.grade == 0)
    for row in crossing_rows(found, "eye.png", "", ""):
        assert ("grade" in row) == bool(row["gradable"]) == ("doubt" in row)
        expected = "cannot_grade" if "grade" not in row else row["nicking_answer"]
        assert row["nicking_answer"] == expected
        if "wall_width_first" in row:
            assert 0.05 < float(str(row["wall_width_first"])) < 1.2
            assert 0 <= float(str(row["side_first_expected"])) <= 3


def test_without_both_strips_the_others_share_the_grade() -> None:
    settings = Settings(DEFAULT_WEIGHTS, sign_strip=None, strip=None, gradable=EASY)
    found, _ = screened(Pipeline.from_settings(settings), EASY)
    assert found.graded and all("reading_strip" not in c.members for c in found.graded)
    assert all("sign_strip" not in c.close_look.outputs for c in found.graded)
