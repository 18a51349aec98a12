"""Agreement of two readers against scikit-learn and a table computed by hand."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from av_screening.review.agreement import (
    Pair,
    agreement,
    bland_altman,
    compared_widths,
    pair_answers,
)
from av_screening.review.answers import ANSWERS, Answer


def answers_of(words: list[str], reader: str = "", **more: list[str]) -> list[Answer]:
    """An answer per word, four crossings a photograph."""
    return [
        Answer(
            f"eye{i // 4}",
            i % 4,
            0,
            0,
            word,
            reader=reader,
            more={k: v[i] for k, v in more.items()},
        )
        for i, word in enumerate(words)
    ]


def close(photograph: str) -> float:
    return 5.0


def test_a_table_computed_by_hand() -> None:
    # First \ second:  0   1   2        Observed 7 of 10. By chance, from the margins 4, 3, 3 and
    #   0              3   1   0        4, 4, 2: (16 + 12 + 6) / 100 = .34.
    #   1              1   2   0        kappa = (.70 - .34) / (1 - .34) = .545454…
    #   2              0   1   2        Quadratic: seen (1 + 1 + 1) / 10 = .3; by chance squares of
    # differences over pairs of margins: (4·4 + 3·4 + 3·2 + 3·4)·1 + (4·2 + 3·4)·4 = 46 + 80 = 126,
    # over 100: 1.26. kappa = 1 - .3 / 1.26 = .761904…
    first = list("0000111222")
    second = list("0001011122")
    second[8:] = ["2", "2"]
    pairs = pair_answers(answers_of(first), answers_of(second), close)
    figures = agreement(pairs, draws=20)
    assert figures["confusion"]["labels"] == ["0", "1", "2"]
    assert figures["confusion"]["matrix"] == [[3, 1, 0], [1, 2, 0], [0, 1, 2]]
    metrics = figures["metrics"]
    assert metrics["agreement"] == pytest.approx(0.7)
    assert metrics["kappa"] == metrics["grade_kappa"] == pytest.approx(0.36 / 0.66)
    assert metrics["grade_qwk"] == pytest.approx(1 - 0.3 / 1.26)
    assert metrics["gradable_kappa"] is None  # all are
    low, high = figures["ci95"]["grade_qwk"]
    assert low <= metrics["grade_qwk"] <= high
    assert figures["counts"]["to_adjudicate"] == 3


def test_two_simulated_readers_as_scikit_learn_has_it() -> None:
    rng = np.random.default_rng(3)
    truth = rng.integers(0, len(ANSWERS), 400)
    words = [
        [ANSWERS[t if rng.random() < 0.7 else rng.integers(0, len(ANSWERS))] for t in truth]
        for _ in range(2)
    ]
    pairs = pair_answers(answers_of(words[0]), answers_of(words[1]), close)
    metrics = agreement(pairs, draws=0)["metrics"]
    assert metrics["kappa"] == pytest.approx(cohen_kappa_score(*words))
    graded = [(int(a), int(b)) for a, b in zip(*words, strict=True) if a < "4" and b < "4"]
    first, second = zip(*graded, strict=True)
    assert metrics["grade_kappa"] == pytest.approx(cohen_kappa_score(first, second))
    for name, weights in (("grade_linear_kappa", "linear"), ("grade_qwk", "quadratic")):
        expected = cohen_kappa_score(first, second, weights=weights)
        assert metrics[name] == pytest.approx(expected)
    nicked = [[g > 0 for g in side] for side in (first, second)]
    assert metrics["nicked_kappa"] == pytest.approx(cohen_kappa_score(*nicked))


def test_weights_count_grades_that_no_one_gave() -> None:
    # 0 and 3 are three steps apart although neither 1 nor 2 occurs.
    pairs = pair_answers(answers_of(list("00332")), answers_of(list("03303")), close)
    expected = cohen_kappa_score(
        [0, 0, 3, 3, 2], [0, 3, 3, 0, 3], labels=[0, 1, 2, 3], weights="linear"
    )
    assert agreement(pairs, 0)["metrics"]["grade_linear_kappa"] == pytest.approx(expected)


def test_one_word_alone_is_no_agreement() -> None:
    pairs = pair_answers(answers_of(["0", "0"]), answers_of(["0", "0"]), close)
    figures = agreement(pairs, draws=5)
    assert figures["metrics"]["kappa"] is None and figures["ci95"]["kappa"] is None
    assert figures["metrics"]["agreement"] == 1


def test_added_crossings_are_paired_by_place_one_to_one() -> None:
    def add(x: float, word: str) -> Answer:
        return Answer("eye0", None, x, 0, word)

    first, second = [add(0, "0"), add(4, "1")], [add(4.5, "1"), add(60, "2"), add(-4, "0")]
    pairs = pair_answers(first, second, close)
    found = {
        (p.first.x if p.first else None, p.second.x if p.second else None, p.why) for p in pairs
    }
    assert found == {(0, -4, ""), (4, 4.5, ""), (None, 60, "added by the second reader alone")}


def with_signs(signs: list[tuple[int | None, int | None, bool | None]]) -> list[Answer]:
    return [
        replace(answer, side_first=first, side_second=second, bent=bent)
        for answer, (first, second, bent) in zip(answers_of(["1"] * len(signs)), signs, strict=True)
    ]


def test_signs_agree_as_scikit_learn_has_it() -> None:
    first = [(0, 2, True), (1, 0, False), (3, 3, True), (0, 0, False), (2, None, None)]
    second = [(0, 1, True), (1, 0, True), (3, 2, True), (0, 0, False), (2, 2, False)]
    figures = agreement(pair_answers(with_signs(first), with_signs(second), close), draws=3)
    metrics, counts = figures["metrics"], figures["counts"]
    sides = [0, 2, 1, 0, 3, 3, 0, 0, 2], [0, 1, 1, 0, 3, 2, 0, 0, 2]
    assert metrics["side_qwk"] == pytest.approx(
        cohen_kappa_score(*sides, labels=[0, 1, 2, 3], weights="quadratic")
    )
    worse = [2, 1, 3, 0], [1, 1, 3, 0]
    assert metrics["worse_side_qwk"] == pytest.approx(
        cohen_kappa_score(*worse, labels=[0, 1, 2, 3], weights="quadratic")
    )
    strong = [[v >= 2 for v in side] for side in sides]
    assert metrics["side_kappa"] == pytest.approx(cohen_kappa_score(*strong))
    bent = [True, False, True, False], [True, True, True, False]
    assert metrics["bent_kappa"] == pytest.approx(cohen_kappa_score(*bent))
    assert counts["sides_read_by_both"] == counts["bent_read_by_both"] == 4
    assert counts["signs_differ"] == 3 and counts["to_adjudicate"] == 0


def test_readers_who_say_nothing_of_signs_have_no_kappa_of_them() -> None:
    figures = agreement(pair_answers(answers_of(["1"]), answers_of(["1"]), close), draws=3)
    assert figures["metrics"]["side_qwk"] is None and figures["metrics"]["bent_kappa"] is None
    assert figures["counts"]["sides_read_by_both"] == 0


def test_what_one_reader_alone_read_is_listed() -> None:
    pairs = pair_answers(answers_of(list("01")), answers_of(["0"]), close)
    assert [p.why for p in pairs] == ["", "read by the first reader alone"]


def test_bland_altman_of_widths_that_both_have() -> None:
    widths = ["0.9", "0.8", "", "0.6"], ["0.7", "0.8", "0.9", "x"]
    first = answers_of(list("0000"), ratio_first=widths[0])
    second = answers_of(list("0000"), ratio_first=widths[1], own_width_first_drive_px=["3"] * 4)
    pairs = pair_answers(first, second, close)
    assert compared_widths(pairs) == ["ratio_first"]
    found = agreement(pairs, 0)["widths"]["ratio_first"]
    assert found["n"] == 2 and found["mean_difference"] == pytest.approx(0.1)
    sd = np.std([0.2, 0.0], ddof=1)
    assert found["limits_of_agreement"] == pytest.approx([0.1 - 1.96 * sd, 0.1 + 1.96 * sd])
    assert bland_altman(np.array([1.0, 2.0]), np.array([1.0, 2.0]))["sd"] == 0


def test_a_pair_needs_someone() -> None:
    with pytest.raises(AssertionError):
        _ = Pair(None, None).known
