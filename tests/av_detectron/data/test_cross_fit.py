"""Which photographs a cross-fitted detector learns from, and which detector has not seen which."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from av_detectron.data.cross_fit import (
    detectors_by_fold,
    parse_fold,
    photograph_folds,
    without_fold,
    without_sets,
)


@given(st.sets(st.text(min_size=1), min_size=1), st.integers(2, 4))
def test_every_photograph_is_left_out_once(names: set[str], count: int) -> None:
    records = [{"file_name": name} for name in names]
    folds = photograph_folds(records, count)
    seen = [
        {record["file_name"] for record in without_fold(records, f"{fold}/{count}")}
        for fold in range(1, count + 1)
    ]
    for name in names:
        assert [name not in kept for kept in seen].count(True) == 1
        assert name not in seen[folds[name] - 1]
    sizes = [len(names) - len(kept) for kept in seen]
    assert max(sizes) - min(sizes) <= 1


def test_without_a_fold_nothing_is_left_out_and_repeats_stay() -> None:
    records = [{"file_name": name} for name in "abab"]
    assert without_fold(records, "") == records
    assert [r["file_name"] for r in without_fold(records, "1/2")] == ["b", "b"]


@pytest.mark.parametrize("text", ["0/2", "3/2", "1/1", "1", "1/2/3", "a/b", "-1/2"])
def test_no_fold(text: str) -> None:
    with pytest.raises(ValueError, match=r"LEFT_OUT_FOLD: expected a fold such as 1/2, found"):
        parse_fold(text)


def test_detectors_are_one_for_each_fold() -> None:
    a, b = Path("a"), Path("b")
    assert detectors_by_fold({a: "2/2", b: "1/2"}) == {2: a, 1: b}
    with pytest.raises(ValueError, match="b: expected 2 detectors.*without fold 1/2"):
        detectors_by_fold({a: "1/2", b: "1/2"})
    with pytest.raises(ValueError, match="b: expected 2 detectors.*on all photographs"):
        detectors_by_fold({a: "1/2", b: ""})


def test_cameras_are_left_out_by_their_sets() -> None:
    datasets = ["crosspos_drive_train", "crosspos_drive_train", "crosspos_les_av_train"]
    assert without_sets(datasets, ["drive"]) == ("crosspos_les_av_train",)
    for names in (["hrf"], ["les"], ["drive", "les_av"]):
        with pytest.raises(ValueError, match="left out: .*expected a set among crosspos_drive"):
            without_sets(datasets, names)
