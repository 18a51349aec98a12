"""Agreement raises a score, its lack lowers it."""

import numpy as np
import pytest

from av_detectron.maps.rescoring import agreement, least_score, rescore


def test_agreement_is_the_surest_crossing_within_reach() -> None:
    centers = np.array([[10.0, 10.0], [50.0, 50.0], [100.0, 100.0]])
    places, sure = np.array([[12.0, 10.0], [10.0, 15.0], [58.0, 50.0]]), np.array([0.6, 0.8, 0.9])
    np.testing.assert_array_equal(agreement(centers, places, sure, 5.0), [0.8, 0, 0])
    np.testing.assert_array_equal(agreement(centers, places, sure, 10.0), [0.8, 0.9, 0])


def test_nothing_found_by_either() -> None:
    none = np.zeros((0, 2))
    assert agreement(none, np.ones((1, 2)), np.ones(1), 5.0).shape == (0,)
    assert agreement(np.ones((2, 2)), none, np.zeros(0), 5.0).tolist() == [0, 0]


def test_scores_move_by_agreement_and_stay_probabilities() -> None:
    scores, agreed = np.array([0.3, 0.3, 0.3, 1.0, 0.0]), np.array([1.0, 0.5, 0.0, 0.0, 1.0])
    rescored = rescore(scores, agreed, 2.0)
    assert rescored[0] > rescored[1] == pytest.approx(0.3) and rescored[2] < 0.3
    assert ((rescored >= 0) & (rescored <= 1)).all()
    np.testing.assert_allclose(rescore(scores, agreed, 0.0), scores, atol=1e-5)


@pytest.mark.parametrize("weight", [0.0, 1.0, 4.0])
def test_least_score_is_the_last_that_can_reach_the_threshold(weight: float) -> None:
    least = least_score(0.4, weight)
    assert rescore(np.array([least]), np.ones(1), weight)[0] == pytest.approx(0.4)
